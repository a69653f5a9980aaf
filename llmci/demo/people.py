"""People and secrets that do not exist, for the demo's traffic.

E-mail domains are reserved ones that nobody can own, telephone numbers are from the ranges kept for
fiction, card numbers pass the checksum and were never issued, and keys are random letters.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_FIRST = """
    Marta Tobias Priya Kwame Ingrid Rafael Yuki Leila Bram Oksana Dylan Noor Esteban Freya Hassan Maeve Jonas Zanele
    Pavel Amara Silvia Callum Mirela Anders Farida Gustav Helena Idris Joana Kenji Lucia Matteo
""".split()  # noqa: SIM905  names read more easily without quotes
_LAST = """
    Okonjo Lindqvist Raman Mensah Solberg Quintana Hayashi Farouk Verhoeven Kovalenko Pryce Haddad Ibarra Nygaard
    Siddiqui Gallagher Brandt Dlamini Novotny Adeyemi Moretti Drummond Ionescu Halvorsen Rahimi Ekstrom Papadakis
    Bello Carvalho Nakamura Benitez Ferraro
""".split()  # noqa: SIM905  names read more easily without quotes
_COMPANIES = ("larkspur-freight", "tidewater-optics", "bluefern-clinic", "hollow-oak-books", "quarrystone-bank")
_STREETS = ("Larkspur Row", "Old Ferry Road", "Juniper Street", "Chapel Lane", "Millrace Avenue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who writes to the assistant; `user_id` is what the application calls them."""

    user_id: str
    name: str
    email: str
    phone: str
    card: str
    address: str


def people(random: Random, count: int) -> list[Person]:
    """Invent so many people, at most as many as there are first names."""
    firsts, lasts = random.sample(_FIRST, count), random.sample(_LAST, count)
    return [
        _person(random, number, first, last) for number, (first, last) in enumerate(zip(firsts, lasts, strict=True))
    ]


def _person(random: Random, number: int, first: str, last: str) -> Person:
    local = random.choice(("{0}.{1}", "{0}{1}", "{0[0]}.{1}", "{0}_{1}")).format(first.lower(), last.lower())
    return Person(
        user_id=f"u-{number + 1:03d}",
        name=f"{first} {last}",
        email=f"{local}@{random.choice(_COMPANIES)}.example",
        phone=random.choice(("+1 (415) 555-01{0:02d}", "+44 20 7946 0{1:03d}", "(212) 555-01{0:02d}")).format(
            random.randrange(100), random.randrange(1000)
        ),
        card=_card(random),
        address=f"{random.randrange(3, 190)} {random.choice(_STREETS)}",
    )


def _card(random: Random) -> str:
    digits = [4, *(random.randrange(10) for _ in range(14))]
    doubled = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    text = "".join(map(str, [*digits, -doubled % 10]))
    return " ".join(text[start : start + 4] for start in range(0, 16, 4))


def api_key(random: Random) -> str:
    """A key in the form of one of several services."""
    alphabet = string.ascii_letters + string.digits
    prefix, length, letters = random.choice(
        (
            ("sk-proj-", 48, alphabet),
            ("AKIA", 16, string.ascii_uppercase + "234567"),
            ("ghp_", 36, alphabet),
        )
    )
    return prefix + "".join(random.choice(letters) for _ in range(length))


def password(random: Random) -> str:
    """A password as people write them into connection strings."""
    return "".join(random.choice(string.ascii_letters + string.digits) for _ in range(14))
