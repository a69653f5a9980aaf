"""Two texts to the words that one of them has and the other has not."""

from __future__ import annotations

import difflib
import re
from itertools import groupby
from typing import Literal

Op = Literal["same", "gone", "new"]
Runs = tuple[tuple[Op, str], ...]
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def word_diff(before: str, after: str) -> Runs:
    """Runs of text in reading order; "same" and "gone" together give `before`, "same" and "new" give `after`.

    Example:
        >>> word_diff("in Lyon", "in Nice")
        (('same', 'in '), ('gone', 'Lyon'), ('new', 'Nice'))
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    runs: list[tuple[Op, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            same = "".join(old[a:b])
            # A blank between two changes is part of the change; else every word would be marked on its own.
            between = same.isspace() and runs and b < len(old) and d < len(new)
            runs += [("gone", same), ("new", same)] if between else [("same", same)]
            continue
        if b > a:
            runs.append(("gone", "".join(old[a:b])))
        if d > c:
            runs.append(("new", "".join(new[c:d])))
    return tuple(runs)


def side(runs: Runs, own: Op) -> Runs:
    """What one of the two texts shows: what is the same and what is its `own`, neighbours joined."""
    shown = (run for run in runs if run[0] in ("same", own))
    return tuple((op, "".join(text for _, text in group)) for op, group in groupby(shown, key=lambda run: run[0]))
