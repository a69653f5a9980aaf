"""What a key says of the value under it, in records and in text that looks like them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.gates import Gate
from llmci.core.privacy.values import is_code, is_filler
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Keys without case and separators; of several kinds the one that is looked up first wins.
KEYS: Mapping[str, str] = {
    key: kind
    for kind, keys in {
        "EMAIL_ADDRESS": "email emailaddress mail useremail contactemail billingemail customeremail emailid replyto",
        "PHONE_NUMBER": (
            "phone phonenumber phoneno mobile mobilenumber mobilephone telephone telephonenumber tel fax faxnumber "
            "cell cellphone cellnumber contactnumber contactphone homephone workphone whatsapp msisdn"
        ),
        "PERSON": (
            "fullname firstname lastname middlename surname givenname familyname forename customername patientname "
            "cardholder cardholdername contactname passengername recipientname displayname realname legalname "
            "maidenname accountholder accountholdername clientname guestname holdername employeename nameoncard "
            "emergencycontact nombre apellido apellidos vorname nachname prenom"
        ),
        "DATE_OF_BIRTH": "dateofbirth dob bday birthdate birthday birthdt fechadenacimiento geburtsdatum datedenaissance",
        "ADDRESS": (
            "address address1 address2 addressline1 addressline2 addressline street street1 street2 streetaddress "
            "homeaddress billingaddress shippingaddress mailingaddress deliveryaddress postaladdress residence "
            "streetname housenumber apartment direccion anschrift strasse adresse"
        ),
        "LOCATION": "city town municipality hometown ciudad ville",
        "ZIP_CODE": "zip zipcode postal postalcode postcode plz codigopostal codepostal",
        "US_SSN": "ssn socialsecurity socialsecuritynumber ssnlast4 taxid taxpayerid",
        "US_PASSPORT": "passport passportnumber passportno passportid",
        "US_DRIVER_LICENSE": "driverlicense driverslicense driverslicensenumber driverlicensenumber drivinglicence",
        "IBAN_CODE": "iban ibancode ibannumber",
        "CREDIT_CARD": "cardnumber creditcard creditcardnumber ccnumber cardno pan debitcard debitcardnumber",
        "ACCOUNT_ID": "accountnumber bankaccount bankaccountnumber accountno acctnumber routingnumber acctno",
        "USER_ID": (
            "userid username login loginname enduser enduserid memberid patientid employeeid handle nickname screenname "
            "loyaltyid loyaltyno loyaltynumber membershipid membershipno membershipnumber memberno membernumber "
            "frequentflyernumber frequentflyerid"
        ),
        "ID": (
            "nationalid nationalidnumber personalid mrn medicalrecordnumber insurancenumber insuranceid policyholderid "
            "licenseplate licenceplate numberplate platenumber plateno vehicleregistration"
        ),
        "IP_ADDRESS": "ip ipaddress ipaddr clientip remoteip remoteaddr sourceip xforwardedfor",
        "MAC_ADDRESS": "mac macaddress",
        "SECRET": (
            "password passwd pwd passphrase apikey secret secretkey clientsecret accesstoken refreshtoken authtoken "
            "privatekey accesskey bearertoken pin pincode cvv cvc cvv2 securitycode secretaccesskey sessiontoken otp"
        ),
    }.items()
    for key in keys.split()
}
# Kinds whose values are numbers for the most part: other words under such a key are prose.
_WITH_DIGITS = frozenset(
    {
        "ID",
        "PHONE_NUMBER",
        "ZIP_CODE",
        "US_SSN",
        "US_PASSPORT",
        "IBAN_CODE",
        "CREDIT_CARD",
        "ACCOUNT_ID",
        "DATE_OF_BIRTH",
    }
)
_LONGEST, _LONGEST_NAME, _MOST_NAMES, _SHORTEST_SECRET = 200, 60, 6, 3
_SHORTEST_WORD = 4
# Values that say "nothing", "any", or what type a value would have.
_EMPTY = frozenset(
    """
    null none nil n/a na nan unknown undefined true false yes no string str number int integer boolean bool
    object array required optional redacted hidden any - email phone name address self this
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_PLAIN = re.compile(r"[^a-z0-9]")
# key: "value", 'key': 'value', \"key\": \"value\", key="value".
_QUOTED = re.compile(
    r"(?<![\w.])([A-Za-z][A-Za-z0-9]*(?:[_ -][A-Za-z0-9]+){0,3})\\{0,3}[\"']?\s{0,2}(?:=>|[:=])\s{0,2}\\{0,3}([\"'])"
    r"((?:(?!\2)[^\\\n]){1,200})(?=\\{0,3}\2)"
)
# key=value and key: number, where nothing is quoted.
_BARE = re.compile(
    r"(?<![\w.])([A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+){0,3})\\{0,3}[\"']?(?:=|:(?!//)\s{0,2})(?=[^\s\"'\\])([^\s,;&\"'<>(){}\[\]|\\]{1,100})"
)


