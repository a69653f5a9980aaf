"""Where a bench takes its baseline from: the chain, what does not fit, what is said of it, and what it leaves."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from github_api import github_api

from llmci.adapters.stores.scores import scores_document, scores_run
from llmci.config import load
from llmci.core.gating.origin import BASELINE_FROM
from llmci.domain.run import SCORES_ONLY
from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError, UsageError
from llmci.seams import Silent
from llmci.storage import bare, place
from llmci.wiring.baseline import committed_file, fetch, keep_scores
from llmci.wiring.bench import bench
from llmci.wiring.bench_plan import Ask, prepare
from llmci.wiring.evalset import build_version
from llmci.wiring.gate import gate_runs
from llmci.wiring.promote import Asked, promote
from llmci.wiring.runs import runs_of
from llmci.wiring.stored_report import report_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github_api import GithubApi

    from llmci.config import Config
    from llmci.domain.run import Run
    from llmci.wiring.bench import BenchOutcome

NOW = datetime.now(UTC)
_SECONDS = itertools.count()
ENVIRON = {"PATH": "/usr/bin:/bin"}
APP = """
def answer(question, config):
    number = int(question.split()[-1])
    return str(number * number) if number % config["wrong_every"] else "no idea"
"""
CONFIG = """
sanitize: {recognizers: [structured]}
evalset: {hand_written: [cases.jsonl]}
systems:
  before: {kind: python, callable: "app.py:answer", config: {wrong_every: 50}}
  app: {extends: before%s}
scorers:
  right: {kind: %s}
gates:
  - {metric: right, tolerance: 10pt}
bench: {%s candidate: app, baseline_uri: %s}
"""


def configured(root: Path, *, app: str = "", scorer: str = "exact", baseline: str = "", uri: str = "null") -> Config:
    (root / "llmci.yaml").write_text(CONFIG % (app, scorer, baseline, uri))
    return load(root / "llmci.yaml")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A project with a set of 60 cases, and a run of its system `app` from another checkout."""
    root = tmp_path_factory.mktemp("made")
    (root / "app.py").write_text(APP)
    rows = [{"question": f"what is the square of {n}", "reference": str(n * n)} for n in range(60)]
    (root / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    config = configured(root, baseline="baseline: before,")
    build_version(config, now=NOW)
    run = benched(config).candidate
    shutil.rmtree(config.state)
    return root, run


@pytest.fixture
def root(made: tuple[Path, Run], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "project"))


@pytest.fixture
def run(made: tuple[Path, Run]) -> Run:
    return made[1]


def benched(config: Config, **ask: Any) -> BenchOutcome:
    """Each a second after the one before."""
    at = NOW + timedelta(seconds=next(_SECONDS))
    return bench(config, Ask(cache=False, **ask), environ=ENVIRON, progress=Silent(), clock=lambda: at)


def committed(root: Path, run: Run, *, days: int = 0) -> None:
    """As if it had been promoted so many days ago."""
    then = (NOW - timedelta(days=days)).isoformat()
    keep_scores(replace(run, started_at=then, finished_at=then), committed_file(configured(root), "main"))


def test_scores_come_back_as_they_were_without_a_text(run: Run) -> None:
    content = scores_document(run)
    back = scores_run(content, "x")

    assert [(s.case_id, getattr(s, "value", None)) for s in back.scores] == [
        (s.case_id, getattr(s, "value", None)) for s in sorted(run.scores, key=lambda s: run.case_ids.index(s.case_id))
    ]
    assert (back.metrics, back.case_ids, back.evalset_digest) == (run.metrics, run.case_ids, run.evalset_digest)
    assert SCORES_ONLY in back.environment
    stored = str(pq.read_table(io.BytesIO(content)).to_pylist())
    assert "no idea" not in stored
    assert "square" not in stored


def test_the_baseline_is_asked_beside_the_candidate_where_the_configuration_has_it(root: Path, run: Run) -> None:
    committed(root, run)

    outcome = benched(configured(root, baseline="baseline: before,"))

    assert outcome.candidate.environment[BASELINE_FROM] == "asked in the same job"
    assert outcome.baseline.answers


def test_promoted_scores_are_compared_with_where_it_has_not(root: Path, run: Run) -> None:
    runs_of(configured(root)).save(run)
    asked = Asked(against=run.run_id, reason="the first baseline", most=0)
    promote(configured(root), run.run_id, asked, now=NOW)
    shutil.rmtree(configured(root).state)
    config = configured(root, app=", config: {wrong_every: 2}")

    outcome = benched(config)
    result = report_runs(config, outcome.baseline, outcome.candidate, [root / "r.html", root / "r.md"]).result

    assert result.outcome is Outcome.REGRESSED
    assert outcome.result.called == 60
    assert any("committed scores (evalsets/main/baseline.parquet)" in note for note in result.notes)
    assert "less than a day old" in " ".join(result.notes)
    assert "committed scores" in (root / "r.md").read_text()
    assert "committed scores" in (root / "r.html").read_text()
    assert not any(finding.kind in ("length", "format") for finding in result.findings)


