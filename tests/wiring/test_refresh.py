"""A set is renewed from newer traffic: what still stands for it stays, and nothing is written unasked."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_message, a_trace
from commands import llmci
from intents import questions
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.errors import NoDecisionError, UsageError
from llmci.seams import Window
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import build_version
from llmci.wiring.evalset_store import store
from llmci.wiring.label import label
from llmci.wiring.refresh import refresh

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.wiring.refresh import Refreshed

LATER = NOON + timedelta(days=7)


def traffic(seed: int, intents: slice, count: int = 240, **columns: Any) -> list[TraceRow]:
    """Questions of some intents; those of other seeds ask for the same in other words."""
    found = questions(count, seed)
    kinds = sorted({intent for _, intent in found})[intents]
    return [
        a_trace(f"t{seed}-{n}", text, user_id=f"u{n % 30}", session_id=f"s{seed}-{n}", **columns)
        for n, (text, intent) in enumerate(found)
        if intent in kinds
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of the old traffic; since then some intents are gone, and others are new."""
    path: Path = tmp_path_factory.mktemp("project")
    (path / "llmci.yaml").write_text("evalset: {size: 40, failures: 0.2}")
    a_clean_shelf(path / ".llmci", traffic(1, slice(0, 5)))
    config = load(path / "llmci.yaml")
    label(config, now=NOON)
    build_version(config, now=NOON)
    failed = [
        a_trace(f"bad-{n}", f"my order number {n} never came, why", status="error", start=LATER) for n in range(8)
    ]
    a_clean_shelf(path / ".llmci", traffic(2, slice(2, 8), start=LATER) + failed, "test-2")
    label(config, now=NOON, recluster=True)
    return path


@pytest.fixture
def config(project: Path, tmp_path: Path) -> Config:
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    return load(tmp_path / "llmci.yaml")


def refreshed(config: Config, *, write: bool = False, since: Any = LATER) -> Refreshed:
    return refresh(config, window=Window(since=since), now=LATER, environ={}, write=write)


def test_what_still_stands_for_the_traffic_stays_and_the_rest_says_why_it_goes(config: Config) -> None:
    found = refreshed(config)

    before = {case.case_id: case for case in found.before.cases}
    after = {case.case_id: case for case in found.evalset.cases}
    stay = before.keys() & after.keys()
    # No input of the old traffic came again, so that all that stays stands for others like it.
    assert len(stay) > 5
    assert all(after[case_id].messages == before[case_id].messages for case_id in stay)
    assert set(found.retired) == before.keys() - after.keys() == set(found.diff.retired)
    assert {"its cluster has no traffic any more", "it is unlike this traffic"} & set(found.retired.values())
    assert set(found.added) == after.keys() - before.keys()


def test_the_weights_are_those_of_the_new_traffic(config: Config) -> None:
    evalset = refreshed(config).evalset

    assert sum(case.weight for case in evalset.cases) == pytest.approx(1)
    for stratum in evalset.strata:
        inside = sum(case.weight for case in evalset.cases if case.stratum == stratum.name)
        assert inside == pytest.approx(stratum.share)
    window = sum(
        row["start"] == LATER for batch in shelf_of(config, "clean").batches(["start"]) for row in batch.to_pylist()
    )
    assert sum(stratum.traces for stratum in evalset.strata) == window


def test_failures_are_among_what_comes(config: Config) -> None:
    assert list(refreshed(config).added.values()).count("failure") >= 4


def test_nothing_is_written_unless_it_is_asked_for_and_then_what_was_shown_is(config: Config) -> None:
    shown = refreshed(config)
    assert store(config).versions("main") == [1]

    written = refreshed(config, write=True)

    assert (written.written, written.evalset.digest) == (True, shown.evalset.digest)
    assert store(config).load("main").digest == shown.evalset.digest
    assert store(config).load("main").parent == 1


def test_refreshing_again_changes_nothing(config: Config) -> None:
    refreshed(config, write=True)

    again = refreshed(config, write=True)

    assert (again.new, again.written, again.retired, again.added) == (False, False, {}, {})
    assert store(config).versions("main") == [1, 2]


