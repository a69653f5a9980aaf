"""Findings that overlap to findings that do not."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Span


# A name within one of these is a part of it, however sure its finder was: of an address of mail, most of all.
_WHOLE = frozenset({"EMAIL_ADDRESS", "PHONE_NUMBER", "IBAN_CODE", "CREDIT_CARD", "DATE_OF_BIRTH", "USER_ID"})
_PART = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "ADDRESS"})


def resolved(spans: Sequence[Span], recalled: Sequence[Span] = ()) -> list[Span]:
    """Spans that do not overlap, in order of the text; together they cover what was covered before.

    The surest wins, then the longest; a name within an address of mail gives way to it; what was only recalled comes last. What sticks out of the
    winner is kept as a span of its own, for every character of every finding has to go.
    """
    if len(spans) + len(recalled) < 2:
        return [*spans, *recalled]
    kept: list[Span] = []
    for tier in (spans, recalled):
        for span in tier if len(tier) < 2 else _ranked(tier):
            for part in _outside(span, kept):
                insort(kept, part, key=_start)
    return _joined(kept)


def _ranked(spans: Sequence[Span]) -> list[Span]:
    ranked = sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start, s.kind))
    whole = sorted((s for s in spans if s.kind in _WHOLE), key=_start)
    if not whole:
        return ranked
    # Digits of an account may be a card's by chance.
    accounts = [s for s in whole if s.kind == "IBAN_CODE"]
    return sorted(ranked, key=lambda s: _is_within(s, whole if s.kind in _PART else accounts))


def _is_within(span: Span, whole: Sequence[Span]) -> bool:
    at = bisect_right(whole, span.start, key=_start) - 1
    return at >= 0 and span.end <= whole[at].end and span.end - span.start < whole[at].end - whole[at].start


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