def kind_of(key: str | None, extra: Mapping[str, str]) -> str | None:
    """The kind that a key announces; the last words count where the whole says nothing (`customer_email`)."""
    if not key or len(key) > 60:
        return None
    if extra and (plain := plain_key(key)) in extra:
        return extra[plain]
    return _known_kind(key)


@lru_cache(maxsize=4096)
def _known_kind(key: str) -> str | None:
    plain = plain_key(key)
    if plain in KEYS:
        return KEYS[plain]
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", key)
    for start in range(1, len(words)):
        tail = plain_key("".join(words[start:]))
        if tail in _TAILS:
            return KEYS[tail]
    return None


# Keys that mean the same whatever stands before them; "ip" or "pin" as a last word do not.
_TAILS = frozenset(KEYS) - frozenset(
    """
    mail mobile cell tel address street handle login residence nombre ip mac pan pin secret apartment passport
    whatsapp fax otp zip housenumber phone nickname creditcard debitcard bankaccount
    """.split()  # noqa: SIM905  words read more easily without quotes
) | frozenset({"address1", "address2", "email", "phone", "zip"})


def plain_key(key: str) -> str:
    """A key without case and separators."""
    return _PLAIN.sub("", key.casefold())


def fits(kind: str, value: str) -> bool:
    """Whether a value may be what its key announces."""
    text = value.strip()
    if not text or len(text) > _LONGEST or text.casefold() in _EMPTY or not any(c.isalnum() for c in text):
        return False
    if kind == "SECRET":
        return len(text) >= _SHORTEST_SECRET and " " not in text and not is_filler(text) and not is_code(text)
    return (text[0] not in "<{[$" or text[-1:] not in ">}]") and _is_like(kind, text)


def _is_like(kind: str, text: str) -> bool:
    digits = any(c.isdigit() for c in text)
    match kind:
        case "LOCATION":
            return text[0].isupper() and len(text) <= _LONGEST_NAME and not digits
        case "EMAIL_ADDRESS":
            return "@" in text or "%40" in text or "at" in text
        case "PERSON":
            return len(text) <= _LONGEST_NAME and not digits and len(text.split()) <= _MOST_NAMES
        case _:
            return digits or kind not in _WITH_DIGITS


# One of them is in every key, however its words are separated.
_STEMS = [
    "mail",
    "reply",
    "phone",
    "mobile",
    "tel",
    "fax",
    "cell",
    "contact",
    "whatsapp",
    "msisdn",
    "name",
    "nombre",
    "apellido",
    "prenom",
    "holder",
    "birth",
    "dob",
    "bday",
    "geburt",
    "naissance",
    "nacimiento",
    "address",
    "street",
    "addr",
    "apartment",
    "house",
    "residence",
    "zip",
    "post",
    "plz",
    "codigo",
    "passport",
    "ssn",
    "social",
    "tax",
    "iban",
    "card",
    "pan",
    "account",
    "bank",
    "acct",
    "routing",
    "user",
    "login",
    "member",
    "patient",
    "employee",
    "handle",
    "nick",
    "ip",
    "forwarded",
    "mac",
    "pass",
    "pwd",
    "key",
    "secret",
    "token",
    "pin",
    "cvv",
    "cvc",
    "security",
    "otp",
    "direccion",
    "anschrift",
    "strasse",
    "adresse",
    "city",
    "town",
    "ciudad",
    "ville",
    "licen",
    "ccn",
]
_GATE = Gate([_STEMS])


def pairs(text: str, extra: Mapping[str, str]) -> Iterator[Span]:
    """Values of telling keys inside of prose, code, logs and escaped JSON."""
    if ("=" not in text and ":" not in text) or not (extra or _GATE.open(text)):
        return
    for match in _QUOTED.finditer(text) if '"' in text or "'" in text else ():
        kind = kind_of(match[1], extra)
        if kind is not None and fits(kind, match[3]) and plain_key(match[1]) != plain_key(match[3]):
            yield Span(match.start(3), match.end(3), kind, 0.95, "structured.pair")
    for match in _BARE.finditer(text) if "=" in text or ":" in text else ():
        kind = kind_of(match[1], extra)
        value = match[2].rstrip(".!?:")
        if kind is not None and fits(kind, value) and _says_more(kind, match[1], value):
            yield Span(match.start(2), match.start(2) + len(value), kind, 0.9, "structured.pair")


def _says_more(kind: str, key: str, value: str) -> bool:
    """Whether a bare value is more than the first word of a sentence or the name of a type."""
    if kind == "PERSON":
        return value[:1].isupper()
    if kind in ("ADDRESS", "USER_ID") and value.isalpha() and len(value) < _SHORTEST_WORD:
        return False
    return plain_key(key) != plain_key(value)
