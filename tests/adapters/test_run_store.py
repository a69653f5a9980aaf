"""Runs, journals and the cache on a real disk."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from builders import a_metric, a_run, an_answer
from commands import environment
from hypothesis import given
from hypothesis import strategies as st

from llmci.adapters.stores.cache import SqliteCache
from llmci.adapters.stores.journal import FileJournal
from llmci.adapters.stores.rows import ANSWER, answer_of, answer_row, score_of, score_row
from llmci.adapters.stores.runs import DirectoryRuns
from llmci.domain.case import Document, Message, Part
from llmci.domain.run import Scored, Unanswered, Unscored, Usage
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.run import Answered, Run

TEXT = declared_clean("Grüße\x00 \u2028 ]]> ")


def a_full_answer() -> Answered:
    part = Part(type="tool_call", tool_call_id="t", tool_name="look", tool_arguments=TEXT, is_error=False)
    return an_answer(
        text=TEXT,
        messages=(Message(role="assistant", parts=(part,), name="bot"), Message(role="tool", parts=())),
        documents=(Document(id="d", content=TEXT, score=0.5, rank=1), Document(id=None, content=None)),
        usage=Usage(input=3, output=None, cached=1),
        cost=0.25,
        latency_ms=1.5,
        ttft_ms=0.5,
        request_digest="request",
        recorded_scores={"reward": 1.0},
        cached=True,
    )


def a_full_run(**changes: Any) -> Run:
    answers = (
        a_full_answer(),
        an_answer("c2", documents=()),
        Unanswered(case_id="c3", repeat=0, why="401", fault="infrastructure", latency_ms=2.0),
    )
    scores = (
        Scored(case_id="c1", repeat=0, metric="correct", value=0.5, reason=TEXT, cost=None),
        Scored(case_id="c2", repeat=0, metric="correct", value=0.0, error="it hangs", cost=0.125),
        Unscored(case_id="c3", repeat=0, metric="correct", why="no answer", fault="case"),
    )
    return a_run(
        {"c1": 1, "c2": 1, "c3": 1}, answers=answers, scores=scores, environment={"llmci": "1"}, cost=None, **changes
    )


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    run = a_full_run()

    DirectoryRuns(tmp_path).save(run)

    assert DirectoryRuns(tmp_path).load(run.run_id) == run


def test_a_run_without_answers_comes_back(tmp_path: Path) -> None:
    run = a_run({}, answers=[], scores=[])

    DirectoryRuns(tmp_path).save(run)

    assert DirectoryRuns(tmp_path).load(run.run_id) == run


def test_runs_are_listed_newest_first_and_without_halves(tmp_path: Path) -> None:
    store = DirectoryRuns(tmp_path)
    for run_id in ("20261120T1-a", "20261121T1-a"):
        store.save(a_full_run(run_id=run_id))
    (tmp_path / "20261122T1-a").mkdir()

    assert store.list() == ["20261121T1-a", "20261120T1-a"]
    with pytest.raises(UsageError, match="no run '20261122T1-a'"):
        store.load("20261122T1-a")


def test_a_stored_run_is_never_written_over(tmp_path: Path) -> None:
    store = DirectoryRuns(tmp_path)
    store.save(a_full_run())

    with pytest.raises(UsageError, match="already stored"):
        store.save(a_full_run())


@pytest.mark.parametrize("name", ["answers.parquet", "scores.parquet", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_damage_is_named_and_not_read_over(tmp_path: Path, name: str, damage: str) -> None:
    DirectoryRuns(tmp_path).save(a_full_run())
    path = tmp_path / "run-1" / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"\x00" + content[1:])

    with pytest.raises(UsageError) as caught:
        DirectoryRuns(tmp_path).load("run-1")

    assert "damaged" in caught.value.message or "no run" in caught.value.message


@pytest.mark.parametrize("edit", [{"schema": "run/9"}, {"case_ids": None}, {"metrics": [1]}, {"surplus": 1}])
def test_a_manifest_that_makes_no_sense_is_a_usage_error(tmp_path: Path, edit: dict[str, Any]) -> None:
    DirectoryRuns(tmp_path).save(a_full_run())
    path = tmp_path / "run-1" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **edit}))

    with pytest.raises(UsageError):
        DirectoryRuns(tmp_path).load("run-1")


@given(text=st.text(), cost=st.none() | st.floats(0, 1e6), name=st.text(min_size=1))
def test_rows_hold_any_text(text: str, cost: float | None, name: str) -> None:
    answer = an_answer(text=text.encode("utf-8", "replace").decode(), cost=cost, recorded_scores={"s": 1.0})

    table = pa.Table.from_pylist([answer_row(answer)], schema=ANSWER)

    assert answer_of(table.to_pylist()[0]) == answer


def test_scores_pass_through_json_unchanged() -> None:
    for score in a_full_run().scores:
        assert score_of(json.loads(json.dumps(score_row(score)))) == score


def test_a_journal_is_taken_up_up_to_the_line_that_a_kill_cut_in_half(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "plan", resume=False)
    run = a_full_run()
    for entry in (*run.answers, *run.scores):
        journal.append(entry)
    journal.close()
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-7])

    again = FileJournal(tmp_path, "plan", resume=True)
    again.append(run.scores[-1])
    again.close()

    whole = FileJournal(tmp_path, "plan", resume=True)
    assert list(again.entries()) == [*run.answers, *run.scores[:-1]]
    assert list(whole.entries()) == [*run.answers, *run.scores]


def test_a_disk_that_takes_part_of_a_line_is_given_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NearlyFull:
        @staticmethod
        def write(descriptor: int, content: memoryview) -> int:
            return os.write(descriptor, content[:50])

    journal = FileJournal(tmp_path, "plan", resume=False)
    monkeypatch.setattr("llmci.adapters.stores.journal.os", NearlyFull)
    journal.append(an_answer())
    monkeypatch.undo()
    journal.close()

    assert list(FileJournal(tmp_path, "plan", resume=True).entries()) == [an_answer()]


def test_without_resume_a_journal_starts_anew(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "plan", resume=False)
    journal.append(an_answer())
    journal.close()

    assert list(FileJournal(tmp_path, "plan", resume=False).entries()) == []


def test_two_processes_never_write_one_journal(tmp_path: Path) -> None:
    first, second = (FileJournal(tmp_path, "plan", resume=False) for _ in range(2))

    assert first.path != second.path


def test_cached_answers_and_scores_come_back(tmp_path: Path) -> None:
    cache = SqliteCache(tmp_path / "a" / "cache.sqlite")
    score = Scored(case_id="c1", repeat=0, metric="m", value=0.5, reason=TEXT)

    cache.keep_answer("k", a_full_answer())
    cache.keep_score("s", score)

    assert cache.answer("k") == a_full_answer()
    assert cache.score("s") == score
    assert cache.answer("s") is None
    assert cache.score("k") is None
    assert cache.answer("absent") is None


def test_a_fresh_cache_finds_nothing_and_stores(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    SqliteCache(path).keep_answer("k", an_answer(text="old"))
    fresh = SqliteCache(path, fresh=True)

    assert fresh.answer("k") is None
    fresh.keep_answer("k", an_answer(text="new"))

    found = SqliteCache(path).answer("k")
    assert found is not None
    assert found.text == "new"


def test_a_damaged_cache_is_a_usage_error_and_a_damaged_entry_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    cache = SqliteCache(path)
    cache._connection.execute("INSERT INTO entry VALUES ('k', x'7b', 0), ('l', '[]', 0), ('m', '{\"text\": 1}', 0)")

    assert [cache.answer(key) for key in "klm"] == [None, None, None]
    cache.close()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(UsageError, match="damaged"):
        SqliteCache(path)


def _fill(path: Path, worker: int) -> None:
    cache = SqliteCache(path)
    for number in range(200):
        cache.keep_answer(f"{number}", replace(an_answer(text="shared"), repeat=number))
        cache.keep_answer(f"{worker}-{number}", an_answer())
        assert cache.answer(f"{number}") is not None


def test_several_processes_write_one_cache_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_fill, args=(path, worker)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    [count] = SqliteCache(path)._connection.execute("SELECT count(*) FROM entry").fetchone()
    assert count == 800


def test_a_save_that_is_killed_leaves_a_whole_run_or_none(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests');"
        "from pathlib import Path; from dataclasses import replace;"
        "from builders import a_run; from llmci.adapters.stores.runs import DirectoryRuns;"
        "run = a_run({f'c{n}': 1.0 for n in range(3000)}); store = DirectoryRuns(Path(sys.argv[1]));"
        "print('go', flush=True);"
        "[store.save(replace(run, run_id=f'r{n:04}')) for n in range(1000)]"
    )
    for after in (0.02, 0.11, 0.17):
        folder = tmp_path / str(after)
        child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, env=environment())
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        store = DirectoryRuns(folder)
        for run_id in store.list():
            assert len(store.load(run_id).answers) == 3000


def aged(path: Path, days: float) -> None:
    """As if all entries had been stored so many days ago."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE entry SET at = at - ?", (int(days * 86400),))
    connection.commit()
    connection.close()


