"""Answers that say nothing: empty, the question again, the same sentence over and over, or the same for every question."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field
from rapidfuzz.distance import Indel

from llmci import seams
from llmci.adapters.scorers.rule import Marked, RuleScorer
from llmci.core.bench.chat import question_of
from llmci.core.grouping.loops import says_again
from llmci.domain.run import Answered, Metric, Scored
from llmci.domain.text import declared_clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Score

# Shorter questions, such as a greeting, may be answered by themselves.
_LEAST_ECHO = 15
_ALIKE = 0.9
# A word or a phrase so often in a row: models that have lost their way say nothing else any more.
_RUN = 12
_LONGEST_PHRASE = 8
# Among fewer questions the same answer may well be right.
_LEAST_QUESTIONS = 10

_CONSTANT = "the same answer to every question"


class DegenerateOptions(seams.Options):
    """What counts as saying nothing.

    Attributes:
        constant: An answer that is given to this share of all questions or more, and to at least ten,
            counts; 1.0 looks for nothing but one answer to everything.
    """

    constant: float = Field(default=0.8, gt=0, le=1)


class DegenerateScorer(RuleScorer[DegenerateOptions]):
    """1 for an answer that says nothing, which is the worse."""

    Options = DegenerateOptions

    version = 2

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind="binary", digest=self.digest(), higher_is_better=False)

    def mark(self, case: Case, answer: Answered) -> float | Marked:
        """See `RuleScorer.mark`."""
        text = answer.text.strip()
        calls = any(part.type == "tool_call" for message in answer.messages for part in message.parts)
        if not text:
            return 0.0 if calls else Marked(1.0, "empty")
        question = question_of(case).strip()
        if len(question) >= _LEAST_ECHO and Indel.normalized_similarity(text, question, score_cutoff=_ALIKE):
            return Marked(1.0, "the question again")
        if says_again(text) or _runs(text):
            return Marked(1.0, "the same again and again")
        return 0.0

    def across(self, cases: Sequence[Case], answers: Sequence[Answer], scores: Sequence[Score]) -> Iterator[Score]:
        """See `llmci.seams.AcrossScorer`: what is only seen when all answers are there."""
        questions = {case.case_id: question_of(case) for case in cases}
        asked: defaultdict[str, set[str]] = defaultdict(set)
        said = {(item.case_id, item.repeat): item.text.strip() for item in answers if isinstance(item, Answered)}
        for (case_id, _), text in said.items():
            asked[text].add(questions[case_id])
        most = self.options.constant * len({question for found in asked.values() for question in found})
        constant = {text for text, found in asked.items() if len(found) >= max(most, _LEAST_QUESTIONS)}
        for score in scores:
            if not isinstance(score, Scored):
                continue
            is_constant = said.get((score.case_id, score.repeat)) in constant
            if is_constant and score.value == 0:
                yield replace(score, value=1.0, reason=declared_clean(_CONSTANT))
            elif not is_constant and score.reason == _CONSTANT:
                # It was, when fewer answers were there.
                yield replace(score, value=0.0, reason=None)


def _runs(text: str) -> bool:
    """Whether it ends in a phrase of up to a few words that comes many times in a row."""
    words = text.lower().split()[-_RUN * _LONGEST_PHRASE :]
    return any(
        len(words) >= size * _RUN and words[-size * _RUN :] == words[-size:] * _RUN
        for size in range(1, _LONGEST_PHRASE + 1)
    )
