"""How often a configuration cries wolf: its own rules on its own cases, with the systems exchanged at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.gating.decide import any_fails, in_family
from llmci.core.stats.swapnull import false_alarm_rate

if TYPE_CHECKING:
    from llmci.core.gating.ask import Comparison


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What came of it.

    Attributes:
        rate: Share of the exchanges after which the run failed, although nothing differed.
        allowed: The largest error rate of the rules.
        draws: How many exchanges were tried.
        questions: How many questions could fail the run.
    """

    rate: float
    allowed: float
    draws: int
    questions: int


def self_test(comparison: Comparison, *, draws: int, seed: int) -> SelfTest:
    """Exchange baseline and candidate case by case, at random, and decide each time."""
    questions = [asked for asked in comparison.questions() if in_family(asked)]
    rate = false_alarm_rate(
        lambda swapped: any_fails(questions, swapped),
        cases=len(comparison.frame.cases),
        groups=comparison.frame.groups,
        draws=draws,
        seed=seed,
    )
    allowed = max((asked.rule.alpha for asked in questions), default=0.0)
    return SelfTest(rate, allowed, draws, len(questions))
