"""The shape of a value, which may be shown where the value may not."""

from __future__ import annotations

import re

_LONGEST = 60


def mask(value: str) -> str:
    """Letters as A and a, digits as 0, of the first 60 characters."""
    shape = re.sub(r"[^\W\d_]", lambda match: "A" if match[0].isupper() else "a", value[:_LONGEST])
    return re.sub(r"\d", "0", shape)