def test_an_unchanged_system_passes_by_its_requests_and_the_same_scores_serve_twice(root: Path, run: Run) -> None:
    committed(root, run)
    config = configured(root)

    first, second = benched(config), benched(config)

    assert first.baseline.run_id == second.baseline.run_id
    assert report_runs(config, second.baseline, second.candidate).result.outcome is Outcome.PASSED


def test_a_sample_is_compared_with_its_part_of_the_scores(root: Path, run: Run) -> None:
    committed(root, run)

    outcome = benched(configured(root), limit=20)

    assert sorted(outcome.baseline.case_ids) == sorted(outcome.candidate.case_ids)
    assert len(outcome.baseline.case_ids) == 20


def test_a_sequential_bench_stops_early_on_scores_that_are_there(root: Path, run: Run) -> None:
    committed(root, run)
    config = configured(root, app=", config: {wrong_every: 2}")

    first, again = benched(config, sequential=True), benched(config, sequential=True)

    result = report_runs(config, first.baseline, first.candidate).result
    assert result.outcome is Outcome.REGRESSED
    assert first.result.called == len(first.candidate.case_ids) < 60
    assert first.baseline.looks == first.candidate.looks
    assert first.baseline.case_ids == first.candidate.case_ids == again.candidate.case_ids
    assert first.baseline.run_id == again.baseline.run_id


def test_a_promoted_baseline_keeps_what_earlier_runs_scored_and_looks_use_it(root: Path, run: Run) -> None:
    config = configured(root, app=", config: {wrong_every: 2}")
    for earlier in (run, replace(run, run_id="20260101T000000-app-aaaaaa")):
        runs_of(config).save(earlier)
    promote(config, run.run_id, Asked(against=run.run_id, reason="the first baseline", most=0), now=NOW)
    shutil.rmtree(config.state)

    outcome = benched(config, sequential=True)

    [known] = outcome.baseline.covariates
    assert (known.metric, known.runs, len(known.values)) == ("right", ("20260101T000000-app-aaaaaa",), 60)
    stored = runs_of(config)
    before, after = (stored.load(one.run_id) for one in (outcome.baseline, outcome.candidate))
    result = gate_runs(config, before, after)
    assert any("what earlier runs scored" in note for note in result.notes)
    assert "control variate" in result.verdicts[0].difference.method  # type: ignore[union-attr]


def test_scores_of_before_covariates_are_still_read(run: Run) -> None:
    table = pq.read_table(io.BytesIO(scores_document(run))).drop_columns(["earlier"])
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"llmci.schema": b"scores/1"}), sink)

    assert scores_run(sink.getvalue(), "x").case_ids == run.case_ids


def test_a_second_try_is_compared_with_scores_that_are_there(root: Path, run: Run) -> None:
    committed(root, run)
    config = configured(root, app=", config: {wrong_every: 15}")

    outcome = benched(config, extend=True)

    assert outcome.candidate.repeats == 2
    assert outcome.result.called == 120
    assert report_runs(config, outcome.baseline, outcome.candidate).result.outcome is not Outcome.NOT_COMPARABLE


@pytest.mark.parametrize("days", [3, 13])
def test_the_age_is_said(root: Path, run: Run, days: int) -> None:
    committed(root, run, days=days)

    config = configured(root)
    outcome = benched(config)

    notes = " ".join(report_runs(config, outcome.baseline, outcome.candidate).result.notes)
    assert f"{days} days old" in notes


def test_beyond_fourteen_days_it_is_refused_before_anything_is_asked(root: Path, run: Run) -> None:
    committed(root, run, days=20)

    with pytest.raises(NoDecisionError, match="20 days old"):
        prepare(configured(root), Ask(), ENVIRON)


def test_and_warned_of_where_the_configuration_allows_more(root: Path, run: Run) -> None:
    committed(root, run, days=20)
    config = configured(root)
    text = (root / "llmci.yaml").read_text().replace("candidate: app,", "candidate: app, max_days_apart: 60,")
    (root / "llmci.yaml").write_text(text)
    config = load(root / "llmci.yaml")

    outcome = benched(config)

    notes = " ".join(report_runs(config, outcome.baseline, outcome.candidate).result.notes)
    assert "20 days old; the model behind a name may have changed since" in notes


def test_another_set_or_another_scorer_is_refused_before_anything_is_asked(root: Path, run: Run) -> None:
    committed(root, run)

    with pytest.raises(NoDecisionError, match="right was scored differently"):
        prepare(configured(root, scorer="contains"), Ask(), ENVIRON)
    (root / "cases.jsonl").write_text(json.dumps({"question": "what is the square of 3", "reference": "9"}))
    build_version(configured(root), now=NOW)
    with pytest.raises(NoDecisionError, match="measured on main v1, not on this main v2"):
        prepare(configured(root), Ask(), ENVIRON)


def test_what_does_not_fit_is_passed_over_for_the_next_link(root: Path, run: Run) -> None:
    config = configured(root, uri=f"file://{root}/store.parquet")
    committed(root, replace(run, evalset_digest="another"))
    keep_scores(run, root / "store.parquet")

    outcome = benched(config)

    assert outcome.candidate.environment[BASELINE_FROM] == f"object store (file://{root}/store.parquet)"


