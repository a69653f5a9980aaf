"""What a reader of a verdict should know about the comparison behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.wording import count, listed, money, percent
from llmci.domain.run import SCORES_ONLY, Scored, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.core.gating.ask import Comparison
    from llmci.core.gating.frame import Frame
    from llmci.domain.run import Looks, Run

# The clustered spread is known to be too small with fewer or more unequal groups.
_FEW_GROUPS = 30
_LARGE_SHARE = 0.1
# Chance of faults this one-sided, below which they are no chance.
_ONE_SIDED = 0.001
# Fewer verdicts may well be the same.
_MANY_VERDICTS = 20


def remarks(comparison: Comparison, baseline: Run, candidate: Run, set_size: int) -> Iterator[str]:
    """Sentences about the comparison, the most surprising first."""
    asked = len(comparison.frame.cases)
    if baseline.run_id == candidate.run_id:
        yield "baseline and candidate are the same run"
    if candidate.looks:
        yield _early(candidate.looks, baseline, candidate)
        yield from _history(comparison)
    elif asked < set_size:
        yield f"{asked:,} of the {count(set_size, 'case')} of the set were asked"
    yield from _failures(baseline, candidate)
    yield from _one_sided(baseline, candidate)
    yield from _same_verdicts(baseline, candidate)
    for name, pairs in comparison.compared.items():
        if pairs.lost and not pairs.no_evidence:
            yield f"{name}: {count(pairs.lost, 'case')} left out: no value, through no fault of either system"
        if pairs.inapplicable.any() and not pairs.no_evidence:
            yield f"{name}: {count(int(pairs.inapplicable.sum()), 'case')} left out: nothing to compare with"
    yield from _dependence(comparison.frame)


def _early(looks: Looks, baseline: Run, candidate: Run) -> str:
    """When the gates were decided, and what that saved."""
    planned, asked = looks.planned[-1], looks.asked
    look = f"look {looks.taken} of {len(looks.planned)}"
    if asked == planned:
        return f"all {count(planned, 'planned case')} were asked ({look})"
    calls = count((planned - asked) * candidate.repeats, "call")
    whose = "" if SCORES_ONLY in baseline.environment else " of each system"
    said = f"decided early, after {asked:,} of {count(planned, 'planned case')} ({look}): {calls}{whose} saved"
    spent = None if candidate.cost is None else candidate.cost + (candidate.judge_cost or 0.0)
    return f"{said}, about {money(spent * (planned - asked) / asked)} of the candidate's" if spent else said


def _history(comparison: Comparison) -> Iterator[str]:
    helped = [name for name, pairs in comparison.compared.items() if pairs.history is not None]
    if helped:
        yield (
            f"{listed(helped)}: the change is set right by what earlier runs scored on the cases not asked, so it may "
            "differ a little from the difference of the two means"
        )


def _failures(baseline: Run, candidate: Run) -> Iterator[str]:
    before, after = (
        len({a.case_id for a in run.answers if isinstance(a, Unanswered) and a.fault == "system"})
        for run in (baseline, candidate)
    )
    if before or after:
        yield (
            f"the candidate failed to answer {count(after, 'case')} and the baseline {before:,}: "
            "each counts as the worst score"
        )


def _one_sided(baseline: Run, candidate: Run) -> Iterator[str]:
    """Faults that are nobody's should hit both systems alike; where they do not, what is left is no fair sample.

    The exact sign test on the cases that one system alone lost: the sample ratio of experiments, for pairs.
    """
    lost = [
        {a.case_id for a in run.answers if isinstance(a, Unanswered) and a.fault == "infrastructure"}
        for run in (baseline, candidate)
    ]
    before, after = len(lost[0] - lost[1]), len(lost[1] - lost[0])
    if not before + after:
        return
    tail = sum(math.comb(before + after, k) for k in range(min(before, after) + 1)) / 2 ** (before + after)
    if 2 * tail <= _ONE_SIDED:
        side = "the candidate" if after > before else "the baseline"
        yield (
            f"{side} lost {max(before, after):,} of the {count(before + after, 'case')} that only one system lost to faults "
            "that should hit both alike: what is left may not be a fair sample; see what is special about these calls"
        )


def _same_verdicts(baseline: Run, candidate: Run) -> Iterator[str]:
    """Judges that told nothing apart: a judge that has broken looks like two systems that are equally good."""
    for metric in candidate.metrics:
        if metric.judge is None:
            continue
        scores = (score for run in (baseline, candidate) for score in run.scores if score.metric == metric.name)
        # Only what the judge was asked about has a reason in its words.
        said = [score.value for score in scores if isinstance(score, Scored) and score.reason is not None]
        if len(said) >= _MANY_VERDICTS and len(set(said)) == 1:
            yield (
                f"{metric.name}: the judge {metric.judge} gave the same verdict on all {len(said):,} answers of both systems,"
                " so it told nothing apart: see that it still works"
            )


def _dependence(frame: Frame) -> Iterator[str]:
    sizes = np.bincount(frame.groups)
    if len(sizes) == len(frame.cases):
        return
    if len(sizes) < _FEW_GROUPS:
        yield (
            f"the {count(len(frame.cases), 'case')} form only {count(len(sizes), 'independent group')}: "
            "the error rates are less certain"
        )
    elif sizes.max() > _LARGE_SHARE * len(frame.cases):
        yield (
            f"one group of dependent cases holds {percent(sizes.max() / len(frame.cases))} of all: "
            "the error rates are less certain"
        )
