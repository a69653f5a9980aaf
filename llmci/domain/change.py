"""A change that is proposed to an eval set, for a person to review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ChangeAction = Literal["add", "reopen", "retire"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of `review.jsonl`.

    Attributes:
        action: add: a failure that the set does not hold, or holds only by chance of the draw, is drawn in any
            case from now on. reopen: the same, for one that was retired and has come again. retire: a failure that
            has long passed is left out.
        case_id: Of the input.
        trace_id: The trace that it is made of; None where a case is retired.
        reasons: Why, as flags or in words without user text.
        topic: Group of inputs that it belongs to; "other" where too few users wrote into that group.
        seen_in: production, `canary <variant>` or `bench <run>`.
        promotion: What was promoted when this was proposed.
    """

    action: ChangeAction
    case_id: str
    trace_id: str | None
    reasons: tuple[str, ...]
    topic: str
    seen_in: str
    promotion: str
