"""Personal data that is known by its shape: e-mails, addresses, postcodes, dates of birth, user names, numbers in context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.gates import Gate
from llmci.adapters.recognizers.people import UPPER
from llmci.core.privacy.words import MACHINES, TECHNICAL
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Ter|Parkway|"
    r"Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Crescent|Close|Alley|Row|Loop|Pike|Plaza|Mews|Walk)"
)
_UNIT = r"(?:,?\s{0,2}(?:Apt|Apartment|Suite|Ste|Unit|Floor|Room)\b\.?\s?#?\w{1,6})"
_NAMELIKE = r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_])){0,24}\.?"
_CITYLIKE = rf"{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,3}}"
_ZIPLIKE = r"\d{4,6}(?:-\d{4})?(?!\w)"
_BREAK = r"(?:,[ ]?|[ ]?\n[> ]{0,3},?[ ]?|[ ])"
# A city, a country and a postcode behind them, on lines of their own or behind commas.
_TAIL = rf"(?:(?:{_BREAK}{_CITYLIKE}){{0,3}}{_BREAK}{_ZIPLIKE})"
_UNIT_WORD = r"(?i:apt\.?|apartment|suite|ste\.?|unit|floor|p\.?o\.? box)"
_WORD = r"[A-ZÀ-ÝŁŠŽ0-9][\w'’.-]{0,24}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|jän|mär|mai|okt|dez|fév|fev|avr|juin|juil|aoû|déc|gen|mag|giu|lug|set|ott|fev|out)[a-zäéû]{0,7}\.?"
_YEAR = r"(?:\d{4}|['’]\d{2})"
_DATE = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s|d['’])?{_MONTH},?\s(?:de\s)?{_YEAR}"
    rf"|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s{_YEAR})"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern with a group `found`, and what a text must hold to be worth it.

    Attributes:
        needles: One of these, in lower case; None where a digit is needed and no word.
        worth: Whether the rest of the text may do.
    """

    kind: str
    pattern: re.Pattern[str]
    needles: tuple[str, ...] | None
    score: float = 0.85
    worth: Callable[[str], object] | None = None


_digit = re.compile(r"\d").search
_long_number = re.compile(r"\d[\d \u00a0.-]{11}").search
_eight_digits = re.compile(r"\d{4}[ -]?\d{4}").search
_digit_and_space = re.compile(r"\d[A-Za-z]?\s").search
_spaced_digit = re.compile(r"\s\d").search
_five_digits = re.compile(r"\d{5}").search
_inward_code = re.compile(r"\d[ABD-HJLNP-UW-Z]{2}").search
_checked = re.compile(r"\d\d[ \u00a0./-]?[A-Za-z0-9]{4}").search
_social = re.compile(r"\d-\d\d-\d").search
_numbered = re.compile(r"[._]\d\d").search
_STREETS = tuple(
    f"{space}{word}"
    for word in [
        "street",
        "st",
        "avenue",
        "ave",
        "road",
        "rd",
        "boulevard",
        "blvd",
        "lane",
        "ln",
        "drive",
        "dr",
        "court",
        "ct",
        "way",
        "place",
        "pl",
        "square",
        "sq",
        "terrace",
        "ter",
        "parkway",
        "pkwy",
        "highway",
        "hwy",
        "circle",
        "cir",
        "trail",
        "trl",
        "crescent",
        "close",
        "alley",
        "row",
        "loop",
        "pike",
        "plaza",
        "mews",
        "walk",
    ]
    for space in (" ", "\n", "\t", "\u00a0")
)
_UNITS = ("apt", "apartment", "suite", "ste", "unit", "floor", "box", "psc")
_EUROPEAN = [
    "straße",
    "strasse",
    "str.",
    "weg",
    "gasse",
    "platz",
    "allee",
    "straat",
    "laan",
    "plein",
    "gatan",
    "vägen",
    "gata",
    "veien",
    "utca",
    "út",
    "calle",
    "avenida",
    "av.",
    "avda.",
    "plaza",
    "paseo",
    "rue",
    "via",
    "viale",
    "rua",
    "ul.",
    "strada",
    "corso",
    "piazza",
    "carrer",
    "boulevard",
    "chemin",
]
_FRENCH = ("rue", "avenue", "boulevard", "chemin", "place", "quai", "allée")
_DWELLING = [
    "address",
    "live",
    "living",
    "located",
    "residing",
    "deliver",
    "ship",
    "sen",
    "return",
    "mail",
    "taxi",
    "moved",
    "going",
    "relocated",
    "visit",
    "resides",
    "headquarters",
    "office",
]


