"""What the last look at drift said of a set, so that a verdict on that set can say it, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.config import Config
    from llmci.domain.evalset import EvalSet

# A set older than this may well be of another traffic.
_OLD_DAYS = 90


def last_drift(config: Config) -> Mapping[str, object] | None:
    """What `llmci.wiring.drift.remember` kept; None where drift was never measured."""
    try:
        found = read_json(config.state / "drift.json")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def on_drift(config: Config, evalset: EvalSet, *, run_at: str) -> Iterator[str]:
    """Sentences for a verdict: what was last seen of this version, or that it is old and nobody looked.

    Args:
        run_at: When the candidate was asked, ISO 8601.
    """
    seen = last_drift(config) or {}
    if seen.get("evalset") == evalset.name and seen.get("version") == evalset.version:
        yield f"drift, as of {str(seen.get('measured_at'))[:10]}: {seen.get('verdict')}"
    elif (days := _days(evalset.created_at, run_at)) > _OLD_DAYS and evalset.sanitize_digest is not None:
        yield f"the eval set was drawn {days:,} days before this run; `llmci evalset drift` says whether it still holds"


def _days(before: str, after: str) -> int:
    try:
        start, end = (datetime.fromisoformat(text) for text in (before, after))
        return (_aware(end) - _aware(start)).days
    except ValueError:
        return 0


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
