"""Pulling from a server: nothing twice, nothing lost, and every fault says what to do and leaves what was pulled."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON
from langfuse_server import ENVIRON, SECRET, Langfuse, observation, score, trace_before
from remote_project import WEEK, RemoteProject
from scripted_server import Asked, Said, Server, serving

from llmci.adapters.sources.remote import client as client_module
from llmci.pipeline import land as land_module
from llmci.seams import Silent, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = "/api/public/v2/observations"
DAY = Window(NOON - timedelta(days=1))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_WAIT_S", 0.01)


def some(number: int, *, traces: int | None = None, gap: timedelta = timedelta(minutes=1)) -> list[dict[str, Any]]:
    """Observations, the last one an hour before noon, each of a trace of its own unless there are fewer."""
    start = NOON - timedelta(hours=1) - gap * (number - 1)
    return [observation(f"t{n % (traces or number)}", f"s{n}", start + gap * n) for n in range(number)]


@contextmanager
def project_of(root: Path, langfuse: Langfuse, **options: Any) -> Iterator[tuple[RemoteProject, Server]]:
    with serving(langfuse.answer) as server:
        yield RemoteProject(root, "langfuse", ENVIRON, host=server.url, **options), server


def windows(server: Server) -> list[Asked]:
    return [one for one in server.asked if one.path == ROWS and "fromStartTime" in one.params]


# --- the same again


def test_the_same_window_pulled_twice_changes_nothing(tmp_path: Path) -> None:
    langfuse = Langfuse(some(50), [score("c1", "t3", NOON - timedelta(minutes=70))])
    with project_of(tmp_path, langfuse) as (project, server):
        first = project.pull()
        before, asked = project.files(), len(windows(server))
        again = project.pull()
        assert project.files() == before
    assert (first.traces, first.shards_read > 0, again.traces, again.shards_read) == (50, True, 50, 0)
    assert again.fetched is not None
    assert again.fetched.new == 0
    fields = {one.params["fields"] for one in windows(server)[asked:]}
    assert fields == {"core,time"}, "what is there already is looked through by the cheapest projection"


def test_only_what_is_not_covered_is_fetched(tmp_path: Path) -> None:
    with project_of(tmp_path, Langfuse(some(50))) as (project, server):
        project.pull(window=Window(NOON - timedelta(days=2), NOON - timedelta(days=1)))
        asked = len(windows(server))
        project.pull(window=Window(NOON - timedelta(days=3)))
        later = [one for one in windows(server)[asked:] if "io" in one.params["fields"]]
    covered = ("2026-11-18T12:00:00.000Z", "2026-11-19T12:00:00.000Z")
    assert all(not (covered[0] < one.params["fromStartTime"] < covered[1]) for one in later)
    assert len(project.rows()) == 50


def test_late_spans_update_their_trace_and_nothing_else(tmp_path: Path) -> None:
    langfuse = Langfuse(some(30))
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull()
        before = project.rows()
        langfuse.observations.append(observation("t5", "late", NOON - timedelta(minutes=80), parentObservationId="s5"))
        summary = project.pull()
        after = project.rows()
    assert [step["span_id"] for step in after["t5"]["steps"]] == ["s5", "late"]
    assert summary.fetched is not None
    assert summary.fetched.new == 1
    del before["t5"], after["t5"]
    assert {k: v["content_hash"] for k, v in after.items()} == {k: v["content_hash"] for k, v in before.items()}


def test_a_changed_span_updates_its_trace(tmp_path: Path) -> None:
    langfuse = Langfuse(some(3))
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull()
        langfuse.observations[1] |= {"output": '"new"', "updatedAt": "2026-11-20T11:59:00.000Z"}
        project.pull()
        assert project.rows()["t1"]["output"]["text"] == '"new"'
        assert len(project.rows()["t1"]["steps"]) == 1


def test_an_edited_score_keeps_its_time_and_is_taken_nevertheless(tmp_path: Path) -> None:
    langfuse = Langfuse(some(3), [score("c1", "t1", NOON - timedelta(days=2), value=0)])
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull()
        langfuse.scores[0] |= {"value": 1, "updatedAt": "2026-11-20T11:00:00.000Z"}
        project.pull()
        assert [item["num"] for item in project.rows()["t1"]["scores"]] == [1]


def test_scores_that_come_days_later_find_their_trace(tmp_path: Path) -> None:
    langfuse = Langfuse(some(3))
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull()
        langfuse.scores.append(score("c1", "t1", NOON + timedelta(days=3)))
        project.now = NOON + timedelta(days=4)
        project.pull(window=Window(NOON))
        assert [item["id"] for item in project.rows()["t1"]["scores"]] == ["c1"]


def test_a_score_of_a_trace_that_nobody_saw_brings_it(tmp_path: Path) -> None:
    langfuse = Langfuse(some(3))
    with project_of(tmp_path, langfuse, lookback_hours=0) as (project, server):
        project.pull()
        langfuse.observations += [observation("new", "n1", NOON - timedelta(hours=30)), observation("old", "o1", NOON - timedelta(days=90))]  # fmt: skip
        langfuse.scores += [
            score("c1", "new", NOON - timedelta(hours=1)),
            score("c2", "old", NOON - timedelta(hours=1)),
        ]
        project.pull()
        rows = project.rows()
        assert [item["id"] for item in rows["new"]["scores"]] == ["c1"]
        assert "old" not in rows, "it is not of the window that was asked for"
        asked = len(server.asked)
        project.pull()
        assert not [one for one in server.asked[asked:] if "traceId" in one.params], "it is not asked for again"


def test_the_older_interface_gives_a_missed_trace_too(tmp_path: Path) -> None:
    langfuse = Langfuse(some(3), era=3, traces=[trace_before(f"t{n}", NOON - timedelta(hours=1)) for n in range(3)])
    with project_of(tmp_path, langfuse, lookback_hours=0) as (project, _):
        project.pull()
        langfuse.observations.append(observation("new", "n1", NOON - timedelta(hours=30)))
        langfuse.traces.append(trace_before("new", NOON - timedelta(hours=30), name="missed"))
        langfuse.scores += [
            score("c1", "new", NOON - timedelta(hours=1)),
            score("c2", "gone", NOON - timedelta(hours=1)),
        ]
        assert project.pull().failures == ()
        row = project.rows()["new"]
    assert (row["name"], len(row["steps"]), [item["id"] for item in row["scores"]]) == ("missed", 1, ["c1"])


def test_what_has_not_settled_is_left_for_later(tmp_path: Path) -> None:
    langfuse = Langfuse([observation("t1", "a", NOON - timedelta(minutes=5))])
    with project_of(tmp_path, langfuse) as (project, _):
        assert project.pull().traces == 0
        project.now = NOON + timedelta(minutes=10)
        assert project.pull().traces == 1


def test_a_pull_right_after_the_first_trace_says_why_there_is_none(tmp_path: Path) -> None:
    langfuse = Langfuse([observation("t1", "a", NOON - timedelta(minutes=1))])
    with project_of(tmp_path, langfuse) as (project, _):
        [note] = project.pull(window=Window(NOON - timedelta(days=1))).notes
    assert note.startswith("prod: nothing was there from 2026-11-19T")
    assert "younger than 10 min is left for later (`settle_minutes`)" in note


def test_a_trace_over_the_edge_of_windows_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(land_module, "PART_ROWS", 7)
    rows = [observation("t1", f"s{n:03}", NOON - timedelta(hours=20) + timedelta(minutes=30 * n), parentObservationId=None if n == 0 else "s000") for n in range(30)]  # fmt: skip
    with project_of(tmp_path, Langfuse(rows)) as (project, _):
        project.pull()
        row = project.rows()["t1"]
    assert [step["span_id"] for step in row["steps"]] == [f"s{n:03}" for n in range(30)]
    assert row["complete"] is True


def test_another_host_is_another_landing(tmp_path: Path) -> None:
    with project_of(tmp_path, Langfuse(some(3))) as (project, _):
        project.pull()
    with project_of(tmp_path, Langfuse(some(2))) as (project, _):
        project.pull()
        assert len(project.rows()) == 2


def test_a_limit_takes_the_same_traces_again(tmp_path: Path) -> None:
    with project_of(tmp_path, Langfuse(some(60))) as (project, _):
        project.pull(limit=10)
        first = set(project.rows())
        project.pull()
        project.pull(limit=10)
        assert set(project.rows()) == first
    assert len(first) == 10


def test_a_share_is_the_same_traces_again_and_part_of_a_larger_share(tmp_path: Path) -> None:
    langfuse = Langfuse(some(60))
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull(sample=0.2)
        fifth = set(project.rows())
        project.pull(sample=0.5)
        half = set(project.rows())
        langfuse.observations += [observation(f"new{n}", f"n{n}", NOON - timedelta(hours=2)) for n in range(40)]
        project.pull(sample=0.2)
        again = set(project.rows())
    assert 3 < len(fifth) < 25
    assert fifth < half
    assert {trace_id for trace_id in again if not trace_id.startswith("new")} == fifth
    assert any(trace_id.startswith("new") for trace_id in again)


def test_a_count_that_differs_is_said(tmp_path: Path) -> None:
    langfuse = Langfuse(some(20))
    hidden = [observation("x", "x", NOON - timedelta(hours=2))]

    def more(asked: Asked) -> Said | None:
        if asked.path.endswith("/metrics"):
            return Said(body={"data": [{"count_count": str(len(langfuse.observations) + len(hidden))}]})
        return None

    langfuse.interposed = more
    with project_of(tmp_path, langfuse) as (project, _):
        langfuse.observations += [observation(f"b{n}", f"b{n}", NOON - timedelta(days=3)) for n in range(9)]
        project.pull(window=Window(NOON - timedelta(days=4), NOON - timedelta(days=2)))
        del langfuse.observations[20:]
        [note] = project.pull(window=DAY).notes
    assert "the server counts 21 spans" in note
    assert "gave 20" in note


# --- faults


def faulty(said: Said, *, times: int = 10**9, path: str = ROWS) -> Callable[[Asked], Said | None]:
    left = [times]

    def answer(asked: Asked) -> Said | None:
        if asked.path == path and ("fromStartTime" in asked.params or path != ROWS) and left[0] > 0:
            left[0] -= 1
            return said
        return None

    return answer


def stopped(root: Path, langfuse: Langfuse, **options: Any) -> str:
    """Pull with a fault, see that it is explained; then without, see that nothing is lost or comes twice."""
    with project_of(root, langfuse, **options) as (project, _):
        summary = project.pull(window=DAY)
        assert summary.exit_code == 4
        [failure] = summary.failures
        assert "'prod'" in failure.message
        assert (
            re.search(r" for 2026-11-\d\dT[\d:]+Z? to 2026-11-", failure.message) or " of 2026-11-" in failure.message
        )
        assert failure.fix
        assert SECRET not in failure.message + failure.fix
        langfuse.interposed, langfuse.most, langfuse.cursors = (lambda _: None), None, True
        healed = project.pull(window=DAY)
        assert healed.failures == ()
        assert len(project.rows()) == len({row["traceId"] for row in langfuse.observations})
    return failure.message


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "refused"), (403, "refused"), (429, "6 times"), (500, "6 times"), (503, "6 times"), (400, "400")],
)
def test_a_status_that_stays(tmp_path: Path, status: int, why: str) -> None:
    message = stopped(tmp_path, Langfuse(some(5), interposed=faulty(Said(status, {"message": SECRET}))))
    assert str(status) in message
    assert why in message
    assert "/api/public/v2/observations for 2026-11-19T1" in message


@pytest.mark.parametrize("status", [422, 524, 504])
def test_too_much_at_once_is_asked_for_in_shorter_windows(tmp_path: Path, status: int) -> None:
    langfuse = Langfuse(some(80), most=20, strained=status)
    with project_of(tmp_path, langfuse) as (project, server):
        summary = project.pull(window=DAY)
        assert summary.failures == ()
        assert len(project.rows()) == 80
    assert len(windows(server)) > 5


@pytest.mark.parametrize("status", [422, 524, 504])
def test_what_is_too_much_in_the_shortest_window_stops(tmp_path: Path, status: int) -> None:
    assert f"answered {status}: too much at once" in stopped(
        tmp_path, Langfuse(some(3), interposed=faulty(Said(status)))
    )


def test_a_429_with_retry_after_is_waited_for(tmp_path: Path) -> None:
    said = Said(429, {"message": "Rate limit exceeded"}, headers={"Retry-After": "0.3"})
    with project_of(tmp_path, Langfuse(some(5), interposed=faulty(said, times=1))) as (project, _):
        started = time.monotonic()
        assert project.pull(window=DAY).failures == ()
    assert time.monotonic() - started > 0.3


def test_at_most_half_of_the_advertised_limit_is_used(tmp_path: Path) -> None:
    served: list[float] = []

    def answer(asked: Asked) -> Said | None:
        served.append(time.monotonic())
        return None

    # A JavaScript date, as Langfuse sends it.
    from datetime import UTC, datetime

    reset = datetime.now(UTC) + timedelta(seconds=2)
    headers = {"X-RateLimit-Limit": "12", "X-RateLimit-Remaining": "11", "X-RateLimit-Reset": f"{reset:%a %b %d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)"}  # fmt: skip
    langfuse = Langfuse(some(5), headers=headers, interposed=answer)
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull(window=Window(NOON - timedelta(hours=3)))
    first = [moment for moment in served if moment < served[0] + 0.5]
    assert len(first) <= 6


def test_a_connection_reset_in_the_middle_is_got_over(tmp_path: Path) -> None:
    said = Said(body={"data": ["x" * 9000]}, cut=200)
    with project_of(tmp_path, Langfuse(some(5), interposed=faulty(said, times=2))) as (project, _):
        assert project.pull(window=DAY).failures == ()
    assert "broke the connection off" in stopped(tmp_path / "b", Langfuse(some(5), interposed=faulty(said)))


def test_json_that_is_cut_off(tmp_path: Path) -> None:
    assert "not whole JSON" in stopped(
        tmp_path, Langfuse(some(5), interposed=faulty(Said(body=b'{"data": [{"id": "a')))
    )


def test_an_answer_that_is_no_page(tmp_path: Path) -> None:
    assert "not a page" in stopped(tmp_path, Langfuse(some(5), interposed=faulty(Said(body={"data": {"a": 1}}))))


def test_a_cursor_that_comes_again(tmp_path: Path) -> None:
    page = Said(body={"data": [], "meta": {"cursor": "abc"}})
    assert "the same cursor came twice" in stopped(tmp_path, Langfuse(some(5), interposed=faulty(page)))


def test_a_server_that_never_ends(tmp_path: Path) -> None:
    number = iter(range(10**9))

    def endless(asked: Asked) -> Said | None:
        if asked.path != ROWS or "fromStartTime" not in asked.params:
            return None
        return Said(body={"data": [], "meta": {"cursor": str(next(number))}})

    assert "do not end" in stopped(tmp_path, Langfuse(some(5), interposed=endless))


def test_a_server_that_pays_no_heed_to_the_window(tmp_path: Path) -> None:
    page = Said(body={"data": [observation("t", "s", NOON - timedelta(days=300))], "meta": {}})
    assert "of other times only" in stopped(tmp_path, Langfuse(some(5), interposed=faulty(page)))


def test_a_full_page_without_a_cursor_is_looked_at_again(tmp_path: Path) -> None:
    """Exactly a page full is no error; a server that stops after a page is found out, and its rows are had."""
    for number, cursors in ((1000, True), (2500, False)):
        langfuse = Langfuse(some(number, gap=timedelta(seconds=2)), cursors=cursors)
        with project_of(tmp_path / str(number), langfuse) as (project, _):
            assert project.pull(window=DAY).failures == ()
            assert len(project.rows()) == number


def test_a_full_page_without_a_cursor_in_the_shortest_window_stops(tmp_path: Path) -> None:
    rows = [observation("t", f"s{n}", NOON - timedelta(hours=2)) for n in range(1500)]
    message = stopped(tmp_path, Langfuse(rows, cursors=False))
    assert "a full page of 1000 came without a cursor" in message


def test_a_page_that_is_too_long_is_asked_for_in_halves(tmp_path: Path) -> None:
    rows = some(64)
    for row in rows:
        row["input"] = "x" * 100_000
    with project_of(tmp_path, Langfuse(rows), max_page_mb=1) as (project, _):
        assert project.pull(window=DAY).failures == ()
        assert len(project.rows()) == 64


def test_a_record_that_is_too_long_stops(tmp_path: Path) -> None:
    langfuse = Langfuse(some(4))
    langfuse.observations[2]["input"] = "x" * 2_000_000
    with project_of(tmp_path, langfuse, max_page_mb=1) as (project, _):
        summary = project.pull(window=DAY)
        [failure] = summary.failures
        assert summary.exit_code == 4
        assert "'prod'" in failure.message
        assert " for 2026-11-" in failure.message
        assert "more than 1 MB" in failure.message
        assert "max_page_mb" in failure.fix
        project.options["max_page_mb"] = 4
        assert project.pull(window=DAY).failures == ()
        assert len(project.rows()) == 4


def test_an_old_interface_that_is_gone(tmp_path: Path) -> None:
    def gone(asked: Asked) -> Said | None:
        return Said(404, {"message": "Not Found"}) if asked.path == "/api/public/observations" else None

    traces = [trace_before(f"t{n}", NOON - timedelta(hours=1)) for n in range(3)]
    langfuse = Langfuse(some(3), era=3, traces=traces, interposed=gone)
    assert "/api/public/observations" in (message := stopped(tmp_path, langfuse))
    assert "there is no such interface" in message


def test_a_server_that_is_not_langfuse(tmp_path: Path) -> None:
    with serving(lambda _: Said(404, b"<html>")) as server:
        summary = RemoteProject(tmp_path, "langfuse", ENVIRON, host=server.url).pull()
    assert summary.exit_code == 4
    assert "there is no such interface" in summary.failures[0].message
    assert "LANGFUSE" in summary.failures[0].fix


def test_a_page_of_200_megabytes_is_not_read_to_its_end(tmp_path: Path) -> None:
    block, sizes = b"x" * 1_000_000, []

    def page() -> Iterator[bytes]:
        sizes.append(0)
        yield b'{"data": [{"id": "a", "input": "'
        for _ in range(200):
            yield block
            sizes[-1] += 1

    def huge(asked: Asked) -> Said | None:
        return Said(stream=page()) if asked.path == ROWS and "fromStartTime" in asked.params else None

    message = stopped(tmp_path, Langfuse(some(3), interposed=huge), max_page_mb=8)
    assert "more than 8 MB was not read to its end" in message
    assert max(sizes) < 200


def test_a_clock_that_is_wrong_does_not_matter(tmp_path: Path) -> None:
    """The server says what time it is; ours is a day ahead of it, so that `settled` would not have come yet."""
    from datetime import UTC, datetime

    behind = {"Date": format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)}
    langfuse = Langfuse([observation("t1", "a", NOON - timedelta(hours=1))], headers=behind)
    with project_of(tmp_path, langfuse) as (project, server):
        project.now = NOON + timedelta(days=1)
        project.pull()
        latest = max(one.params["toStartTime"] for one in windows(server))
        assert project.rows().keys() == {"t1"}
    assert latest <= "2026-11-20T11:50:02.000Z"


def test_a_trace_of_30000_spans(tmp_path: Path) -> None:
    start = NOON - timedelta(hours=2)
    step = {"type": "SPAN", "input": None, "output": None, "model": None, "usageDetails": {}, "costDetails": {}}
    rows = [
        observation("big", f"s{n}", start + timedelta(milliseconds=n), **step, parentObservationId="s0" if n else None)
        for n in range(30_000)
    ]
    with project_of(tmp_path, Langfuse(rows)) as (project, _):
        assert project.pull(window=Window(NOON - timedelta(hours=3))).failures == ()
        row = project.rows()["big"]
    assert len(row["steps"]) == 30_000
    assert "steps_truncated" in row["missing"]


# --- killed


PULL = """
import sys
from datetime import datetime, timedelta
sys.path[:0] = {paths}
from builders import NOON
from langfuse_server import ENVIRON
from remote_project import RemoteProject
from pathlib import Path
RemoteProject(Path({root!r}), "langfuse", ENVIRON, host={host!r}, at_once=2).pull()
"""


def test_a_kill_at_any_instant_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed after ever more answers; then pulled to the end: the shelf is that of a pull that nobody killed."""
    langfuse = Langfuse(some(400, traces=150, gap=timedelta(minutes=20)), [score(f"c{n}", f"t{n}", NOON - timedelta(hours=n)) for n in range(60)])  # fmt: skip
    paths = [str(Path.cwd()), str(Path(__file__).parent.parent)]
    allowed = [10**9]
    child: list[subprocess.Popen[bytes]] = []

    def kill_then(asked: Asked) -> None:
        allowed[0] -= 1
        if allowed[0] == 0:
            os.kill(child[0].pid, signal.SIGKILL)

    with project_of(tmp_path / "whole", langfuse) as (whole, server):
        whole.pull()
        langfuse.interposed = kill_then
        root = tmp_path / "killed"
        for answers in (4, 9, 6):
            allowed[0] = answers
            code = PULL.format(paths=paths, root=str(root), host=server.url)
            child[:] = [subprocess.Popen([sys.executable, "-c", code])]
            child[0].wait(60)
        langfuse.interposed = lambda _: None
        killed = RemoteProject(root, "langfuse", ENVIRON, host=server.url)
        summary = killed.pull()
        assert summary.failures == ()
        found = {key: row["content_hash"] for key, row in killed.rows().items()}
        assert found == {key: row["content_hash"] for key, row in whole.rows().items()}
        assert not list(root.rglob("*.tmp"))