def _has_colons(text: str) -> bool:
    return text.count(":") >= 5 or text.count("-") >= 5


_PROVIDERS = "gmail|yahoo|hotmail|outlook|icloud|aol"
_AT = r"(?:@(?:[ ](?=[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}(?!\w)))?|%40|\s?\[at\]\s?|\s?\(at\)\s?)"
_SHAPES = (
    # No sign of an address is one of a name before it: nothing of a name is given back to look for one.
    Shape(
        "EMAIL_ADDRESS",
        re.compile(
            rf"(?<![\w%+.-])(?P<found>[\w!#$&'*+^{{|}}~-][\w!#$&'*+^{{|}}~.-]{{0,63}}+{_AT}"
            # Two or three numbers are the version of a package, four a host.
            r"(?!\d+(?:\.\d+){1,2}(?:[-+]|(?!\.?\w)))(?:[^\W_](?:[\w-]{0,62}[^\W_])?(?:(?:\.|\s?\[dot\]\s?|\s?\(dot\)\s?)[^\W_](?:[\w-]{0,62}[^\W_])?){1,6}|localhost))"
        ),
        ("@", "%40", "[at]", "(at)"),
        0.95,
    ),
    # As speech is written down, without its signs: "mia li 77 at gmail com", "miali gmailcom".
    Shape(
        "EMAIL_ADDRESS",
        re.compile(
            rf"(?<![\w@.])(?P<found>[a-z0-9_.]{{1,40}}(?:[ ](?:dot|underscore|dash|hyphen)[ ][a-z0-9_.]{{1,40}}){{0,3}}(?:[ ]\d{{1,10}}){{0,4}}(?:(?:[ ]at[ ]|[ ])?(?:{_PROVIDERS})(?:[ ]dot[ ]|[ ])?com|[ ](?:at[ ])?(?!e?mail|voicemail)[a-z]{{1,10}}mail[ ](?:dot[ ])?com))(?![\w@])",
            re.IGNORECASE,
        ),
        tuple(f"{name}{gap}com" for name in (*_PROVIDERS.split("|"), "mail") for gap in ("", " ", " dot ")),
    ),
    Shape(
        "ADDRESS",
        re.compile(rf"(?<![\w.$-])(?P<found>\d{{1,6}}[A-Za-z]?\s(?:[NSEW]\.?\s)?(?:{_WORD}\s){{1,4}}{_STREET}\b\.?(?:\s(?:[NS][EW]?|[EW])\b\.?(?!\s?[a-z]))?{_UNIT}?)"),
        _STREETS,
        worth=_digit_and_space,
    ),
    Shape(
        "ADDRESS",
        re.compile(r"(?<!\w)(?P<found>(?:Apt|Apartment|Suite|Ste|Unit|P\.?\s?O\.?\s?Box|PO Box|PSC)\b\.?\s?#?\d{1,6}(?:,\sBox\s\d+)?)", re.IGNORECASE),
        _UNITS,
    ),
    Shape(
        "ADDRESS",
        re.compile(
            r"(?<!\w)(?P<found>\d{0,5}\s?(?:[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|gasse|platz|allee|straat|laan|plein|gatan|vägen|gata|veien|utca|út)"
            r"|(?:Calle|Avenida|Av\.|Avda\.|Plaza|Paseo|Rue|Via|Viale|Rua|Ul\.|ul\.|Strada|Corso|Piazza|Carrer|Boulevard|Chemin)\s(?:de\s|del\s|la\s|l['’]|d['’]|des\s|du\s|da\s)?"
            r"[^\W\d_][\w'’.-]*(?:\s[A-ZÀ-Ý][\w'’.-]*){0,3}),?\s\d{1,5}[a-zA-Z]?(?:\s?bis)?(?!\w))"
        ),
        tuple(_EUROPEAN),
    ),
    Shape(
        "ADDRESS",
        re.compile(r"(?<!\w)(?P<found>\d{1,4}\s?(?:bis|ter|[A-Za-z])?,?\s(?:rue|avenue|boulevard|chemin|place|quai|allée|Rue|Avenue|Boulevard|Chemin|Place|Quai|Allée)"
                   r"\s(?:de\s|des\s|du\s|la\s|l['’]|d['’]){0,2}[^\W\d_][\w'’-]+(?:\s[A-ZÀ-Ý][\w'’-]*){0,3})"),
        _FRENCH,
    ),
    # A number, some words, perhaps another number, and then a flat: nothing else looks like that.
    Shape(
        "ADDRESS",
        re.compile(
            rf"(?<![\w.,])(?P<found>\d{{1,6}}[A-Za-z]?[ ](?:\d{{1,5}}[ ])?{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,4}}(?:[ ]\d{{1,5}})?{_BREAK}"
            rf"{_UNIT_WORD}[ ]?\d{{1,5}}(?!\w){_TAIL}?)"
        ),
        _UNITS,
        0.7,
        _digit_and_space,
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
        tuple(_DWELLING),
        0.6,
        _spaced_digit,
    ),
    Shape(
        "ADDRESS",
        re.compile(
            r"(?<!\w)(?P<found>(?:(?:PSC \d+|Unit \d+),? Box \d+|US(?:S|NS|NV|CGC) [^\W\d_]+)\s{0,2},? ?(?:[AFD]PO) (?:A[AEP]) \d{5}(?:-\d{4})?)",
            re.IGNORECASE,
        ),
        ("apo ", "fpo ", "dpo "),
        0.95,
    ),
    Shape(
        "ADDRESS",
        re.compile(
            rf"(?P<found>\b(?:the )?(?:corner|intersection) of (?:\d{{1,5}} )?{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,5}}?(?:[ ]\d{{1,5}}\.?)?[ ](?:and|&)[ ]"
            rf"(?:\d{{1,5}} )?{_NAMELIKE}(?:[ ]{_NAMELIKE}){{0,3}}?[ ](?:{_STREET}\b\.?|\d{{1,5}}(?!\w)))",
            re.IGNORECASE,
        ),
        ("corner of", "intersection of"),
        0.7,
    ),
    Shape(
        "ZIP_CODE",
        re.compile(
            r"(?i:\b(?:zip(?:[ -]?code)?|post[ -]?code|postal[ -]?code|plz)\b(?:\s(?:is|of|code))?\s?[:=#]?\s?[\"'(]?)"
            r"(?P<found>\d{5}(?:-\d{4})?|[A-Za-z]{1,2}\d[A-Za-z\d]?\s?\d[A-Za-z]{2}|\d{4,6}|[A-Za-z]\d[A-Za-z]\s?\d[A-Za-z]\d)(?!\w)"
        ),
        ("zip", "post", "plz"),
    ),
    Shape("ZIP_CODE", re.compile(r"(?<![\w.-])[A-Z]{2}(?:,\s?|\s)(?P<found>\d{5}(?:-\d{4})?)(?![\w-])"), None, worth=_five_digits),
    Shape("ZIP_CODE", re.compile(r"(?<![\w.-])(?P<found>[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2})(?!\w)"), None, 0.7, worth=_inward_code),
    Shape(
        "DATE_OF_BIRTH",
        re.compile(
            rf"(?i:(?:\bborn|\bd\.?o\.?b\b\.?|\bdate of birth|\bbirth ?da(?:te|y)|\bgeboren|\bgeburts(?:datum|tag)|\bgeb\.|\bnacid[oa]|\bnacimiento|\bnaissance|\bnascid[oa]|\bnascimento|\bnat[oa]|\bnascita|\bnée?)(?!\w)[\s:=*-]{{0,3}}"
            rf"(?:(?:is|was|of|on|in|am|the|el|le|il|ist|em|a|it['’]s|their)\b\.?\s?){{0,3}}[\s:=*\"'(]{{0,3}})(?P<found>{_DATE})(?!\d)",
            re.IGNORECASE,
        ),
        ("born", "birth", "dob", "d.o", "do.b", "d.ob", "geboren", "geburts", "geb.", "nacid", "nacimiento", "naissance", "nasci", "nato", "nata", "né"),
    ),
    Shape("USER_ID", re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\{1,4}Users\\{1,4})(?P<found>[A-Za-z0-9._-]{2,40})"), ("/home/", "users")),
    Shape("USER_ID", re.compile(r"(?i:\b(?:user|username|login|usr)=)(?P<found>[A-Za-z][\w.-]{2,40})"), ("=",)),
    Shape("USER_ID", re.compile(r"[a-z][a-z+]{2,15}://(?P<found>[A-Za-z][\w.-]{1,40}):[^\s:/@]{3,}@"), ("://",)),
    Shape("USER_ID", re.compile(r"(?i:\b(?=[adhilstu])(?:user ?(?:id|name)|login|account|handle|skype|telegram|discord|insta(?:gram)?)(?:\s(?:is|was))?\s?[:=]?\s?[\"'*`]{0,3})(?P<found>[a-z]{2,}[._][\w.]*\d)(?!\w)"), ("user", "login", "account", "handle", "skype", "telegram", "discord", "insta")),
    # In prose: decorators begin a line, and hold no digit but for a call.
    Shape("USER_ID", re.compile(r"(?P<found>@(?<=[ (,:\[\"']@)(?=[A-Za-z_.]{1,24}\d)[A-Za-z_]\w*(?:\.\w+)*)(?![\w@(/-])"), ("@",), 0.7),
    Shape("ID", re.compile(r"(?i:\b(?:number|licen[cs]e)\s?plate|\bplate|\breg(?:istration)? (?:no|number))(?i:\s?(?:number|no\.?|#))?(?:\s(?:is|was))?\s?[:=#]?\s?(?P<found>(?=[A-Z -]{0,9}\d)(?=[\d -]{0,6}[A-Z])[A-Z\d]{1,4}(?:[ -]?[A-Z\d]{1,4}){1,3})(?!\w)"), ("plate", "reg")),
    Shape("US_SSN", re.compile(r"(?i:\b(?:ssn|social(?: security)?(?: number| no)?)\b[^\d\n]{0,24})(?P<found>\d{3}[- ]?\d{2}[- ]?\d{4}|\d{4})(?![\w-])"), ("ssn", "social")),
    Shape("US_SSN", re.compile(r"(?<![\w-])(?P<found>\d{3}-\d{2}-\d{4})(?![\w-])"), None, 0.7, _social),
    Shape("CREDIT_CARD", re.compile(r"(?<![\w.])(?P<found>(?:\d[ \u00a0.-]?){12,18}\d)(?![\w])"), None, 0.95, worth=_long_number),
    # Called a card: whatever its check digit, for people mistype. The last four alone open nothing and stay.
    Shape("CREDIT_CARD", re.compile(r"(?i:\b(?:card|cc|tarjeta|carte|karte|kreditkarte|kartennummer)\b[^\d\n]{0,24})(?P<found>\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,4}|\d{4}[ -]?\d{6}[ -]?\d{5})(?!\w|[.,]\d)"), ("card", "cc", "tarjeta", "carte", "karte", "kartennummer"), 0.9, _eight_digits),
    Shape("SECRET", re.compile(r"(?i:\b(?:cvv2?|cvc2?|security code|pin(?: code| number)?)\b(?:\sis)?\s?[:=]?\s?)(?P<found>\d{3,6})(?!\w)"), ("cvv", "cvc", "security code", "pin")),
    Shape("IBAN_CODE", re.compile(r"(?<!\w)(?P<found>[A-Za-z]{2}\d{2}[ \u00a0./-]?(?:[A-Za-z0-9]{4}[ \u00a0./-]?){2,7}[A-Za-z0-9]{1,4})(?!\w)"), None, 0.95, worth=_checked),
    Shape("US_PASSPORT", re.compile(r"(?i:\bpassport\b[^\d\n]{0,20}?)(?P<found>[A-Za-z]{0,2}\d{6,9})(?!\w)"), ("passport",)),
    Shape("UK_NHS", re.compile(r"(?i:\bnhs\b[^\d\n]{0,16})(?P<found>\d{3}[ -]?\d{3}[ -]?\d{4})(?!\w)"), ("nhs",)),
    Shape("US_DRIVER_LICENSE", re.compile(r"(?i:\b(?:driver'?s?|driving)\s(?:license|licence)\b[^\d\n]{0,20}?)(?P<found>[A-Za-z]{0,3}\d[\dA-Za-z-]{4,16})(?!\w)"), ("licen",)),
    Shape("ACCOUNT_ID", re.compile(r"(?i:\b(?:account|acct|routing)\b\s?(?:number|no\.?|num|#)\s?(?:is|[:=])?\s?#?)(?P<found>\d[\d -]{4,16}\d)(?!\w)"), ("account", "acct", "routing")),
    Shape("ACCOUNT_ID", re.compile(r"(?i:\brouting(?: (?:number|no\.?))?[ :=#]{1,3})(?P<found>\d{9})(?!\w)"), ("routing",)),
    # The machine-readable lines of a passport or an identity card (ICAO 9303).
    Shape("PERSON", re.compile(r"(?<![A-Z<])[PIACV][A-Z<][A-Z]{3}(?P<found>[A-Z]{1,30}(?:<[A-Z]{1,30}){0,4}<<[A-Z]{1,30}(?:<[A-Z]{1,30}){0,4})<"), ("<<",), 0.95),
    Shape("ID", re.compile(r"(?<![A-Z0-9<])(?P<found>[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{11,16})(?![A-Z0-9<])"), ("<", "m", "f"), 0.95),
    # A name in a directory, and in the query of an address of the web.
    Shape("PERSON", re.compile(rf"(?<![\w])CN=(?P<found>[{UPPER}][\w'’-]{{1,24}}(?:[ ][{UPPER}][\w'’.-]{{0,24}}){{1,3}})(?=[,;])"), ("cn=",), 0.85),
    Shape("PERSON", re.compile(rf"[?&](?:full_?|customer_?|first_?|last_?|display_?)?name=(?P<found>[{UPPER}][\w'’-]{{1,24}}(?:(?:%20|\+)[{UPPER}][\w'’.-]{{0,24}}){{1,3}})(?![\w%+])", re.IGNORECASE), ("name=",), 0.85),
    Shape("MAC_ADDRESS", re.compile(r"(?<![\w:-])(?P<found>(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?![\w:-])"), None, worth=_has_colons),
)  # fmt: skip
# What is found of these is looked at once more.
_CHECKED = frozenset({"EMAIL_ADDRESS", "USER_ID", "IBAN_CODE", "CREDIT_CARD"})
# Before the password and the host of a connection, which look like an address of mail together.
_USERINFO = re.compile(r"://[^\s/@]{0,80}:$")
_BEFORE = 120
_NAMED_ID = re.compile(r"(?<![\w@/.-])([a-z]{2,20})[._]([a-z]{2,20})[._]\d{2,8}(?![\w@-]|\.\w)")


