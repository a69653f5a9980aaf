"""Values that are known to be personal data, planted into copies of real messages: how many of them are found.

The copies are never written. The share is an estimate for values like these, said in ways like
these; the bound says what so few of them can prove (Clopper and Pearson, Biometrika 26, 1934).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.privacy.audit import survivor
from llmci.core.privacy.detect import Unreadable
from llmci.core.privacy.flatten import Text
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.redact import Withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llmci.core.privacy.permutation import Keyed
    from llmci.core.privacy.redact import Redactor

_LONGEST_MESSAGE = 1_000
_LEVEL = 0.95
_FIRST = """
    Torvald Aisha Priya Yusuf Mei Ingrid Mateo Chiara Olga Kwame Fatima Sven Lakshmi Hiroshi Zofia Declan Amara Björn
    Camila Dmitri Eleni Farid Giulia Hamza Ivana José Kofi Leila Marisol Nikhil Oksana Thandiwe
    """.split()  # noqa: SIM905  words read more easily without quotes
_LAST = """
    Lindqvist Okafor Banerjee Demir Nakamura Kowalczyk Fernández Rossi Petrov Mensah Haddad Johansson Iyer Tanaka Nowak
    O'Sullivan Adeyemi Schneider Morales Volkov Papadopoulos Rahimi Ferrari Siddiqui Horvat Castillo Asante Karimi
    Villanueva Deshpande Shevchenko Dlamini
    """.split()  # noqa: SIM905  words read more easily without quotes
_STREETS = ("Maple Avenue", "Elm Street", "Sunset Boulevard", "Cedar Lane", "Ridge Road", "Oak Drive")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# For each kind how people and programs say it; the last of them without any word that helps.
_SAID: dict[str, tuple[str, ...]] = {
    "PERSON": ("My name is {}.", "Please book it for {}.", "I spoke with {} yesterday.", "{}"),
    "EMAIL_ADDRESS": ("Write to {} please.", "my mail is {}", '{{"email": "{}"}}', "{}"),
    "PHONE_NUMBER": ("Call me at {}.", "my phone number is {}", "phone: {}", "Reach us on {} until noon."),
    "ADDRESS": ("I live at {}.", "Ship it to {}.", "address: {}", "{}"),
    "USER_ID": ("My user id is {}.", '{{"user_id": "{}"}}', "the profile of {}", "{}"),
    "CREDIT_CARD": ("Charge the card {}.", "card number {}", "{}"),
    "US_SSN": ("My social security number is {}.", "ssn {}", "SSN: {}"),
    "IBAN_CODE": ("Pay to {}.", "IBAN {}", "{}"),
    "IP_ADDRESS": ("It came from {}.", "client ip {}", "{}"),
    "DATE_OF_BIRTH": ("I was born on {}.", "date of birth: {}", "DOB {}"),
    "SECRET": ("The key is {}.", "export API_KEY={}", "{}"),
}


@dataclass(frozen=True, slots=True)
class Recall:
    """What became of the canaries of one kind.

    Attributes:
        removed: So many of those planted are gone from the text, or the text is held back.
        low: Lower end of the exact two-sided 95 % interval of the share that is removed.
    """

    kind: str
    planted: int
    removed: int
    low: float


def measured(redactor: Redactor, keyed: Keyed, messages: Sequence[str], each: int) -> tuple[Recall, ...]:
    """Plant so many values of each kind that the policy removes, one at a time, and look for them after sanitizing.

    Args:
        redactor: What sanitizes.
        keyed: What the values are drawn from, so that a run can be repeated.
        messages: Real ones, not sanitized; without any, the values stand alone.
        each: Values of each kind.
    """
    kinds = [kind for kind in _SAID if redactor.policy.operator_of(kind) != "keep"]
    planted = [(kind, *_planted(keyed, kind, index, messages)) for kind in kinds for index in range(each)]
    redactor.search_ahead(text for _, _, text in planted)
    removed = dict.fromkeys(kinds, 0)
    for kind, value, text in planted:
        removed[kind] += _is_removed(redactor, kind, value, text)
    return tuple(Recall(kind, each, removed[kind], lowest_share(removed[kind], each)) for kind in kinds if each)


def lowest_share(hits: int, of: int) -> float:
    """Lower end of the Clopper-Pearson interval of a share, in [0, 1]: below it, so many hits or more are too rare.

    By plain arithmetic: every report asks for a few, and importing `scipy.special` takes longer than all of them.
    """
    rare = (1 - _LEVEL) / 2
    if hits in (0, of):
        return rare ** (1 / of) if hits else 0.0
    low, high = 0.0, hits / of
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _at_least(hits, of, middle) < rare else (low, middle)
    return low


def _at_least(hits: int, of: int, share: float) -> float:
    """Chance of so many hits or more."""
    one, other, ways = math.log(share), math.log1p(-share), math.lgamma(of + 1)
    return math.fsum(
        math.exp(ways - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * one + (of - k) * other)
        for k in range(hits, of + 1)
    )


def _planted(keyed: Keyed, kind: str, index: int, messages: Sequence[str]) -> tuple[str, Text]:
    draw = _draws(keyed, f"{kind} {index}")
    value = _value(kind, draw)
    ways = _SAID[kind]
    said = ways[index % len(ways)].format(value)
    message = messages[draw(len(messages))][:_LONGEST_MESSAGE] if messages else ""
    text = f"{said}\n{message}" if draw(2) else f"{message}\n{said}"
    return value, Text("canary", "text", "user", text.strip("\n"))


def _is_removed(redactor: Redactor, kind: str, value: str, text: Text) -> bool:
    memory = Memory()
    if isinstance(redactor.learned([text], memory), Unreadable):
        return True
    outcome = redactor.redact([text], memory)
    return isinstance(outcome, Withheld) or survivor(outcome.kept, Memory(), [(kind, value)]) is None


def _draws(keyed: Keyed, name: str) -> Callable[[int], int]:
    """Numbers below what is asked for, one after the other."""

    def numbers() -> Iterator[int]:
        turn = 0
        while True:
            yield keyed.number(f"canary/{turn}", name)
            turn += 1

    drawn = numbers()
    return lambda below: next(drawn) % below


def _value(kind: str, draw: Callable[[int], int]) -> str:
    return _VALUES[kind](_FIRST[draw(len(_FIRST))], _LAST[draw(len(_LAST))], draw)


def _phone(_first: str, _last: str, draw: Callable[[int], int]) -> str:
    area, middle, line = 212 + draw(3), 200 + draw(700), f"{draw(10_000):04d}"
    return (f"({area}) {middle}-{line}", f"{area}-{middle}-{line}", f"+1 {area} {middle} {line}")[draw(3)]


def _card(_first: str, _last: str, draw: Callable[[int], int]) -> str:
    body = f"4{draw(10**14):014d}"
    digits = f"{body}{_luhn(body)}"
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4)) if draw(2) else digits


def _iban(_first: str, _last: str, draw: Callable[[int], int]) -> str:
    account = f"{37040044 + draw(1000)}{draw(10**10):010d}"
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if "a" <= c <= "z")


def _luhn(body: str) -> int:
    doubled = [int(c) * (2 if index % 2 == 0 else 1) for index, c in enumerate(reversed(body))]
    return -sum(number - 9 if number > 9 else number for number in doubled) % 10


_VALUES: dict[str, Callable[[str, str, Callable[[int], int]], str]] = {
    "PERSON": lambda first, last, _: f"{first} {last}",
    "EMAIL_ADDRESS": lambda first, last, draw: f"{_plain(first)}.{_plain(last)}{draw(100)}@mail-{draw(1000)}.com",
    "USER_ID": lambda first, last, draw: f"{_plain(first)}_{_plain(last)}_{1000 + draw(9000)}",
    "PHONE_NUMBER": _phone,
    "ADDRESS": lambda _, __, draw: f"{100 + draw(9000)} {_STREETS[draw(len(_STREETS))]}",
    "CREDIT_CARD": _card,
    "US_SSN": lambda _, __, draw: f"{101 + draw(500)}-{10 + draw(80)}-{1000 + draw(9000)}",
    "IBAN_CODE": _iban,
    "IP_ADDRESS": lambda _, __, draw: ".".join(str(20 + draw(180)) for _ in range(4)),
    "DATE_OF_BIRTH": lambda _, __, draw: f"{1940 + draw(60)}-{1 + draw(12):02d}-{1 + draw(28):02d}",
    "SECRET": lambda _, __, draw: "ghp_" + "".join(_LETTERS[draw(len(_LETTERS))] for _ in range(36)),
}
