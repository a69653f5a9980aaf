"""Whose fault an error is, as far as the message that a runner kept of it tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.domain.run import Fault

# Refused, throttled, unreachable or out of time: the system behind it was never heard.
_OUTSIDE = re.compile(
    r"""
    (?:http|status|code|error)[^a-z0-9]{0,20}(?:401|403|408|425|429|5\d\d)\b
    | \b(?:too\ many\ requests|rate.?limit\w* | overloaded | quota)
    | \btime[d\-\s]?\s?-?out\b | \btimeout
    | \bconnect(?:ion)?\ ?(?:error|refused|reset|aborted|closed) | socket\ hang\ up | fetch\ failed
    | \bE(?:CONN\w+|NOTFOUND|AI_AGAIN|TIMEDOUT|PIPE)\b | name\ (?:resolution|or\ service\ not\ known)
    | service\ unavailable | bad\ gateway | internal\ server\ error
    | unauthori[sz]ed | authentication\ ?error | (?:invalid|missing|incorrect)\ api.?key | api\ key\ (?:is\ )?not\ set
    """,
    re.IGNORECASE | re.VERBOSE,
)


def fault_of(message: str) -> Fault:
    """Read an error message; what it does not explain is the system's own."""
    # Below the first line stands where it happened, in the runner's own words.
    first = message.strip().partition("\n")[0]
    return "infrastructure" if _OUTSIDE.search(first) else "system"
