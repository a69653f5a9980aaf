"""Why answers or scores are missing, in the words of those who lost them: a verdict without evidence says it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from llmci.core.wording import count
from llmci.domain.run import Scored, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.run import Run

_MOST = 2


def causes(metric: str, baseline: Run, candidate: Run) -> str:
    """The most frequent reasons why a metric has no value, such as "HTTP 401 ... (40 cases of the candidate)".

    Only faults that are not a system's: those of a system are values. Empty where no reason is known.
    """
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for who, run in (("baseline", baseline), ("candidate", candidate)):
        for case_id, why in _lost(metric, run):
            found[why, who].add(case_id)
    frequent = sorted(found.items(), key=lambda item: -len(item[1]))
    told = [f"{why} ({count(len(cases), 'case')} of the {who})" for (why, who), cases in frequent[:_MOST]]
    if len(frequent) > _MOST:
        told.append(f"{count(len(frequent) - _MOST, 'other reason')}")
    return "; ".join(told)


def _lost(metric: str, run: Run) -> Iterator[tuple[str, str]]:
    """Case and reason; an answer that is missing explains every score that is missing with it."""
    unanswered = {
        (answer.case_id, answer.repeat): answer.why
        for answer in run.answers
        if isinstance(answer, Unanswered) and answer.fault == "infrastructure"
    }
    for (case_id, _), why in unanswered.items():
        yield case_id, why
    for score in run.scores:
        if score.metric != metric or isinstance(score, Scored) or score.fault == "system":
            continue
        if (score.case_id, score.repeat) not in unanswered:
            yield score.case_id, score.why
