"""What got worse, as single alarms for the formats that pin one to a line of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.reporting.inert import one_line
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.domain.verdict import GateResult, Verdict

_NAME, _REASON = 120, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """One metric, on all cases or on a slice, that was shown to be worse.

    Attributes:
        title: The metric, with its slice where it is one.
        gating: It failed the run; otherwise it is only told.
    """

    metric: str
    title: str
    because: str
    gating: bool

    @property
    def level(self) -> str:
        """As GitHub and SARIF spell it."""
        return "error" if self.gating else "warning"


def regressions(result: GateResult) -> tuple[Regression, ...]:
    """What failed the run first, then what did not; each in the order of the gates."""
    found = [_regression(verdict) for verdict in result.verdicts if verdict.outcome is Outcome.REGRESSED]
    return tuple(sorted(found, key=lambda regression: not regression.gating))


def _regression(verdict: Verdict) -> Regression:
    metric = one_line(verdict.rule.metric, _NAME)
    part = f" [{one_line(': '.join(verdict.slice), _NAME)}]" if verdict.slice else ""
    return Regression(
        metric=metric,
        title=f"{metric}{part} regressed",
        because=one_line(verdict.because, _REASON),
        gating=verdict.gating,
    )
