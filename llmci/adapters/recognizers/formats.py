"""Personal data in formats that have a place for it: business cards, directories, calendars, bookings, patients' records, accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from llmci.adapters.recognizers.gates import Gate
from llmci.core.privacy.words import MACHINES
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_DETECTOR = "structured.format"
_SCORE = 0.95
# Parts of a structured value, in order (RFC 6350 for cards).
_NAME = ("PERSON",) * 5
_POSTAL = ("ADDRESS", "ADDRESS", "ADDRESS", "LOCATION", None, "ZIP_CODE", None)
_CARD = {
    "N": _NAME,
    "FN": ("PERSON",),
    "NICKNAME": ("USER_ID",),
    "SOUND": ("PERSON",),
    "ADR": _POSTAL,
    "TEL": ("PHONE_NUMBER",),
    "EMAIL": ("EMAIL_ADDRESS",),
    "BDAY": ("DATE_OF_BIRTH",),
    "IMPP": ("USER_ID",),
}
_OF_CARD = re.compile(
    r"(?m)^(?:item\d+\.)?(?P<name>N|FN|NICKNAME|ADR|TEL|EMAIL|BDAY|IMPP)(?:;[^:\n]{0,200})?:(?P<value>[^\r\n]{1,400})"
)
# DoCoMo's cards, as QR codes hold them: fields end with two signs, parts of a name are split by commas.
_IN_QR = re.compile(r"(?<=[:;])(?P<name>N|SOUND|ADR|TEL|EMAIL|BDAY):(?P<value>[^;\n]{1,400})")
_ATTENDEE = re.compile(r"(?m)^(?:ATTENDEE|ORGANIZER)[^\n:]{0,200}?;CN=\"?(?P<found>[^\";:\n]{2,80})")
# Of a directory (LDIF, and the names of its entries).
_ENTRY = {
    "uid": "USER_ID",
    "samaccountname": "USER_ID",
    "userprincipalname": "EMAIL_ADDRESS",
    "cn": "PERSON",
    "sn": "PERSON",
    "gn": "PERSON",
    "givenname": "PERSON",
    "displayname": "PERSON",
    "mail": "EMAIL_ADDRESS",
    "telephonenumber": "PHONE_NUMBER",
    "homephone": "PHONE_NUMBER",
    "mobile": "PHONE_NUMBER",
    "street": "ADDRESS",
    "postaladdress": "ADDRESS",
    "homepostaladdress": "ADDRESS",
    "postalcode": "ZIP_CODE",
}
_OF_ENTRY = re.compile(rf"(?mi)^(?P<name>{'|'.join(_ENTRY)}):[ ]{{0,2}}(?P<value>[^:\s][^\r\n]{{0,200}})")
_IN_PATH = re.compile(r"(?i:(?<![\w=])(?P<name>uid|cn|sn|gn|givenname)=)(?P<value>[^,+=;\n\"<>]{2,80})(?=[,+])")
# Where people and machines stand beside each other, an entry in one of these is nobody.
_NO_PERSON = re.compile(
    r"(?i:[-_.:/\d]|^[^\W\d_]{1,3}$|\b(?:admin|service|server|users?|groups?|accounts?|computers?|people|root|ca|domain|test)\b)"
)
# Last names, first names and a title, as airlines write them.
_BOOKED = re.compile(
    r"(?<![A-Z/])(?P<found>[A-Z]{2,25}(?:[ -][A-Z]{2,25}){0,2}/[A-Z]{2,25}(?: [A-Z]{1,25})?)(?= ?(?:MRS?|MS|MISS|MSTR|DR|CHD|INF)\b)"
)
_CHAT = re.compile(
    r"(?i:\bwa\.me/|whatsapp\.com/send/?\?phone=|\bsms(?:to)?:|\btel:|\bviber://\w+\?number=|\bt\.me/(?=\+))(?P<found>\+?\d{7,15})(?!\d)"
)
# Behind a whole number, another extension of the same switchboard.
_EXTENSION = re.compile(
    r"\d[ ,;/]{1,3}(?i:(?:tele)?fax|dw|durchwahl|apparat|ext(?:ension)?)\.?:?[ ]?(?P<found>[-–][ ]?\d{2,6})(?![\w-])"
)
_BANK = re.compile(
    r"(?i:\b(?:sort[ -]?code|bsb|clabe|blz|kontonummer|konto-?nr|cuenta|compte)\b[^\d\n]{0,12})(?P<found>\d{2,4}(?:[ -]?\d{2,4}){1,5})(?![\w-])"
)
_HANDLE = re.compile(
    r"(?i:\b(?:skype|telegram|discord|insta(?:gram)?|snap(?:chat)?|tiktok|twitter|mastodon|wechat|threads|bluesky|github|gamertag)(?: (?:id|name|handle))?"
    r"(?: is|:| ?=)\s{0,2})(?P<found>live:[\w.:-]{3,40}|@[\w.-]{2,40}(?:@[\w.-]{3,40})?|(?=[\w.-]{0,30}[._\d#])[A-Za-z][\w.-]{2,30}(?:#\d{4})?)(?![\w@/])"
)
# Addresses of mail in transcripts that have lost every sign.
_ENDS = "com|net|org|couk"
_UNSIGNED = re.compile(
    rf"(?<![\w@./:-])(?i:(?:\be-?mail(?: address| id)?(?: is)?:? (?P<said>[a-z\d]{{5,40}}(?:{_ENDS}))"
    rf"|(?P<found>(?:[a-z]{{2,24}} ?\d{{1,8}} )?[a-z\d]{{0,40}}(?:mail|gmai|gamil|gmial|gail|yahoo|outlook|icloud|aol|comcast|verizon|att)(?:{_ENDS}))))(?![\w@.])"
)
# Lines of /etc/passwd from the first number of a person on.
_ACCOUNT = re.compile(
    r"(?m)^(?P<login>[a-z_][\w-]{1,31}):[^:\n]{0,120}:(?P<number>\d{4,9}):\d+:(?P<full>[^:,\n]{0,60})[^:\n]*:/"
)
# HL7: of a patient and of the next of kin; parts of a field are split by ^.
_SEGMENT = re.compile(r"(?m)^(?P<segment>PID|NK1)\|(?P<fields>[^\r\n]{5,2000})")
_PATIENT = {
    "PID": {2: ("ID",), 3: ("ID",), 4: ("ID",), 5: _NAME, 6: _NAME, 7: ("DATE_OF_BIRTH",), 9: _NAME, 11: ("ADDRESS", "ADDRESS", "LOCATION", None, "ZIP_CODE"),
            13: ("PHONE_NUMBER",), 14: ("PHONE_NUMBER",), 18: ("ID",), 19: ("US_SSN",), 20: ("ID",)},
    "NK1": {2: _NAME, 4: ("ADDRESS", "ADDRESS", "LOCATION", None, "ZIP_CODE"), 5: ("PHONE_NUMBER",), 6: ("PHONE_NUMBER",)},
}  # fmt: skip


class _Format(NamedTuple):
    """A reader, and words of which a text must hold one."""

    words: tuple[str, ...]
    read: Callable[[str], Iterator[Span]]


def formats(text: str) -> Iterator[Span]:
    """Values whose place in a known format says what they are."""
    opened = _GATE.open(text)
    if not opened:
        return
    for index, known in enumerate(_FORMATS):
        if opened >> index & 1:
            yield from known.read(text)


def _cards(text: str) -> Iterator[Span]:
    for match in _OF_CARD.finditer(text):
        yield from _parts(text, *match.span("value"), ";", _CARD[match["name"]])


def _qr_cards(text: str) -> Iterator[Span]:
    for match in _IN_QR.finditer(text):
        yield from _parts(text, *match.span("value"), ",", _CARD[match["name"]])


def _directory(text: str) -> Iterator[Span]:
    for match in (*_OF_ENTRY.finditer(text), *_IN_PATH.finditer(text)):
        kind = _ENTRY[match["name"].lower()]
        is_nobody = match["value"].lower() in MACHINES or (kind == "PERSON" and _NO_PERSON.search(match["value"]))
        if not is_nobody:
            yield Span(*match.span("value"), kind, _SCORE, _DETECTOR)


def _patients(text: str) -> Iterator[Span]:
    for match in _SEGMENT.finditer(text):
        at = match.start("fields")
        for index, value in enumerate(match["fields"].split("|"), start=1):
            if value and (kinds := _PATIENT[match["segment"]].get(index)):
                yield from _parts(text, at, at + len(value), "^", kinds)
            at += len(value) + 1


def _unsigned(text: str) -> Iterator[Span]:
    for match in _UNSIGNED.finditer(text):
        yield Span(*match.span("said" if match["said"] else "found"), "EMAIL_ADDRESS", 0.7, _DETECTOR)


def _accounts(text: str) -> Iterator[Span]:
    for match in _ACCOUNT.finditer(text):
        if match["login"] not in MACHINES and match["login"] != "nobody":
            yield Span(*match.span("login"), "USER_ID", _SCORE, _DETECTOR)
            if " " in match["full"]:
                yield Span(*match.span("full"), "PERSON", _SCORE, _DETECTOR)


def _parts(text: str, start: int, end: int, sign: str, kinds: Sequence[str | None]) -> Iterator[Span]:
    """The parts of a structured value; of a kind for one part alone, all of it."""
    value = text[start:end]
    at = start
    for part, kind in zip(value.split(sign) if len(kinds) > 1 else [value], kinds, strict=False):
        if kind is not None and any(map(str.isalnum, part)):
            yield Span(at, at + len(part), kind, _SCORE, _DETECTOR)
        at += len(part) + 1


def _found(pattern: re.Pattern[str], kind: str, score: float = _SCORE) -> Callable[[str], Iterator[Span]]:
    def read(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            yield Span(*match.span("found"), kind, score, _DETECTOR)

    return read


_FORMATS = (
    _Format(("begin:vcard",), _cards),
    _Format(("mecard:", "bizcard:"), _qr_cards),
    _Format(("attendee", "organizer"), _found(_ATTENDEE, "PERSON")),
    _Format(("dn: ", ",dc=", ",ou=", "objectclass"), _directory),
    _Format((" mr", "/mr", " ms", " dr", " chd", " inf", " miss"), _found(_BOOKED, "PERSON")),
    _Format(("wa.me/", "whatsapp.com/", "sms", "tel:", "viber:", "t.me/"), _found(_CHAT, "PHONE_NUMBER")),
    _Format(("fax", "dw", "durchwahl", "apparat", "ext"), _found(_EXTENSION, "PHONE_NUMBER", 0.7)),
    _Format(("sort code", "sort-code", "sortcode", "bsb", "clabe", "blz", "konto", "cuenta", "compte"), _found(_BANK, "ACCOUNT_ID", 0.85)),
    _Format(
        ("skype", "telegram", "discord", "insta", "snap", "tiktok", "twitter", "mastodon", "wechat", "threads", "bluesky", "github", "gamertag"),
        _found(_HANDLE, "USER_ID", 0.8),
    ),
    _Format((":/",), _accounts),
    _Format((*(f"{host}{end}" for host in ("mail", "mai", "mil", "mial", "gail", "yahoo", "outlook", "icloud", "aol", "cast", "verizon", "att") for end in ("com", "net")),
             "mail address is", "mail is", "mail id is"), _unsigned),
    _Format(("pid|", "nk1|"), _patients),
)  # fmt: skip
_GATE = Gate([known.words for known in _FORMATS])
