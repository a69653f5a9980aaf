"""Where the baseline of a comparison comes from and how old it is, as sentences."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from llmci.core.wording import count

if TYPE_CHECKING:
    from llmci.domain.run import Run

# What a candidate's run says in its environment of its baseline; a value of `ORIGINS`, then where it was.
BASELINE_FROM = "baseline_from"
PAIRED = "asked in the same job"
OLD_DAYS = 14.0
_DAY_S = 86_400.0


def origin(baseline: Run, candidate: Run) -> tuple[str, ...]:
    """What to know of a baseline that was not asked beside the candidate; empty where it was."""
    source = candidate.environment.get(BASELINE_FROM, PAIRED)
    if source == PAIRED:
        return ()
    days = age_days(baseline, candidate.started_at)
    told = f"the baseline was not asked again: {source}, run {baseline.run_id}, {age_words(days)}"
    if days is not None and days > OLD_DAYS:
        told += "; the model behind a name may have changed since: promote a new one"
    return (told,)


def age_days(baseline: Run, now: str) -> float | None:
    """Days from the end of a run to a moment in ISO 8601, at least 0; None where either is not said."""
    try:
        apart = datetime.fromisoformat(now) - datetime.fromisoformat(baseline.finished_at)
    except (TypeError, ValueError):
        return None
    return max(apart.total_seconds() / _DAY_S, 0.0)


def age_words(days: float | None) -> str:
    """Such as "3 days old"."""
    if days is None:
        return "of unknown age"
    return "less than a day old" if days < 1 else f"{count(int(days), 'day')} old"
