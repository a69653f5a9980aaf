"""Findings that overlap to findings that do not."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Span


def resolved(spans: Sequence[Span], recalled: Sequence[Span] = ()) -> list[Span]:
    """Spans that do not overlap, in order of the text; together they cover what was covered before.

    The surest wins, then the longest; what was only recalled comes last. What sticks out of the
    winner is kept as a span of its own, for every character of every finding has to go.
    """
    if len(spans) + len(recalled) < 2:
        return [*spans, *recalled]
    kept: list[Span] = []
    for tier in (spans, recalled):
        for span in tier if len(tier) < 2 else sorted(tier, key=lambda s: (-s.score, s.start - s.end, s.start, s.kind)):
            for part in _outside(span, kept):
                insort(kept, part, key=_start)
    return _joined(kept)


def _joined(kept: list[Span]) -> list[Span]:
    """Spans of one kind that touch are one: a name or an address that two detectors saw in part."""
    joined: list[Span] = []
    for span in kept:
        if joined and joined[-1].end == span.start and joined[-1].kind == span.kind:
            surer = max(joined[-1], span, key=lambda s: s.score)
            joined[-1] = surer._replace(start=joined[-1].start, end=span.end)
        else:
            joined.append(span)
    return joined


def _start(span: Span) -> int:
    return span.start


def _outside(span: Span, kept: list[Span]) -> list[Span]:
    """The parts of a span that none of the kept ones covers."""
    parts, at = [], span.start
    first = max(0, bisect_right(kept, span.start, key=_start) - 1)
    for index in range(first, len(kept)):
        other = kept[index]
        if other.start >= span.end:
            break
        if at < other.start:
            parts.append(span._replace(start=at, end=other.start))
        at = max(at, other.end)
    if at == span.start:
        parts.append(span)
    elif at < span.end:
        parts.append(span._replace(start=at))
    return parts