def test_a_window_without_traffic_and_a_set_that_is_not_there_are_said(config: Config, tmp_path: Path) -> None:
    with pytest.raises(NoDecisionError, match="no labelled traffic"):
        refreshed(config, since=LATER + timedelta(days=1))
    (tmp_path / "llmci.yaml").write_text("evalset: {name: other}")
    with pytest.raises(UsageError, match="no eval set called 'other'"):
        refreshed(load(tmp_path / "llmci.yaml"))


def test_the_command_shows_what_comes_and_goes(config: Config) -> None:
    done = llmci("evalset", "refresh", "--since", LATER.isoformat(), cwd=config.root)

    assert done.returncode == 0, done.stderr
    assert "cases stay" in done.stdout
    assert "failures" in done.stdout
    assert "nothing was written" in done.stderr


def test_what_a_reviewer_wanted_stays_when_its_traffic_is_gone(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("evalset: {size: 20, failures: 0}")
    a_clean_shelf(tmp_path / ".llmci", traffic(1, slice(0, 3), 120))
    config = load(tmp_path / "llmci.yaml")
    label(config, now=NOON)
    first = build_version(config, now=NOON).evalset
    wanted = first.cases[0]
    (tmp_path / "evalsets/main/review.jsonl").write_text(f'{{"trace_id": "{wanted.origin.trace_id}"}}')
    build_version(config, now=NOON)
    (tmp_path / "evalsets/main/review.jsonl").unlink()
    shutil.rmtree(tmp_path / ".llmci" / "clean")
    a_clean_shelf(tmp_path / ".llmci", traffic(2, slice(3, 5), 120, start=LATER), "test-2")
    label(config, now=NOON, recluster=True)

    built = build_version(config, now=LATER).evalset
    renewed = refresh(config, window=Window(since=LATER), now=LATER, environ={}, write=True).evalset

    for evalset in (built, renewed):
        [held] = [case for case in evalset.cases if case.case_id == wanted.case_id]
        assert (held.messages, held.stratum) == (wanted.messages, "reviewed")
        assert held.weight == pytest.approx(1 / len(evalset.cases))


def test_corrections_outlive_versions_without_their_case(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text('evalset: {reference: "score:correction"}')
    config = load(tmp_path / "llmci.yaml")
    asked = "where is the parcel that you sent on monday"
    said = [{"name": "correction", "text": "In Hamburg.", "annotator": "human"}]
    shelves = (
        [a_trace("one", asked, scores=said), *traffic(1, slice(0, 2), 60)],
        traffic(2, slice(2, 4), 60),
        [a_trace("two", asked), *traffic(3, slice(0, 2), 60)],
    )
    for rows in shelves:
        shutil.rmtree(tmp_path / ".llmci", ignore_errors=True)
        a_clean_shelf(tmp_path / ".llmci", rows)
        label(config, now=NOON)
        evalset = build_version(config, now=NOON).evalset

    [case] = [case for case in evalset.cases if case.messages[0].parts[0].text == asked]
    assert evalset.version == 3
    assert (case.reference, case.reference_origin, case.rubric) == ("In Hamburg.", "score:correction", None)


def test_steps_of_agents_are_the_same_cases_when_a_set_is_refreshed(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("evalset: {agents: steps, failures: 0}")
    config = load(tmp_path / "llmci.yaml")

    def an_agent(number: int, text: str) -> TraceRow:
        first, second = a_message("user", f"Plan it: {text}"), a_message("user", f"Do it: {text}")
        steps = [
            {
                "seq": seq,
                "kind": "llm",
                "input": _messages(asked),
                "output": _messages(a_message("assistant", f"Done {seq}.")),
            }
            for seq, asked in enumerate((first, second))
        ]
        return a_trace(f"a{number}", text, start=NOON, replay_kind="agent", steps=steps)

    a_clean_shelf(tmp_path / ".llmci", [an_agent(n, text) for n, (text, _) in enumerate(questions(60, 1))])
    label(config, now=NOON)
    built = build_version(config, now=NOON).evalset

    found = refreshed(config, since=NOON)

    assert {case.messages[0].parts[0].text.split(":")[0] for case in built.cases} == {"Plan it", "Do it"}
    assert (found.new, found.retired, found.added) == (False, {}, {})


def _messages(message: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "messages", "messages": [message]}
