"""Where the numbers come from: set, systems and metrics, as terms and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.judges import JUDGED
from llmci.core.reporting.view import FactGroup

if TYPE_CHECKING:
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run

_TEXT = 200
_DIGEST = 12
_STRATA = 12

_Facts = list[tuple[str, str]]


def fact_groups(baseline: Run, candidate: Run, evalset: EvalSet | None) -> tuple[FactGroup, ...]:
    """Where the numbers come from: the groups that have something to say."""
    return _groups(
        ("Eval set", _set_facts(candidate, evalset)),
        ("Baseline", _run_facts(baseline)),
        ("Candidate", _run_facts(candidate)),
        ("Metrics", _metric_facts(candidate)),
    )


def _groups(*groups: tuple[str, _Facts]) -> tuple[FactGroup, ...]:
    return tuple(FactGroup(title=title, facts=tuple(facts)) for title, facts in groups if facts)


def set_name(run: Run) -> str:
    """The set and its version, as people say it."""
    return f"{one_line(run.evalset_name, 80)} v{run.evalset_version}"


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
        ("made", numbers.moment(evalset.created_at)),
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
        ("finished", numbers.moment(run.finished_at)),
        ("tries per case", str(run.repeats)),
    ]
    if not run.complete:
        facts.append(("stopped early", "not every case has an answer"))
    facts += [
        (one_line(name.replace("_", " "), 60), one_line(value, _TEXT))
        for name, value in sorted(run.environment.items())
        if not name.startswith(JUDGED)
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


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return one_line(", ".join(f"{key}: {_words(item)}" for key, item in value.items()), _TEXT)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return one_line(", ".join(_words(item) for item in value), _TEXT)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(f"{value:,}" if isinstance(value, int) else str(value), _TEXT)
