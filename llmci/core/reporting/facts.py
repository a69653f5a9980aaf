"""Where the numbers come from: set, systems, judges and sanitizing, as terms and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.view import FactGroup

if TYPE_CHECKING:
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run

_TEXT = 200
_DIGEST = 12
_STRATA = 12
# Key of a run's environment: how far the judge of a metric is to be trusted.
_JUDGED = "judge of "
# Of a manifest: too long to read, and of no use to a reader of a report.
_UNSHOWN = frozenset({"shards", "schema", "canaries", "second_pass", "rare_attributes"})

_Facts = list[tuple[str, str]]


def fact_groups(baseline: Run, candidate: Run, evalset: EvalSet | None) -> tuple[FactGroup, ...]:
    """Where the numbers come from: the groups that have something to say."""
    return _groups(
        ("Eval set", _set_facts(candidate, evalset)),
        ("Baseline", _run_facts(baseline)),
        ("Candidate", _run_facts(candidate)),
        ("Metrics", _metric_facts(candidate)),
    )


def trust_groups(
    candidate: Run,
    evalset: EvalSet | None,
    sanitizing: Mapping[str, object] | None,
    drift: Mapping[str, object] | None,
) -> tuple[FactGroup, ...]:
    """How far the numbers can be trusted: drift of the set, judges held against people, privacy."""
    return _groups(
        ("Drift of the set", _drift_facts(candidate, drift)),
        ("Judges", _judge_facts(candidate)),
        ("Privacy", _privacy_facts(evalset, sanitizing)),
        ("Privacy: what a check of it found", _privacy_checks(sanitizing or {})),
    )


def _groups(*groups: tuple[str, _Facts]) -> tuple[FactGroup, ...]:
    return tuple(FactGroup(title=title, facts=tuple(facts)) for title, facts in groups if facts)


def _drift_facts(run: Run, drift: Mapping[str, object] | None) -> _Facts:
    if drift is None:
        return [("traffic", "never held against this set: llmci evalset drift does")] if run.evalset_version else []
    facts = [("verdict", one_line(str(drift.get("verdict", "")), _TEXT * 2))]
    facts.append(("measured", moment(str(drift.get("measured_at", "")))))
    facts.append(("traces", _words(drift.get("traces", "unknown"))))
    return facts


def _judge_facts(run: Run) -> _Facts:
    """Every metric that a model decides, and how far that model agrees with people."""
    return [
        (
            one_line(metric.name, 60),
            one_line(f"{metric.judge}: {run.environment.get(_JUDGED + metric.name, 'not calibrated')}", _TEXT * 2),
        )
        for metric in run.metrics
        if metric.judge
    ]


def set_name(run: Run) -> str:
    """The set and its version, as people say it."""
    return f"{one_line(run.evalset_name, 80)} v{run.evalset_version}"


def moment(iso: str) -> str:
    """A time in ISO 8601 as people write it; what is not one stands as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return one_line(iso, 40)


def _set_facts(run: Run, evalset: EvalSet | None) -> _Facts:
    facts = [
        ("set", set_name(run)),
        ("digest", run.evalset_digest[:_DIGEST]),
        ("cases in the run", f"{len(run.case_ids):,}"),
    ]
    if evalset is None:
        return [*facts, ("questions", "not at hand: the set's files were not found")]
    origins = Counter(case.origin.kind for case in evalset.cases)
    facts += [
        ("made", moment(evalset.created_at)),
        ("cases by origin", ", ".join(f"{count:,} {kind}" for kind, count in origins.most_common())),
    ]
    if must := sum(case.must_pass for case in evalset.cases):
        facts.append(("must pass", f"{must:,} cases"))
    return facts + _strata_facts(evalset)


def _strata_facts(evalset: EvalSet) -> _Facts:
    largest = sorted(evalset.strata, key=lambda stratum: -stratum.share)
    facts = [
        (
            f"topic: {one_line(stratum.name, 80)}",
            f"{numbers.rate(stratum.share)} of production, {stratum.cases:,} cases from {stratum.traces:,} traces",
        )
        for stratum in largest[:_STRATA]
    ]
    rest = len(largest) - len(facts)
    return [*facts, ("more topics", f"{rest:,}")] if rest else facts


def _run_facts(run: Run) -> _Facts:
    system = run.system
    facts = [
        ("system", f"{one_line(system.name, 80)} ({one_line(system.kind, 40)})"),
        ("digest", system.digest[:_DIGEST]),
        ("run", one_line(run.run_id, 80)),
        ("finished", moment(run.finished_at)),
        ("tries per case", str(run.repeats)),
    ]
    if not run.complete:
        facts.append(("stopped early", "not every case has an answer"))
    facts += [
        (one_line(name.replace("_", " "), 60), one_line(value, _TEXT))
        for name, value in sorted(run.environment.items())
        if not name.startswith(_JUDGED)
    ]
    return facts + [(one_line(name, 60), _words(value)) for name, value in sorted(system.parameters.items())]


def _metric_facts(run: Run) -> _Facts:
    return [
        (
            one_line(metric.name, 60),
            ", ".join(
                filter(
                    None,
                    (
                        metric.kind,
                        "more is better" if metric.higher_is_better else "less is better",
                        f"decided by {one_line(metric.judge, 80)}" if metric.judge else "",
                    ),
                )
            ),
        )
        for metric in run.metrics
    ]


def _privacy_facts(evalset: EvalSet | None, sanitizing: Mapping[str, object] | None) -> _Facts:
    if sanitizing is None:
        if evalset is not None and evalset.sanitize_digest is None:
            return [("texts", "every case was written by hand")]
        return []
    return [
        (one_line(name.replace("_", " "), 60), _words(value))
        for name, value in sanitizing.items()
        if name not in _UNSHOWN
    ]


def _privacy_checks(sanitizing: Mapping[str, object]) -> _Facts:
    """Canaries, second pass and rare attributes of a manifest; one of an older version has none of them."""
    facts: _Facts = [
        (
            f"planted: {one_line(str(found.get('kind')), 60)}",
            f"{found.get('removed')} of {found.get('planted')} removed; at least {_share(found.get('low'))} of all such values, with 95 % confidence",
        )
        for found in _rows(sanitizing.get("canaries"))
    ]
    second = sanitizing.get("second_pass")
    if isinstance(second, Mapping):
        facts.append(("second pass: texts looked at", _words(second.get("texts"))))
        facts.append(("second pass: texts passed over", _words(second.get("passed_over"))))
        facts.append(("second pass: suspected, by type", _words(second.get("candidates")) or "nothing"))
    facts += [
        (
            f"kept together: {_words(found.get('kinds'))}",
            (
                f"{_words(found.get('few'))} of {_words(found.get('users'))} users share theirs with fewer than four others, "
                f"{_words(found.get('alone'))} with nobody: these values may tell who they are"
            ),
        )
        for found in _rows(sanitizing.get("rare_attributes"))
    ]
    return facts


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _share(value: object) -> str:
    return numbers.rate(value) if isinstance(value, float) else _words(value)


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return one_line(", ".join(f"{key}: {_words(item)}" for key, item in value.items()), _TEXT)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return one_line(", ".join(_words(item) for item in value), _TEXT)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(f"{value:,}" if isinstance(value, int) else str(value), _TEXT)
