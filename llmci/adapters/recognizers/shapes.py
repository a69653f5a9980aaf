"""Personal data that is known by its shape: e-mails, addresses, postcodes, dates of birth, user names, numbers in context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.privacy.words import TECHNICAL
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Ter|Parkway|"
    r"Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Crescent|Close|Alley|Row|Loop|Pike|Plaza|Mews|Walk)"
)
_UNIT = r"(?:,?\s{0,2}(?:Apt|Apartment|Suite|Ste|Unit|Floor|Room)\b\.?\s?#?\w{1,6})"
_NAMELIKE = r"[^\W\d_][^\W\d_.'’-]{0,24}\.?"
_CITYLIKE = rf"{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,3}}"
_ZIPLIKE = r"\d{4,6}(?:-\d{4})?(?!\w)"
_BREAK = r"(?:,[ ]?|[ ]?\n[> ]{0,3},?[ ]?|[ ])"
# A city, a country and a postcode behind them, on lines of their own or behind commas.
_TAIL = rf"(?:(?:{_BREAK}{_CITYLIKE}){{0,3}}{_BREAK}{_ZIPLIKE})"
_UNIT_WORD = r"(?i:apt\.?|apartment|suite|ste\.?|unit|floor|p\.?o\.? box)"
_WORD = r"[A-ZÀ-ÝŁŠŽ0-9][\w'’.-]{0,24}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|ene|mär|mai|okt|dez)[a-zäé]{0,7}\.?"
_DATE = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?{_MONTH},?\s(?:de\s)?\d{{4}}"
    rf"|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern with a group `found`, and what a text must hold to be worth it: a digit, or one of these."""

    kind: str
    pattern: re.Pattern[str]
    needles: tuple[str, ...] | None
    score: float = 0.85


_digit = re.compile(r"\d").search