# Those that need a word, by the bit of the gate that a word of theirs opens; and those that need a digit alone.
_WORDED = tuple(shape for shape in _SHAPES if shape.needles is not None)
_UNWORDED = tuple(shape for shape in _SHAPES if shape.needles is None)
_GATE = Gate([shape.needles or () for shape in _WORDED])
# Forms that are found without a digit.
_DIGITLESS = frozenset({"PERSON", "EMAIL_ADDRESS", "USER_ID", "MAC_ADDRESS"})


@lru_cache(maxsize=4096)
def _opened(bits: int, *, has_digit: bool) -> tuple[Shape, ...]:
    worded = (shape for index, shape in enumerate(_WORDED) if bits >> index & 1)
    return tuple(s for s in (*worded, *_UNWORDED) if has_digit or s.kind in _DIGITLESS)


def shapes(text: str) -> Iterator[Span]:
    """Everything in a text whose shape gives it away."""
    for shape in _opened(_GATE.open(text), has_digit=_digit(text) is not None):
        if shape.worth is not None and not shape.worth(text):
            continue
        for match in shape.pattern.finditer(text):
            end = _end(shape, match, text) if shape.kind in _CHECKED else match.end("found")
            if end:
                yield Span(match.start("found"), end, shape.kind, shape.score, "structured.shape")
    if _numbered(text) is not None:
        for match in _NAMED_ID.finditer(text):
            if not {match[1], match[2]} & TECHNICAL:
                yield Span(match.start(), match.end(), "USER_ID", 0.8, "structured.shape")


