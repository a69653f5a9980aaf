"""What a server says about how often it may be asked: `Retry-After`, `X-RateLimit-*` and `RateLimit-*` headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from llmci.core.bench.retry_after import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# A reset beyond this is a moment since 1970 rather than seconds from now: nobody limits by the year.
_LONGEST_DELTA = 30_000_000
# `String(new Date())` in JavaScript: Sat Nov 21 2026 12:34:56 GMT+0100 (Central European Standard Time)
_JAVASCRIPT = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT([+-]\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# `RateLimit: "default";r=50;t=30` and `RateLimit-Policy: "default";q=100;w=60`, of the IETF's later drafts.
_ITEM = re.compile(r";\s*(\w+)\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the headers of one response say; None where they do not.

    Attributes:
        limit: Requests allowed in a period.
        remaining: Requests left of it.
        reset_s: Seconds until the next period.
        retry_after_s: Seconds for which nothing should be asked.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    retry_after_s: float | None = None


def limits_in(headers: Mapping[str, str], now: float) -> Limits:
    """Read a response's headers.

    Args:
        headers: With names in lower case.
        now: Seconds since 1970 by the local clock; the server's own `Date` goes before it, so that
            a clock that is wrong does not matter.
    """
    now = moment_of(headers.get("date", "")) or now
    item = dict(_ITEM.findall(headers.get("ratelimit", "")))
    policy = dict(_ITEM.findall(headers.get("ratelimit-policy", "")))
    reset = _first(headers, "x-ratelimit-reset", "ratelimit-reset", "x-ratelimit-reset-requests")
    return Limits(
        limit=_count(_first(headers, "x-ratelimit-limit", "ratelimit-limit") or policy.get("q")),
        remaining=_count(_first(headers, "x-ratelimit-remaining", "ratelimit-remaining") or item.get("r")),
        reset_s=reset_of(reset or item.get("t"), now),
        retry_after_s=seconds_of(headers.get("retry-after"), now),
    )


def reset_of(text: str | None, now: float) -> float | None:
    """Seconds until a reset: seconds from now or since 1970 (also milliseconds), ISO 8601, an HTTP or a JavaScript date."""
    if not text:
        return None
    try:
        number = float(text.removesuffix("s"))
    except ValueError:
        moment = moment_of(text)
        return None if moment is None else max(0.0, moment - now)
    if number > _LONGEST_DELTA * 1000:
        number /= 1000
    return max(0.0, number - now if number > _LONGEST_DELTA else number)


def moment_of(text: str) -> float | None:
    """Seconds since 1970, from ISO 8601, an HTTP date or a JavaScript one; None where it is none of these."""
    if found := _JAVASCRIPT.match(text):
        month, *rest, zone = found.groups()
        if month in _MONTHS:
            day, year, hour, minute, second = map(int, rest)
            offset = (int(zone[1:3]) * 60 + int(zone[3:])) * 60 * (-1 if zone[0] == "-" else 1)
            return datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second, tzinfo=UTC).timestamp() - offset
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text.strip())
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _first(headers: Mapping[str, str], *names: str) -> str | None:
    return next((headers[name] for name in names if headers.get(name)), None)


def _count(text: str | None) -> int | None:
    # Some servers list several windows: `100, 100;w=60`.
    found = re.match(r"\s*(\d+)", text or "")
    return int(found[1]) if found else None
