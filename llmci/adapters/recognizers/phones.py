"""Telephone numbers: checked by libphonenumber where they are formatted, believed in context where they are bare."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9_./:$€£@#=&-])(?<!\d,)(?P<found>(?:\+|00)?\(?\d{1,4}\)?(?:[ \u00a0./()‐-―-]{0,3}\d{1,6}){1,7}(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?)(?![A-Za-z0-9_@/:]|[.,-]\d|%)"
)
# Seven digits with what may stand between them start with these.
_worth = re.compile(r"\d[\d \u00a0()./\u2010-\u2015-]{6}").search
_BARE = re.compile(r"\d+")
_CONTEXT = re.compile(
    r"(?i:phone|tel\b|tel[:.]|call|mobile|cell|whatsapp|text me|reach|sms|fax|ring|dial|contact|hotline|teléfono|móvil|"
    r"telefon|handy|telefono|téléphone|電話|телефон|ورقمي|answering at|number is|number at|\+\s?$)"
)
_NO_PHONE = re.compile(
    r"\s-\s|^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d)$"
)
_LABEL_AFTER = re.compile(r"(?i:[ ]?[-–(/,][ ]?|[ ])(?i:office|fax|mobile|cell|home|work|phone|landline|direct)\b")
_FLOAT = re.compile(r"\d{1,3}\.\d+")
_EXTENSION = re.compile(r" ?(?:x|ext).*")
_SHORTEST, _LONGEST = 7, 15
_BEFORE = 40


def phones(text: str, regions: Sequence[str]) -> Iterator[Span]:
    """Telephone numbers of these regions, and of any that starts with +."""
    if _worth(text) is None:
        return
    for match in _CANDIDATE.finditer(text):
        found = match["found"]
        if _FLOAT.fullmatch(found):
            continue
        digits = sum(c.isdigit() for c in _EXTENSION.sub("", found))
        if not _SHORTEST <= digits <= _LONGEST or _NO_PHONE.search(found) or found.count("(") != found.count(")"):
            continue
        before = _CONTEXT.search(text, max(0, match.start() - _BEFORE), match.start())
        in_context = before is not None or _LABEL_AFTER.match(text, match.end()) is not None
        score = _score(found, tuple(regions), in_context=in_context)
        if score:
            yield Span(match.start("found"), match.end("found"), "PHONE_NUMBER", score, "structured.phone")


def _score(found: str, regions: tuple[str, ...], *, in_context: bool) -> float:
    if found.startswith(("+", "00")) and _is_valid(
        found.replace("00", "+", 1) if found.startswith("00") else found, ()
    ):
        return 0.9
    found = _EXTENSION.sub("", found)
    if in_context:
        return 0.8
    if _BARE.fullmatch(found):
        return 0.0
    if _NORTH_AMERICAN.fullmatch(found):
        return 0.6
    # Formatted and possible, with separators as people write them.
    return 0.6 if _NATIONAL.fullmatch(found) and _is_valid(found, regions) else 0.0


_NORTH_AMERICAN = re.compile(r"(?:(?:\+|00)?\d{1,3}[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}")
_NATIONAL = re.compile(
    r"\+?\d{0,3}[ .-]?\(\d{2,4}\)[ ]?\d{2,4}[ .-]?\d{2,4}(?:[ .-]?\d{1,4})?|0\d{1,4}(?:[ /-]\d{2,8}){1,4}|\d{3}-\d{4}"
)


@lru_cache(maxsize=8192)
def _is_valid(found: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions or (None,):
        try:
            number = phonenumbers.parse(found, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return True
    return False
