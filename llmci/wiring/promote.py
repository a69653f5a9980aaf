"""A stored run or a rollout becomes the baseline: its evidence goes into the audit log, changes to the set to review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.adapters.forges.git import commands, commit_on_branch
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.adapters.stores.scores import scores_document
from llmci.core.evalsets.cases import COLUMNS, case_of
from llmci.errors import LlmciError, UsageError
from llmci.files import is_stored, write_bytes, write_json
from llmci.pipeline import promote as stage
from llmci.pipeline.promote import Failure, Held
from llmci.storage import place
from llmci.wiring.acts import acts_of, audit_of
from llmci.wiring.baseline import committed_file, with_covariates
from llmci.wiring.build import keep_from_git, shelf_of
from llmci.wiring.canary import plan_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import check_labels
from llmci.wiring.evalset_store import directory_of, store
from llmci.wiring.exposure import EXPOSED
from llmci.wiring.gate import gate_runs
from llmci.wiring.review import READABLE, REVIEW, reviewed, write_review
from llmci.wiring.runs import baseline_run, candidate_run, runs_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.case import Case
    from llmci.domain.change import Change
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult

# What stands for the configured rollout where a run could stand.
ROLLOUT = "canary"
# Of near duplicates only one is proposed, so that more are looked at than asked for.
_LOOK_AT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of `promote`.

    Attributes:
        against: Run of the present baseline; None is the one of the same bench.
        reason: Promote although it did not pass, for this reason.
        most: How many failures to propose at the most.
        failures_only: Leave the baseline as it is.
        branch: Commit what is written on a new branch of this name.
        dry_run: Write nothing.
    """

    against: str | None = None
    reason: str | None = None
    most: int = 50
    failures_only: bool = False
    branch: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What `promote` did.

    Attributes:
        what: The run, or the rollout with the time of its last move.
        headline: The evidence in a sentence.
        baseline_file: The file that now names the new baseline; None where it was left as it is.
        review_file: Changes proposed for the next version of the set; None where there are none.
        note: Why no failures of production could be looked at; None where they were.
        commands: What git is to be told for a reviewable branch.
    """

    what: str
    headline: str
    baseline_file: Path | None
    review_file: Path | None
    proposed: tuple[Change, ...]
    note: str | None
    commands: tuple[tuple[str, ...], ...]


def promote(config: Config, run_id: str, asked: Asked, *, now: datetime) -> Promotion:
    """Make a run's system, or the rollout's candidate, the baseline on the evidence for it.

    Args:
        config: The project.
        run_id: A run, `latest`, or `canary`.
        asked: What else was said.
        now: Goes into the record.

    Raises:
        NoDecisionError: It did not pass, and no reason was given.
        UsageError: One of the runs is not there, or git refused the branch.
    """
    rollout = run_id == ROLLOUT
    candidate = None if rollout else candidate_run(config, run_id)
    what, record, name, result = (
        _rollout(config, asked, now) if candidate is None else _run(config, candidate, asked, now)
    )
    sets = store(config)
    newest = sets.load(name, sets.versions(name)[-1]) if sets.versions(name) else None
    held = _held(config, name, newest)
    changes, cases, note = _changes(config, name, held, result, what, asked.most)
    directory = directory_of(config, name)
    scored = candidate if record is not None and candidate is not None and candidate.complete else None
    written = [] if record is None else [directory / "baseline.json"]
    written += [] if scored is None else [committed_file(config, name)]
    written += [directory / REVIEW, directory / READABLE] if changes else []
    # What is in an object store is not git's.
    written = [] if is_stored(directory) else written
    headline = str(record["verdict"]["headline"]) if record else "the baseline stays as it is"
    message = f"Promote {what}: {headline}" if record else f"Propose failures seen in {what}"
    if not asked.dry_run:
        if changes:
            write_review(directory, changes, cases, newest)
        if record is not None:
            write_json(directory / "baseline.json", record)
            if scored is not None:
                _keep_scores(config, name, scored)
            facts = {key: record.get(key) for key in ("run", "rollout", "evalset", "verdict", "reason")}
            keep_from_git(config.state)
            audit_of(config).append("promote", {**facts, "what": what}, at=now.isoformat())
        if asked.branch is not None and written:
            commit_on_branch(config.root, written, asked.branch, message)
    return Promotion(
        what=what,
        headline=headline,
        baseline_file=None if record is None else directory / "baseline.json",
        review_file=directory / REVIEW if changes else None,
        proposed=tuple(changes),
        note=note,
        commands=commands(written, asked.branch or "llmci-promote", message) if written else (),
    )


def _keep_scores(config: Config, name: str, run: Run) -> None:
    """Where a bench without a baseline system finds what to compare with."""
    scores = scores_document(with_covariates(config, run))
    write_bytes(committed_file(config, name), scores)
    if config.bench.baseline_uri:
        write_bytes(place(config.bench.baseline_uri, config.root), scores)


def _run(
    config: Config, candidate: Run, asked: Asked, now: datetime
) -> tuple[str, dict[str, Any] | None, str, GateResult | None]:
    result = gate_runs(config, baseline_run(config, candidate, asked.against), candidate)
    record: dict[str, Any] | None = None
    if not asked.failures_only:
        record = stage.baseline_record(result, candidate, now=now.isoformat(), reason=asked.reason)
    return candidate.run_id, record, candidate.evalset_name, result


def _rollout(config: Config, asked: Asked, now: datetime) -> tuple[str, dict[str, Any] | None, str, GateResult | None]:
    plan = plan_of(config)
    acts = [act for act in acts_of(config) if act["act"] == EXPOSED and act["facts"]["plan"] == plan.name]
    if not acts:
        raise UsageError(f"no share of {plan.name!r} was moved yet.", fix="Begin with `llmci canary start`.")
    what = f"{ROLLOUT} {plan.name} {acts[-1]['at'][:19]}"
    record: dict[str, Any] | None = None
    if not asked.failures_only:
        record = stage.rollout_record(
            [act["facts"] for act in acts],
            treatment=plan.treatment,
            control=plan.control,
            now=now.isoformat(),
            reason=asked.reason,
        )
    return what, record, config.evalset.name, None


def _held(config: Config, name: str, newest: EvalSet | None) -> Held:
    decided = reviewed(directory_of(config, name) / REVIEW, newest)
    return Held(newest.cases if newest else (), decided.traces, decided.retired)


def _changes(
    config: Config, name: str, held: Held, result: GateResult | None, what: str, most: int
) -> tuple[list[Change], Mapping[str, Case], str | None]:
    """Changes, the clean input of each, and why production was not looked at."""
    cases = {case.case_id: case for case in held.cases}
    note = None
    failures: list[Failure] = []
    failing_now: set[str] = set()
    try:
        failures, fresh = _failures(config, held, most)
        failing_now = {failure.case_id for failure in failures}
        cases |= fresh
    except LlmciError as error:
        note = f"failures of production were not looked at: {error.message} {error.fix}"
    treatment = config.canary.treatment
    changes = stage.additions(failures, held, treatment=treatment, promotion=what, most=most)
    if result is not None:
        changes += stage.broken_in_bench(result, held, promotion=what, most=most - len(changes))
        runs = runs_of(config)
        of_set = (run for run in map(runs.load, runs.list()) if run.evalset_name == name)
        recent = [run for run, _ in zip(of_set, range(stage.STALE_AFTER), strict=False)]
        changes += stage.stale(held, recent, failing_now, promotion=what) if note is None else []
    return changes, cases, note


def _failures(config: Config, held: Held, most: int) -> tuple[list[Failure], dict[str, Case]]:
    """Failed traces of the clean shelf as cases, best first."""
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    check_labels(clean, labels, clean_digest(clean))
    rows = (row for batch in labels.batches() for row in batch.to_pylist())
    chosen = stage.failing(rows, held, most=_LOOK_AT * most)
    found = {}
    for trace in LabelledShelf(clean, labels).some(chosen, COLUMNS) if chosen else ():
        case = case_of(trace, config.evalset)
        if case is not None:
            found[trace.trace["trace_id"]] = (case, trace.trace.get("variant"))
    failures = [
        Failure(
            trace_id,
            found[trace_id][0].case_id,
            stage.reasons_of(label),
            found[trace_id][0].stratum,
            found[trace_id][1],
        )
        for trace_id, label in chosen.items()
        if trace_id in found
    ]
    return failures, {case.case_id: case for case, _ in found.values()}