@pytest.mark.parametrize("source", ["file", "uri"])
def test_a_file_or_an_address_may_be_named(root: Path, run: Run, source: str) -> None:
    keep_scores(run, root / "mine.scores")

    named = str(root / "mine.scores") if source == "file" else f"file://{root}/mine.scores"
    outcome = benched(configured(root), baseline_from=named)

    assert outcome.candidate.environment[BASELINE_FROM] == f"scores ({named})"


def test_nothing_at_all_is_a_mistake_in_the_configuration(root: Path) -> None:
    with pytest.raises(UsageError, match="no system called 'baseline'"):
        prepare(configured(root), Ask(), ENVIRON)
    with pytest.raises(UsageError, match="no baseline at 'nowhere'"):
        prepare(configured(root), Ask(baseline_from="nowhere"), ENVIRON)


def test_keys_in_an_address_are_never_shown() -> None:
    assert bare("s3://key:secret@bucket/a.parquet?region=x&secret_key=y") == "s3://bucket/a.parquet"
    with pytest.raises(UsageError) as raised:
        place("nonsense://key:secret@bucket/a", Path())
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet" * 100])
def test_a_damaged_file_is_named(root: Path, content: bytes) -> None:
    (root / "bad.scores").write_bytes(content)

    with pytest.raises(UsageError, match=r"bad\.scores"):
        prepare(configured(root), Ask(baseline_from=str(root / "bad.scores")), ENVIRON)


# --- the artifact of the default branch -------------------------------------------------------------


@pytest.fixture
def github() -> Iterator[GithubApi]:
    with github_api() as api:
        yield api


def event(root: Path, told: dict[str, Any]) -> str:
    (root / "event.json").write_text(json.dumps(told))
    return str(root / "event.json")


PULL = {
    "repository": {"default_branch": "main"},
    "pull_request": {"base": {"sha": "b" * 40}, "head": {"sha": "f" * 40}},
}


def an_artifact(number: int, commit: str, content: bytes, **run: Any) -> dict[str, Any]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("candidate.scores", content)
    facts = {"id": number, "head_branch": "main", "head_sha": commit, "repository_id": 1, "head_repository_id": 1}
    return {"id": number, "expired": False, "workflow_run": facts | run, "content": packed.getvalue()}


def test_the_newest_artifact_below_the_merge_base_is_the_baseline(root: Path, run: Run, github: GithubApi) -> None:
    scores = scores_document(run)
    github.merge_base = "e" * 40
    github.ancestors = {("c" * 40, "e" * 40)}
    github.artifacts = [
        an_artifact(9, "f" * 40, b"of a fork whose branch is called like ours", head_repository_id=2),
        an_artifact(8, "f" * 40, b"of another branch", head_branch="topic"),
        an_artifact(7, "d" * 40, b"newer than the merge base"),
        an_artifact(6, "c" * 40, scores),
    ]
    config = configured(root)

    done = fetch(config, "en", github.environ(GITHUB_EVENT_PATH=event(root, PULL)))
    outcome = benched(config)

    assert done.source == "artifact llmci-en of main at ccccccccc"
    assert outcome.candidate.environment[BASELINE_FROM] == done.source
    assert [path for path in github.asked if "/zip" in path] == ["GET /repos/shop/app/actions/artifacts/6/zip"]
    assert github.tokens_elsewhere == [""]


@pytest.mark.parametrize(
    ("told", "environ"),
    [
        pytest.param({"merge_group": {"base_sha": "e" * 40}}, {}, id="merge-group"),
        pytest.param({}, {"GITHUB_SHA": "e" * 40}, id="push-schedule-dispatch"),
    ],
)
def test_every_event_has_a_commit_that_it_builds_upon(
    root: Path, github: GithubApi, told: dict[str, Any], environ: dict[str, str]
) -> None:
    github.ancestors = {("c" * 40, "e" * 40)}
    github.artifacts = [an_artifact(77, "e" * 40, b"of this very run"), an_artifact(6, "c" * 40, b"scores")]
    whole = told | {"repository": {"default_branch": "main"}}

    done = fetch(configured(root), "main", github.environ(GITHUB_EVENT_PATH=event(root, whole), **environ))

    assert done.file is not None
    assert done.file.read_bytes() == b"scores"


def test_a_token_that_may_not_read_artifacts_is_told_and_fails_nothing(root: Path, github: GithubApi) -> None:
    github.refusals = [("GET", 403, {})]

    done = fetch(configured(root), "main", github.environ(GITHUB_EVENT_PATH=event(root, PULL)))

    assert done.file is None
    assert "403" in done.why


def test_nothing_is_fetched_where_the_baseline_can_be_asked(root: Path, github: GithubApi) -> None:
    done = fetch(configured(root, baseline="baseline: before,"), "main", github.environ())

    assert done.file is None
    assert github.asked == []


def test_what_an_earlier_job_fetched_is_not_taken_for_this_ones(root: Path, github: GithubApi) -> None:
    stale = configured(root).state / "baseline" / "artifact.scores"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"stale")

    fetch(configured(root), "main", {})

    assert not stale.exists()
