"""Titles and degrees around a name: they are nobody's, and carry the register of a text, so they stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.domain.finding import Span

_TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Rev|Hon|Sir|Madam|Dame|Lt|Col|Sgt|Capt|Herrn?|Frau|Sra?|Señora?|Mme|Mlle"
    r"|Monsieur|Madame)"
)
_BEFORE = re.compile(rf"(?:{_TITLE}(?:\.[ \t]*|[ \t]+)(?:(?:and|und|et|y|&)[ \t]+(?={_TITLE}\b))?)+", re.IGNORECASE)
_DEGREE = (
    r"(?:M\.?D|D\.?O|Ph\.?D|D\.?D\.?S|D\.?V\.?M|D\.?M\.?D|Pharm\.?D|Psy\.?D|Ed\.?D|J\.?D|M\.?B\.?A|M\.?Sc|B\.?Sc|M\.A|B\.A|R\.?N"
    r"|N\.P|C\.?P\.?A|FACP|FACS|Esq)"
)
_TITLED = re.compile(rf"(?<![^\W_])(?:{_TITLE}\b\.?[ \t]+)+$", re.IGNORECASE)
_REACH = 30
# In capitals as people write degrees: "md" and "do" are other words.
_BEHIND = re.compile(rf"(?:(?:,[ \t]*|[ \t]+){_DEGREE}\.?)+$")
_DEGREES = re.compile(rf"(?:(?:,[ \t]*|[ \t]+){_DEGREE}(?!\w)\.?)+")


def without_titles(span: Span, text: str) -> Span:
    """The span of the name alone; a span that is nothing but titles stays as it is."""
    if span.kind != "PERSON":
        return span
    value = text[span.start : span.end]
    before = _BEFORE.match(value)
    behind = _BEHIND.search(value)
    start = before.end() if before else 0
    end = behind.start() if behind else len(value)
    if not any(c.isalpha() for c in value[start:end]) or (start, end) == (0, len(value)):
        return span
    return span._replace(start=span.start + start, end=span.start + end)


def with_titles(span: Span, text: str, first: int, last: int) -> Span:
    """The span of a name with the titles and degrees right beside it, within the bounds `first` and `last`."""
    if span.kind != "PERSON":
        return span
    before = _TITLED.search(text, max(first, span.start - _REACH), span.start)
    behind = _DEGREES.match(text, span.end, last)
    if before is None and behind is None:
        return span
    return span._replace(start=before.start() if before else span.start, end=behind.end() if behind else span.end)
