"""Evidence to outcomes: one error rate over everything that can fail the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.measure import measure, needed_cases
from llmci.core.gating.questions import evidence
from llmci.core.gating.sentences import because, too_few
from llmci.core.stats.multiplicity import benjamini_hochberg, holm
from llmci.domain.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.gating.questions import Evidence, Question
    from llmci.core.stats.arrays import BoolArray

# Of the warnings about slices that gate nothing, at most so many are false on average.
WARNING_RATE = 0.10


@dataclass(frozen=True, slots=True)
class _Answered:
    """A question, its evidence, and the evidence for a drop once all questions are counted."""

    asked: Question
    evidence: Evidence
    adjusted: float

    def outcome(self) -> Outcome:
        alpha = self.asked.rule.alpha
        if self.evidence.none <= alpha:
            return Outcome.PASSED
        proven = self.alone() and self.adjusted <= (alpha if in_family(self.asked) else max(alpha, WARNING_RATE))
        return Outcome.REGRESSED if proven else Outcome.INCONCLUSIVE

    def alone(self) -> bool:
        """Whether a drop is proven for this question taken alone."""
        return self.evidence.drop <= self.asked.rule.alpha


def decide(questions: Sequence[Question]) -> list[Verdict]:
    """Answer questions together, in their order.

    What can fail the run shares one error rate (Holm). Slices that only warn share a rate of false
    warnings (Benjamini-Hochberg). A rule that is only watched stands for itself. Passing needs no
    correction: a run passes only if every primary rule does (Berger 1982).
    """
    judged = [asked for asked in questions if not thin(asked)]
    answers = [evidence(asked) for asked in judged]
    drops = np.array([answer.drop for answer in answers])
    adjusted = drops.copy()
    family = np.array([in_family(asked) for asked in judged], dtype=np.bool_)
    warned = np.array([not in_family(asked) and asked.slice is not None for asked in judged], dtype=np.bool_)
    adjusted[family] = holm(drops[family])
    adjusted[warned] = benjamini_hochberg(drops[warned])
    found = iter([_Answered(*both) for both in zip(judged, answers, adjusted.tolist(), strict=True)])
    return [_thin_verdict(asked) if thin(asked) else _verdict(next(found)) for asked in questions]


def any_fails(questions: Sequence[Question], swapped: BoolArray) -> bool:
    """Whether the run would fail with baseline and candidate exchanged in some cases of the frame."""
    asked = [one.exchanged(swapped) for one in questions if in_family(one) and not thin(one)]
    answers = [evidence(one) for one in asked]
    adjusted = holm(np.array([answer.drop for answer in answers])).tolist()
    together = zip(asked, answers, adjusted, strict=True)
    return any(_Answered(*both).outcome() is Outcome.REGRESSED for both in together)


def in_family(asked: Question) -> bool:
    """Whether the question can fail the run, and so shares its error rate."""
    return asked.gating


def thin(asked: Question) -> bool:
    """Whether a slice has too few cases to be judged."""
    return asked.slice is not None and len(asked.baseline) < asked.rule.min_cases


def _verdict(answered: _Answered) -> Verdict:
    asked, outcome = answered.asked, answered.outcome()
    seen = measure(asked)
    needed = needed_cases(asked, seen) if outcome is Outcome.INCONCLUSIVE else None
    return Verdict(
        rule=asked.rule,
        outcome=outcome,
        because=because(asked, outcome, seen, needed=needed, alone=answered.alone()),
        gating=asked.gating,
        difference=seen,
        slice=asked.slice,
        needed_cases=needed,
    )


def _thin_verdict(asked: Question) -> Verdict:
    return Verdict(
        rule=asked.rule,
        outcome=Outcome.INCONCLUSIVE,
        because=too_few(asked),
        # Too thin to fail the run: it does not take part in the shared error rate either.
        gating=False,
        difference=measure(asked),
        slice=asked.slice,
    )
