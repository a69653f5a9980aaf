"""Scores of cases that have no answer: the worst there is, or no evidence, by whose fault it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.domain.run import Scored, Unscored

if TYPE_CHECKING:
    from llmci.domain.run import Metric, Score, Unanswered


def score_without_answer(metric: Metric, answer: Unanswered) -> Score:
    """A system that fails a case earns the worst value; leaving the case out would reward failing.

    Cost, tokens and latency have no worst value: there the case is not scored.
    """
    case_id, repeat = answer.case_id, answer.repeat
    if answer.fault == "system" and metric.kind in ("binary", "graded"):
        worst = metric.low if metric.higher_is_better else metric.high
        return Scored(case_id=case_id, repeat=repeat, metric=metric.name, value=worst, error=answer.why)
    return Unscored(
        case_id=case_id, repeat=repeat, metric=metric.name, why=f"no answer: {answer.why}", fault=answer.fault
    )
