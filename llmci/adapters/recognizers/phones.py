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
# Six digits with what may stand between them start with these.
_worth = re.compile(r"\d[\d \u00a0()./\u2010-\u2015-]{5}").search
_BARE = re.compile(r"\d+")
_CONTEXT = re.compile(
    r"(?i:phone|\bph\b|\bmy (?:own |new |other )?number|tel\b|tel[:.]|call|mobile|cell|whatsapp|text me|reach|sms|fax|ring|dial|contact|hotline|teléfono|móvil|"
    r"telefon|handy|telefono|téléphone|電話|телефон|ورقمي|answering at|number is|number at|\+\s?$)"
)
# Between two numbers, and now and then in one.
_RANGE = re.compile(r"\s-\s")
_NO_PHONE = re.compile(
    r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d)$"
)
_LABEL_AFTER = re.compile(
    r"(?i:[ ]?[-–(/,][ ]?|[ ])(?i:office|fax|mobile|cell|home|work|phone|landline|direct)\b|[ ]is (?:my|the|our|his|her|their) (?:\w+ )?(?:number|mobile|cell|phone|fax)\b"
)
_NO_PHONE_BEFORE = re.compile(
    r"(?i:\b(?:zip(?: ?code)?|postcode|sku|order|item|product|ticket|invoice|tracking|isbn|issn|version|ref(?:erence)?|id)\b"
    r"(?: (?:id|no\.?|number|nr|is))?[ #:=]{0,3}$)"
)
# Numbers with a point, and addresses of a network or their masks.
_FLOAT = re.compile(r"\d{1,3}\.\d+|(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}")
# A postcode and a number behind it, in a chat without signs.
_BEHIND_CODE = re.compile(r"\d{5,6} (?P<found>[2-9]\d{9})")
# A message that consists of a number alone.
_ALONE = re.compile(r"\s*(?P<found>1?[2-9]\d{9})[\s.]*")
_EXTENSION = re.compile(r" ?(?:x|ext).*")
_SHORTEST, _LONGEST, _SHORTEST_IN_CONTEXT = 7, 15, 6
# Six digits are a telephone number where they stand in groups beside a word for one.
_GROUPED = re.compile(r"\d{2}[ .-]\d{2}[ .-]\d{2}|\d{3}[ .-]\d{3}")
_BEFORE = 40


def phones(text: str, regions: Sequence[str]) -> Iterator[Span]:
    """Telephone numbers of these regions, and of any that starts with +."""
    if _worth(text) is None:
        return
    for match in _CANDIDATE.finditer(text):
        found = match["found"]
        if _FLOAT.fullmatch(found):
            continue
        if behind := _BEHIND_CODE.fullmatch(found):
            start = match.start() + behind.start("found")
            yield Span(start, match.end("found"), "PHONE_NUMBER", 0.6, "structured.phone")
            continue
        digits = sum(c.isdigit() for c in _EXTENSION.sub("", found))
        if (
            not _SHORTEST_IN_CONTEXT <= digits <= _LONGEST
            or _NO_PHONE.search(found)
            or found.count("(") != found.count(")")
        ):
            continue
        if _NO_PHONE_BEFORE.search(text, max(0, match.start() - _BEFORE), match.start()):
            continue
        before = _CONTEXT.search(text, max(0, match.start() - _BEFORE), match.start())
        in_context = before is not None or _LABEL_AFTER.match(text, match.end()) is not None
        if _RANGE.search(found) and not (in_context or found.startswith(("+", "00"))):
            continue
        if digits < _SHORTEST and not (in_context and _GROUPED.fullmatch(found)):
            continue
        score = _score(found, tuple(regions), in_context=in_context)
        if score:
            yield Span(match.start("found"), match.end("found"), "PHONE_NUMBER", score, "structured.phone")


def alone(text: str) -> Iterator[Span]:
    """Ten digits that are all of a message: in 11 of 12 such answers of customers a telephone number, in the others an account."""
    if match := _ALONE.fullmatch(text):
        yield Span(*match.span("found"), "PHONE_NUMBER", 0.6, "structured.phone")


def _score(found: str, regions: tuple[str, ...], *, in_context: bool) -> float:
    if found.startswith("+") and _is_possible(found):
        return 0.9
    if found.startswith("00") and (in_context or not _BARE.fullmatch(found)) and _is_possible(f"+{found[2:]}"):
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
    r"\+?\d{0,3}[ .-]?\(\d{2,4}\)[ ]?\d{2,4}[ .-]?\d{2,4}(?:[ .-]?\d{1,4})?|0\d{1,5}(?:[ /-]\d{2,8}){1,4}|0\d(?:\.\d\d){4}|\d{3}(?:[ ]\d{2}){3}|\d{3}-\d{4}"
)


@lru_cache(maxsize=8192)
def _is_possible(found: str) -> bool:
    """Whether a number with the code of its country has a length that the country knows."""
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(found, None))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=8192)
def _is_valid(found: str, regions: tuple[str, ...]) -> bool:
    """Whether one of the regions gives out such numbers."""
    import phonenumbers

    for region in regions:
        try:
            number = phonenumbers.parse(found, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    # Seven digits lack the area that would make them valid.
    return _LOCAL.fullmatch(found) is not None


_LOCAL = re.compile(r"[2-9]\d{2}-\d{4}")
