"""What takes the place of a finding: keyed, stateless, and the same for the same value everywhere.

A surrogate is a function of the key, the kind and the value alone, so that shards on different
machines agree without talking. Numbers go to ranges that belong to nobody, by the plans that say
so: 555-0100 to 555-0199, 198.18.0.0/15 (RFC 2544), 2001:db8::/32 (RFC 3849), example.com, .net and
.org (RFC 2606), social security areas from 900, card numbers that start with 00, check digits 00
of an IBAN. Where such a range is smaller than the values (phones, addresses of networks), two
values may meet in it; names, e-mails, ids, dates, cards and all other kinds stay apart.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from llmci.core.privacy.dates import another_date
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.shapes import cased_like, invented, named, refilled, same_shape, with_digits

if TYPE_CHECKING:
    from collections.abc import Callable

_AT = re.compile(r"\s?(?:@|%40|[\[(]at[\])])\s?", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")
_HEX = "0123456789abcdef"
# Words of an address that tell nothing of where it is.
_ADDRESS_WORDS = frozenset(
    """
    street st avenue ave road rd boulevard blvd lane ln drive dr court ct way place pl square sq terrace ter
    parkway pkwy highway hwy circle cir trail trl crescent close alley row apt apartment suite ste unit floor fl
    box po p o north south east west n s e w ne nw se sw calle avenida av plaza rue via weg de la del das der du
    des the of and straße strasse str platz allee no
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_NAMED = frozenset({"PERSON", "USER_ID", "USERNAME"})
_PHONE_DIGITS = 10
_LOCAL_DIGITS = 7


class Surrogates:
    """Makes surrogates with one key.

    Args:
        key: Secret of the project. Changing it unlinks what was sanitized before.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = Keyed(key)
        self._makers: dict[str, Callable[[str], str]] = {
            "EMAIL_ADDRESS": self._email,
            "PHONE_NUMBER": self._phone,
            "CREDIT_CARD": self._card,
            "US_SSN": self._ssn,
            "IBAN_CODE": self._iban,
            "IP_ADDRESS": self._network_address,
            "MAC_ADDRESS": self._mac,
            "ADDRESS": self._address,
            "DATE_OF_BIRTH": partial(another_date, self._keyed),
            **dict.fromkeys(_NAMED, self._name),
        }
        self._cached: Callable[[str, str], str] = lru_cache(maxsize=65_536)(self._made)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without giving them away."""
        return self._keyed.hex("fingerprint", "", 16)

    def of(self, kind: str, value: str) -> str:
        """The surrogate of a value; case, script and shape are kept where the kind has them."""
        return self._cached(kind, value)

    def hashed(self, kind: str, value: str, length: int = 16) -> str:
        """Keyed hash of a value, in hexadecimal digits."""
        return self._keyed.hex(kind, value, length)

    def _made(self, kind: str, value: str) -> str:
        make = self._makers.get(kind) or partial(same_shape, self._keyed, kind)
        made = make(value)
        # A permutation has fixed points, and a value that stays itself is a leak.
        return made if made.casefold() != value.casefold() else f"{kind.lower()}-{self.hashed(kind, value)}"

    def _name(self, value: str) -> str:
        return refilled(self._keyed, "name", named(self._keyed, value))

    def _email(self, value: str) -> str:
        at = _AT.search(value)
        local, sign, host = (value[: at.start()], at[0], value[at.end() :]) if at else (value, "@", "")
        end = ("com", "net", "org")[self._keyed.number("host", host.casefold()) % 3]
        labels = [label for label in _WORDS.findall(host.casefold()) if label not in ("dot", "com", "net", "org")]
        # The whole host goes into the word, so that two hosts stay two.
        word = invented(self._keyed, f"host {host.casefold()}" if labels else "host")
        return f"{self._name(local)}{sign}{word}.example.{end}"

    def _phone(self, value: str) -> str:
        digits = _digits(value)
        if not digits:
            return same_shape(self._keyed, "phone", value)
        changed = self._keyed.permuted("phone", digits[-10:])
        if _is_north_american(value, digits):
            area = f"{2 + int(changed[0]) % 8}{changed[1:3]}"
            return with_digits(value, f"{digits[:-10]}{area}55501{changed[-2:]}")
        # No country has the code 999, and no subscriber's number starts with 00.
        nowhere = "999" if value.lstrip().startswith("+") else "00" if len(digits) > _LOCAL_DIGITS else "0"
        return with_digits(value, f"{nowhere}{f'{digits[:-10]}{changed}'[len(nowhere) :]}")

    def _card(self, value: str) -> str:
        digits = _digits(value)
        body = f"00{self._keyed.permuted('card', digits[:-1])[2:]}"
        return with_digits(value, f"{body}{_luhn(body)}")

    def _ssn(self, value: str) -> str:
        digits = self._keyed.permuted("ssn", _digits(value))
        return with_digits(value, f"9{digits[1:]}" if len(digits) == 9 else digits)

    def _iban(self, value: str) -> str:
        made = same_shape(self._keyed, "iban", value[4:])
        return f"{value[:2]}00{made}"

    def _network_address(self, value: str) -> str:
        number = self._keyed.number("network", value.casefold())
        if ":" in value:
            groups = [f"{(number >> shift) & 0xFFFF:x}" for shift in (0, 16, 32, 48)]
            return f"2001:db8:{':'.join(groups)}::1"
        return f"198.{18 + (number & 1)}.{(number >> 1) & 255}.{1 + (number >> 9) % 254}"

    def _mac(self, value: str) -> str:
        found = "".join(c for c in value.lower() if c in _HEX)
        # The bit of locally administered addresses: no maker has it.
        fresh = iter(f"02{self._keyed.permuted('mac', found, _HEX)[2:]}")
        return "".join(cased_like(c, next(fresh)) if c.lower() in _HEX else c for c in value)

    def _address(self, value: str) -> str:
        def word(match: re.Match[str]) -> str:
            known = match[0].casefold() in _ADDRESS_WORDS or len(match[0]) == 1
            return match[0] if known else named(self._keyed, match[0])

        def number(match: re.Match[str]) -> str:
            return refilled(self._keyed, "house", match[0])

        return _NUMBERS.sub(number, _WORDS.sub(word, value))


def _digits(value: str) -> str:
    return "".join(str(int(c)) for c in value if c.isdecimal())


def _is_north_american(value: str, digits: str) -> bool:
    if value.lstrip().startswith("+"):
        return digits[0] == "1" and len(digits) == _PHONE_DIGITS + 1
    return len(digits) == _PHONE_DIGITS or (len(digits) == _PHONE_DIGITS + 1 and digits[0] == "1")


def _luhn(body: str) -> str:
    """The digit that makes a card number pass Luhn's check."""
    total = 0
    for index, character in enumerate(reversed(body)):
        digit = int(character) * (2 if index % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)