def test_what_is_too_old_is_not_found_and_pruned_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    SqliteCache(path).keep_answer("old", an_answer())
    aged(path, 10)
    SqliteCache(path).keep_answer("new", an_answer())

    cache = SqliteCache(path, max_days=7)
    assert cache.answer("old") is None
    assert cache.answer("new") is not None
    assert SqliteCache(path).answer("old") is not None

    assert cache.prune(7) == 1
    assert SqliteCache(path).answer("old") is None
    assert [(held.kind, held.count) for held in cache.contents()] == [("answers", 1)]


def test_a_cache_tells_answers_from_verdicts(tmp_path: Path) -> None:
    cache = SqliteCache(tmp_path / "cache.sqlite")
    cache.keep_answer("a", an_answer(text='they said "metric": 3'))
    cache.keep_score("s", Scored(case_id="c1", repeat=0, metric="polite", value=1.0))

    assert sorted((held.kind, held.count) for held in cache.contents()) == [("answers", 1), ("verdicts", 1)]
    assert all(held.size > 20 for held in cache.contents())


def test_past_runs_are_read_by_their_scores_alone(tmp_path: Path) -> None:
    runs, like = DirectoryRuns(tmp_path), a_run({"c1": 1.0, "c2": 0.0}, run_id="20260105-now")
    for day in range(1, 5):
        runs.save(a_run({"c1": day / 10, "c2": 0.0}, run_id=f"2026010{day}-x"))
        (tmp_path / f"2026010{day}-x" / "answers.parquet").unlink()
    runs.save(like)

    found = runs.past(like, 3, but=["20260105-now"])

    assert [past.run_id for past in found] == ["20260104-x", "20260103-x", "20260102-x"]
    assert found[0].values == {"c1": 0.4, "c2": 0.0}


def test_runs_on_another_set_by_another_scorer_or_damaged_are_no_past(tmp_path: Path) -> None:
    runs, like = DirectoryRuns(tmp_path), a_run({"c1": 1.0})
    runs.save(a_run({"c1": 1.0}, run_id="set", evalset_digest="another"))
    runs.save(a_run({"c1": 1.0}, run_id="scorer", metrics=(a_metric(digest="another"),)))
    runs.save(a_run({"c1": 1.0}, run_id="damaged"))
    (tmp_path / "damaged" / "scores.parquet").write_bytes(b"PAR1")

    assert runs.past(like, 10) == ()


def test_a_run_without_a_score_has_no_past_scores(tmp_path: Path) -> None:
    runs = DirectoryRuns(tmp_path)
    lost = [Unscored(case_id="a", repeat=0, metric="correct", why="judge down", fault="infrastructure")]
    runs.save(a_run({"a": 1.0}, run_id="lost", scores=lost))

    [past] = runs.past(a_run({"a": 1.0}, run_id="now"), 5)

    assert past.values == {}