def test_ctrl_c_does_not_wait_for_an_answer_that_does_not_come(tmp_path: Path) -> None:
    asked = threading.Event()

    def silent(request: Asked) -> Said | None:
        if request.path == ROWS and "fromStartTime" in request.params:
            asked.set()
            time.sleep(20)
        return None

    with serving(Langfuse(some(3), interposed=silent).answer) as server:
        environ = {**os.environ, **ENVIRON, "LANGFUSE_HOST": server.url, "PYTHONPATH": str(Path.cwd())}
        child = subprocess.Popen([sys.executable, "-m", "llmci", "pull", "langfuse", "-q"], cwd=tmp_path, env=environ)
        assert asked.wait(30)
        pressed = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
    assert time.monotonic() - pressed < 15


def test_only_windows_in_flight_are_fetched_again(tmp_path: Path) -> None:
    langfuse = Langfuse(some(300, gap=timedelta(minutes=20)))
    with project_of(tmp_path, langfuse, at_once=1) as (project, server):
        langfuse.interposed = faulty_after(4)
        assert project.pull().exit_code == 4
        done = {one.params["fromStartTime"] for one in windows(server)[:4]}
        langfuse.interposed, asked = (lambda _: None), len(windows(server))
        project.pull()
        again = [one for one in windows(server)[asked:] if "io" in one.params["fields"]]
    assert not done & {one.params["fromStartTime"] for one in again}