def _end(shape: Shape, match: re.Match[str], text: str) -> int:
    """Where what was found ends; 0 where it is none after all."""
    found, end = match["found"], match.end("found")
    if shape.kind == "EMAIL_ADDRESS":
        before = _USERINFO.search(text, max(0, match.start() - _BEFORE), match.start())
        return end if before is None and _is_mail(found) else 0
    if shape.kind == "USER_ID":
        return 0 if found.casefold() in MACHINES else end
    if shape.kind == "IBAN_CODE":
        length = _iban_in(found)
        return match.start("found") + length if length else 0
    return end if shape.kind != "CREDIT_CARD" or shape.needles is not None or is_card(found) else 0


_FRACTION = re.compile(r"\d{1,3}\.\d+")
_OF_RELEASE = re.compile(r"@[^@]*\.\d{1,3}")
_IPV4 = re.compile(r"@\[?\d{1,3}(?:\.\d{1,3}){3}\]?")


def _is_mail(found: str) -> bool:
    """Whether it is no package with its release: no host ends in a number, but for an address of a network."""
    at = found.rfind("@")
    return at < 0 or _OF_RELEASE.fullmatch(found, at) is None or _IPV4.fullmatch(found, at) is not None


def is_card(found: str) -> bool:
    """Whether digits pass Luhn's check and have an issuer's first digit."""
    digits = [int(c) for c in found if c.isdigit()] if _FRACTION.fullmatch(found) is None else []
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * d, 10)) for d in digits[-2::-2])
    return total % 10 == 0


def is_iban(found: str) -> bool:
    """Whether the check digits are right (ISO 7064, mod 97-10)."""
    text = re.sub(r"[\s./-]", "", found).upper()
    if not 15 <= len(text) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _iban_in(found: str) -> int:
    """How many characters of this are an account's number: words behind it have its form, too."""
    ends = [match.start() for match in re.finditer(r"(?<=\w)(?!\w)", found)]
    return next((end for end in reversed(ends) if is_iban(found[:end])), 0)
