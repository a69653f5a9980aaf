"""The rollout as one HTML file that opens anywhere: no script, no request, drawings inline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.adapters.reporters.pages import pieces
from llmci.core import wording
from llmci.core.reporting.curves import HEIGHT, WIDTH, Curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.rollout import Criterion, Decision, RolloutPlan

_BEYOND = 1_000_000
_TONES = {"expand": "good", "done": "good", "roll back": "bad", "hold": "unsure", "no evidence": "unsure"}
_SIGNS = {"expand": "↑", "done": "✓", "roll back": "↓", "hold": "=", "no evidence": "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A line of the audit log, in words."""

    at: str
    what: str
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPage:
    """What the page shows.

    Attributes:
        at: When the evidence was read.
        exposure: Points of the share over time; empty where it was never moved.
        together: Evidence against, of all criteria.
        against: Evidence that rolls back.
        curves: Evidence in favour, by criterion.
        in_favour: Evidence that the next share needs.
        following: What the candidate gets next, in words.
        units: How many requests, or users, were seen.
    """

    plan: RolloutPlan
    digest: str
    decision: Decision
    at: str
    exposure: str
    together: Curve
    against: float
    curves: Sequence[tuple[str, Curve]]
    in_favour: float
    following: str
    units: int
    acts: Sequence[Act]


def rendered(page: RolloutPage) -> bytes:
    """Equal input gives equal bytes."""
    return b"".join(
        pieces(
            "rollout.html.j2",
            page=page,
            tone=_TONES[page.decision.action],
            sign=_SIGNS[page.decision.action],
            wide=WIDTH,
            high=HEIGHT,
            mean=_mean,
            evidence_of=_evidence,
        )
    )


def _mean(criterion: Criterion, value: float | None) -> str:
    if value is None:
        return wording.UNKNOWN
    return wording.percent(value) if criterion.kind == "error" else f"{value:,.4g}"


def _evidence(value: float) -> str:
    """An e-value: beyond a million it is only said that it is."""
    if value >= _BEYOND:
        return f"over {_BEYOND:,}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