_AT = r"(?:@|%40|\s?\[at\]\s?|\s?\(at\)\s?)"
_SHAPES = (
    Shape(
        "EMAIL_ADDRESS",
        re.compile(
            rf"(?<![\w%+.-])(?P<found>[\w!#$&'*+^{{|}}~-][\w!#$&'*+^{{|}}~.-]{{0,63}}{_AT}"
            r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?(?:(?:\.|\s?\[dot\]\s?|\s?\(dot\)\s?)[^\W_](?:[\w-]{0,62}[^\W_])?){1,6}|localhost))"
        ),
        ("@", "%40", "[at]", "(at)"),
        0.95,
    ),
    Shape(
        "ADDRESS",
        re.compile(rf"(?<![\w.$-])(?P<found>\d{{1,6}}[A-Za-z]?\s(?:[NSEW]\.?\s)?(?:{_WORD}\s){{1,4}}{_STREET}\b\.?{_UNIT}?)"),
        None,
    ),
    Shape(
        "ADDRESS",
        re.compile(r"(?<!\w)(?P<found>(?:Apt|Apartment|Suite|Ste|Unit|P\.?\s?O\.?\s?Box|PO Box|PSC)\b\.?\s?#?\d{1,6}(?:,\sBox\s\d+)?)", re.IGNORECASE),
        None,
    ),
    Shape(
        "ADDRESS",
        re.compile(
            r"(?<!\w)(?P<found>\d{0,5}\s?(?:[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|gasse|platz|allee|straat|laan|plein|gatan|vägen|gata|veien|utca|út)"
            r"|(?:Calle|Avenida|Av\.|Avda\.|Plaza|Paseo|Rue|Via|Viale|Rua|Ul\.|ul\.|Strada|Corso|Piazza|Carrer|Boulevard|Chemin)\s(?:de\s|del\s|la\s|l['’]|d['’]|des\s|du\s|da\s)?"
            r"[^\W\d_][\w'’.-]*(?:\s[A-ZÀ-Ý][\w'’.-]*){0,3}),?\s\d{1,5}[a-zA-Z]?(?:\s?bis)?(?!\w))"
        ),
        None,
    ),
    Shape(
        "ADDRESS",
        re.compile(r"(?<!\w)(?P<found>\d{1,4}\s?(?:bis|ter|[A-Za-z])?,?\s(?:rue|avenue|boulevard|chemin|place|quai|allée|Rue|Avenue|Boulevard|Chemin|Place|Quai|Allée)"
                   r"\s(?:de\s|des\s|du\s|la\s|l['’]|d['’]){0,2}[^\W\d_][\w'’-]+(?:\s[A-ZÀ-Ý][\w'’-]*){0,3})"),
        None,
    ),
    # A number, some words, perhaps another number, and then a flat: nothing else looks like that.
    Shape(
        "ADDRESS",
        re.compile(
            rf"(?<![\w.,])(?P<found>\d{{1,6}}[A-Za-z]?[ ](?:\d{{1,5}}[ ])?{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,4}}(?:[ ]\d{{1,5}})?{_BREAK}"
            rf"{_UNIT_WORD}[ ]?\d{{1,5}}(?!\w){_TAIL}?)"
        ),
        None,
        0.7,
    ),
    # Wherever someone lives or something is sent: from the first number to the postcode or the end.
    Shape(
        "ADDRESS",
        re.compile(
            r"(?i:\b(?:address(?:es)?(?: is| to| of| with|'s)?|lives? (?:at|in|on)|living at|located at|residing at|delivered to|ship(?:ped|ping)? (?:it )?to|"
            r"(?:sent?|return|deliver|mail|taxi|mailed|moved|going|relocated) (?:it |this |me )?to|visit us at|resides at|headquarters at|office (?:is )?(?:at|in))"
            r"\b(?: is)?\s?[:-]?\s{1,4})"
            rf"(?P<found>\d{{1,6}}[A-Za-z]?,?[ \n](?:\d{{1,5}}[ ])?{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,4}}"
            # A second number, a flat or a postcode: without one of them it may be three people.
            rf"(?:[ ]\d{{1,5}}[a-zA-Z]?(?!\w)(?:{_BREAK}{_UNIT_WORD}[ ]?\d{{1,5}})?{_TAIL}?|{_BREAK}{_UNIT_WORD}[ ]?\d{{1,5}}{_TAIL}?|{_TAIL}))"
        ),
        None,
        0.6,
    ),
    Shape(
        "ADDRESS",
        re.compile(
            r"(?<!\w)(?P<found>(?:(?:PSC \d+|Unit \d+),? Box \d+|US(?:S|NS|NV|CGC) [^\W\d_]+)\n?,? ?(?:[AFD]PO) (?:A[AEP]) \d{5}(?:-\d{4})?)"
        ),
        ("APO ", "FPO ", "DPO "),
        0.95,
    ),
    Shape(
        "ZIP_CODE",
        re.compile(
            r"(?i:\b(?:zip(?:[ -]?code)?|post[ -]?code|postal[ -]?code|plz)\b(?:\s(?:is|of|code))?\s?[:=#]?\s?[\"'(]?)"
            r"(?P<found>\d{5}(?:-\d{4})?|[A-Za-z]{1,2}\d[A-Za-z\d]?\s?\d[A-Za-z]{2}|\d{4,6}|[A-Za-z]\d[A-Za-z]\s?\d[A-Za-z]\d)(?!\w)"
        ),
        None,
    ),
    Shape("ZIP_CODE", re.compile(r"(?<![\w.-])[A-Z]{2}(?:,\s?|\s)(?P<found>\d{5}(?:-\d{4})?)(?![\w-])"), None),
    Shape("ZIP_CODE", re.compile(r"(?<![\w.-])(?P<found>[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2})(?!\w)"), None, 0.7),
    Shape(
        "DATE_OF_BIRTH",
        re.compile(
            rf"(?i:(?:\bborn|\bd\.?o\.?b\b\.?|\bdate of birth|\bbirth ?da(?:te|y)|\bgeboren|\bnacid[oa]|\bnée?)\b[\s:=*-]{{0,3}}"
            rf"(?:(?:is|was|of|on|in|am|the|el|le|it['’]s|their)\b\.?\s?){{0,3}}[\s:=*\"'(]{{0,3}})(?P<found>{_DATE})(?!\d)",
            re.IGNORECASE,
        ),
        None,
    ),
    Shape("USER_ID", re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\{1,4}Users\\{1,4})(?P<found>[A-Za-z0-9._-]{2,40})"), ("/home/", "Users")),
    Shape("USER_ID", re.compile(r"(?i:\b(?:user|username|login|usr)=)(?P<found>[A-Za-z][\w.-]{2,40})"), ("=",)),
    Shape("USER_ID", re.compile(r"[a-z][a-z+]{2,15}://(?P<found>[A-Za-z][\w.-]{1,40}):[^\s:/@]{3,}@"), ("://",)),
    Shape("USER_ID", re.compile(r"(?i:\b(?:user ?(?:id|name)|login)(?:\s(?:is|was))?\s?[:=]?\s?[\"'*`]{0,3})(?P<found>[a-z]{2,}[._][\w.]*\d)(?!\w)"), None),
    Shape("US_SSN", re.compile(r"(?i:\b(?:ssn|social(?: security)?(?: number| no)?)\b[^\d\n]{0,24})(?P<found>\d{3}[- ]?\d{2}[- ]?\d{4}|\d{4})(?![\w-])"), None),
    Shape("US_SSN", re.compile(r"(?<![\w-])(?P<found>\d{3}-\d{2}-\d{4})(?![\w-])"), ("-",), 0.7),
    Shape("CREDIT_CARD", re.compile(r"(?<![\w.])(?P<found>(?:\d[ \u00a0.-]?){12,18}\d)(?![\w])"), None, 0.95),
    Shape("SECRET", re.compile(r"(?i:\b(?:cvv2?|cvc2?|security code|pin(?: code| number)?)\b(?:\sis)?\s?[:=]?\s?)(?P<found>\d{3,6})(?!\w)"), None),
    Shape("IBAN_CODE", re.compile(r"(?<!\w)(?P<found>[A-Za-z]{2}\d{2}[ \u00a0]?(?:[A-Za-z0-9]{4}[ \u00a0]?){2,7}[A-Za-z0-9]{1,4})(?!\w)"), None, 0.95),
    Shape("US_PASSPORT", re.compile(r"(?i:\bpassport\b[^\d\n]{0,20}?)(?P<found>[A-Za-z]{0,2}\d{6,9})(?!\w)"), None),
    Shape("UK_NHS", re.compile(r"(?i:\bnhs\b[^\d\n]{0,16})(?P<found>\d{3}[ -]?\d{3}[ -]?\d{4})(?!\w)"), None),
    Shape("US_DRIVER_LICENSE", re.compile(r"(?i:\b(?:driver'?s?|driving)\s(?:license|licence)\b[^\d\n]{0,20}?)(?P<found>[A-Za-z]{0,3}\d[\dA-Za-z-]{4,16})(?!\w)"), None),
    Shape("ACCOUNT_ID", re.compile(r"(?i:\b(?:account|acct|routing)\b\s?(?:number|no\.?|num|#)\s?(?:is|[:=])?\s?#?)(?P<found>\d[\d -]{4,16}\d)(?!\w)"), None),
    Shape("MAC_ADDRESS", re.compile(r"(?<![\w:-])(?P<found>(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?![\w:-])"), (":", "-")),
)  # fmt: skip
_NAMED_ID = re.compile(r"(?<![\w@/.-])([a-z]{2,20})[._]([a-z]{2,20})[._]\d{2,8}(?![\w@-]|\.\w)")


