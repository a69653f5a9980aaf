"""What takes the place of a finding: keyed, stateless, and the same for the same value everywhere.

A surrogate is a function of the key, the kind and the value alone, so that shards on different
machines agree without talking. Numbers go to ranges that belong to nobody, by the plans that say
so: 555-0100 to 555-0199, country code 999, 240.0.0.0/4, 2001:db8::/32, example.com, .net and .org
(RFC 2606), social security areas from 900, card numbers that start with 00, check digits 00 of an
IBAN. docs/decisions/0006-surrogates-of-nobody.md says for which kinds two values never become one,
and how rarely they do for the others.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from llmci.core.privacy.dates import another_date
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.shapes import cased_like, invented, named, refilled, same_shape, with_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmci.core.privacy.vault import Vault

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
# Kinds for which two values may become one, by what they share; all others are permuted, or as good as that.
FAMILIES = ("names", "addresses", "social security numbers", "networks")
_FAMILY_OF = {
    **dict.fromkeys((*_NAMED, "EMAIL_ADDRESS"), "names"),
    "ADDRESS": "addresses",
    "US_SSN": "social security numbers",
    "IP_ADDRESS": "networks",
}
# A value of fewer letters and digits names nobody.
_TELLING = 2
_PHONE_DIGITS = 10
_EXTENSION = re.compile(r"(?i)([ ,]*(?:ext\.?|extension|x|#)[ .:]*)\d{1,8}\s*$")
_SSN_DIGITS = 9
# Groups behind 9xx that the IRS gives to no taxpayer: its own are 50-65, 70-88, 90-92 and 94-99.
_NO_TAXPAYER = (*range(1, 50), *range(66, 70), 89, 93)
_IPV4 = 4
# 240.0.0.0/4 is for future use (RFC 1112), 2001:db8::/32 for documents (RFC 3849). The last address is for broadcasts.
_RESERVED_IPV4, _RESERVED_SIZE, _DOCUMENTATION_IPV6 = 0xF0000000, (1 << 28) - 1, 0x20010DB8 << 96


class Surrogates:
    """Makes surrogates with one key.

    Args:
        key: Secret of the project. Changing it unlinks what was sanitized before.
        turns: For a family of kinds, how often its surrogates were drawn anew because two values had met.
        vault: Where values go that can be brought back.

    Attributes:
        drawn: By family: digest of each surrogate to the digest of the value that it stands for.
    """

    def __init__(self, key: bytes, turns: Mapping[str, int] | None = None, vault: Vault | None = None) -> None:
        self.vault = vault
        turns = turns or {}
        self._keyed = Keyed(key)
        self._named, self._addressed, self._numbered, self._networked = (
            Keyed(key + f"/{family}/{turns[family]}".encode()) if turns.get(family) else self._keyed
            for family in FAMILIES
        )
        self.drawn: dict[str, dict[str, str]] = {family: {} for family in FAMILIES}
        self.met: set[str] = set()
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

    def sealed(self, kind: str, value: str) -> str:
        """The token of a value that the vault can bring back."""
        if self.vault is None:
            raise RuntimeError("the policy encrypts, and there is no vault")
        return self.vault.seal(kind, value)

    def _made(self, kind: str, value: str) -> str:
        make = self._makers.get(kind) or partial(same_shape, self._keyed, kind)
        made = make(value)
        if made.casefold() == value.casefold():
            # A permutation has fixed points, and a value that stays itself is a leak.
            return f"{kind.lower()}-{self.hashed(kind, value)}"
        if kind in _FAMILY_OF:
            self._draw(_FAMILY_OF[kind], value, made)
        return made

    def _draw(self, family: str, value: str, made: str) -> None:
        """Remember that a surrogate is taken, as digests; where two values have it, their family has met."""
        if sum(map(str.isalnum, value)) < _TELLING:
            # Of initials there are 26 for everybody: that two become one confuses nobody, and no draw could part them.
            return
        one, other = self.hashed("drawn", _plain(family, made)), self.hashed("value", _plain(family, value))
        if self.drawn[family].setdefault(one, other) != other:
            self.met.add(family)

    def forget(self) -> None:
        """Start to count what is drawn anew."""
        self.drawn = {family: {} for family in FAMILIES}
        self.met.clear()
        if self.vault is not None:
            self.vault.sealed.clear()
        self._cached.cache_clear()  # type: ignore[attr-defined]

    def _name(self, value: str) -> str:
        return refilled(self._named, "name", named(self._named, value))

    def _email(self, value: str) -> str:
        at = _AT.search(value)
        local, sign, host = (value[: at.start()], at[0], value[at.end() :]) if at else (value, "@", "")
        end = ("com", "net", "org")[self._keyed.number("host", host.casefold()) % 3]
        labels = [label for label in _WORDS.findall(host.casefold()) if label not in ("dot", "com", "net", "org")]
        # The whole host goes into the word, so that two hosts stay two.
        word = invented(self._named, f"host {host.casefold()}" if labels else "host")
        return f"{self._name(local)}{sign}{word}.example.{end}"

    def _phone(self, value: str) -> str:
        extension = _EXTENSION.search(value)
        number = value[: extension.start()] if extension else value
        digits, beyond = _digits(number), _digits(value[len(number) :])
        if not digits:
            return same_shape(self._keyed, "phone", value)
        if _is_north_american(number, digits):
            made, more = self._north_american(number, digits)
        else:
            made, more = self._foreign(number, digits), ""
        more += self._keyed.permuted("extension", beyond) if beyond else ""
        return f"{made}{extension[1] if extension else _mark_of(made)}{more}" if more else made

    def _north_american(self, number: str, digits: str) -> tuple[str, str]:
        """555-01.. with any area code, and five more digits: ten in all, as the number had."""
        changed = self._keyed.permuted("phone", digits[-_PHONE_DIGITS:])
        made = f"{digits[:-_PHONE_DIGITS]}{changed[:3]}55501{changed[3:5]}"
        return with_digits(number, made), changed[5:]

    def _foreign(self, number: str, digits: str) -> str:
        """More digits in front than it had, so that all of them can be changed and no two numbers become one."""
        at = next(index for index, c in enumerate(number) if c.isdecimal())
        if number.lstrip().startswith("+") or digits.startswith("00"):
            # The code 999 belongs to no country.
            nowhere, changed = "999", self._keyed.permuted("phone/+", digits)
        elif digits.startswith("0"):
            # No code of a country starts with 0, which 00 would be followed by.
            nowhere, changed = "000", f"0{self._keyed.permuted('phone/0', digits[1:])}" if len(digits) > 1 else "0"
        else:
            nowhere, changed = "0009", self._keyed.permuted("phone", digits)
        plus = "" if number.lstrip().startswith("+") or not digits.startswith("00") else "+"
        return f"{number[:at]}{plus}{nowhere}{with_digits(number[at:], changed)}"

    def _card(self, value: str) -> str:
        digits = _digits(value)
        body = f"00{self._keyed.permuted('card', digits[:-1])[2:]}"
        return with_digits(value, f"{body}{_luhn(body)}")

    def _ssn(self, value: str) -> str:
        digits = self._numbered.permuted("ssn", _digits(value))
        if len(digits) != _SSN_DIGITS:
            return with_digits(value, digits)
        # From 900 on, in groups that are no taxpayer's number either.
        group = _NO_TAXPAYER[int(digits[3:5]) % len(_NO_TAXPAYER)]
        return with_digits(value, f"9{digits[1:3]}{group:02d}{digits[5:]}")

    def _iban(self, value: str) -> str:
        made = same_shape(self._keyed, "iban", value[4:])
        return f"{value[:2]}00{made}"

    def _network_address(self, value: str) -> str:
        address, slash, prefix = value.partition("/")
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return same_shape(self._keyed, "network", value)
        # One address has many spellings in version 6.
        if known.version == _IPV4:
            left, right = divmod(int(known), 1 << 16)
            left, right = self._networked.permuted_pair("network/4", left, right, 1 << 16, 1 << 16)
            made: IPv4Address | IPv6Address = IPv4Address(_RESERVED_IPV4 | (left << 16 | right) % _RESERVED_SIZE)
        else:
            digest = self._networked.digest("network/6", str(known))
            made = IPv6Address(_DOCUMENTATION_IPV6 | int.from_bytes(digest[:12], "big"))
        return f"{made}{slash}{prefix}"

    def _mac(self, value: str) -> str:
        found = "".join(c for c in value.lower() if c in _HEX)
        # The bit of locally administered addresses: no maker has it.
        fresh = iter(f"02{self._keyed.permuted('mac', found, _HEX)[2:]}")
        return "".join(cased_like(c, next(fresh)) if c.lower() in _HEX else c for c in value)

    def _address(self, value: str) -> str:
        def word(match: re.Match[str]) -> str:
            known = match[0].casefold() in _ADDRESS_WORDS or len(match[0]) == 1
            return match[0] if known else named(self._addressed, match[0])

        def number(match: re.Match[str]) -> str:
            return refilled(self._addressed, "house", match[0])

        return _NUMBERS.sub(number, _WORDS.sub(word, value))


def _plain(family: str, value: str) -> str:
    """What two spellings of one value have in common."""
    if family == "networks":
        address, slash, prefix = value.partition("/")
        try:
            return f"{ip_address(address.partition('%')[0])}{slash}{prefix}"
        except ValueError:
            return value.casefold()
    return _digits(value) if family == "social security numbers" else value.casefold()


def _digits(value: str) -> str:
    return "".join(str(int(c)) for c in value if c.isdecimal())


def _mark_of(number: str) -> str:
    """What stands before an extension that the original had not; a number without separators stays one."""
    return "" if number.isdecimal() else " x"


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
