"""Two texts to the words that one of them has and the other has not."""

from __future__ import annotations

import difflib
import re
from typing import Literal

Op = Literal["same", "gone", "new"]
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def word_diff(before: str, after: str) -> tuple[tuple[Op, str], ...]:
    """Runs of text in reading order; "same" and "gone" together give `before`, "same" and "new" give `after`.

    Example:
        >>> word_diff("in Lyon", "in Nice")
        (('same', 'in '), ('gone', 'Lyon'), ('new', 'Nice'))
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    runs: list[tuple[Op, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            runs.append(("same", "".join(old[a:b])))
            continue
        if b > a:
            runs.append(("gone", "".join(old[a:b])))
        if d > c:
            runs.append(("new", "".join(new[c:d])))
    return tuple(runs)