def faulty_after(number: int) -> Callable[[Asked], Said | None]:
    left = [number]

    def answer(asked: Asked) -> Said | None:
        if asked.path == ROWS and "fromStartTime" in asked.params:
            left[0] -= 1
            return Said(401) if left[0] < 0 else None
        return None

    return answer


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun: list[str] = []
        self.standing: list[str] = []

    def begin(self, stage: str, total: int | None, unit: str, *, budget: float | None = None) -> None:
        self.begun.append(f"{stage}, in {unit}")

    def note(self, message: str) -> None:
        self.notes.append(message)

    def stand(self, words: str) -> None:
        self.standing.append(words)


def test_progress_tells_windows_and_time_left(tmp_path: Path) -> None:
    told = Told()
    with project_of(tmp_path, Langfuse(some(50)), at_once=1) as (project, _):
        project.pull(progress=told)
    assert told.begun[0] == "fetch prod, in records"
    assert re.fullmatch(r"1 windows, \d+% of the time of the spans, about \d+ s left", told.standing[0])
    assert "left" not in told.standing[-1]


def test_a_week_is_the_default(tmp_path: Path) -> None:
    langfuse = Langfuse([*some(3), observation("old", "o", NOON - timedelta(days=8))])
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull(window=Window())
        assert len(project.rows()) == 3
        project.pull(window=Window(NOON - timedelta(days=9)))
        assert len(project.rows()) == 4
        assert WEEK.since is not None