def shapes(text: str) -> Iterator[Span]:
    """Everything in a text whose shape gives it away."""
    has_digit = _digit(text) is not None
    for shape in _SHAPES:
        worth = has_digit if shape.needles is None else any(needle in text for needle in shape.needles)
        if not worth:
            continue
        for match in shape.pattern.finditer(text):
            if _VALID.get(shape.kind, _always)(match["found"]):
                yield Span(match.start("found"), match.end("found"), shape.kind, shape.score, "structured.shape")
    if "_" in text or "." in text:
        for match in _NAMED_ID.finditer(text):
            if not {match[1], match[2]} & TECHNICAL:
                yield Span(match.start(), match.end(), "USER_ID", 0.8, "structured.shape")


def _always(found: str) -> bool:  # noqa: ARG001  kinds without a check
    return True


def is_card(found: str) -> bool:
    """Whether digits pass Luhn's check and have an issuer's first digit."""
    digits = [int(c) for c in found if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * d, 10)) for d in digits[-2::-2])
    return total % 10 == 0


def is_iban(found: str) -> bool:
    """Whether the check digits are right (ISO 7064, mod 97-10)."""
    text = re.sub(r"\s", "", found).upper()
    if not 15 <= len(text) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


_VALID: dict[str, Callable[[str], bool]] = {"CREDIT_CARD": is_card, "IBAN_CODE": is_iban}
