"""Surrogates: consistent, injective, of the same shape, and nobody's."""

from __future__ import annotations

import ipaddress
import re
import string
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.surrogate import Surrogates

SURROGATES = Surrogates(b"a key for tests")


# How people write ten digits, all of them or with a country's code.
_FORMS = ("{}-{}-{}", "({}) {}-{}", "{}{}{}", "{}.{}.{}", "+44 {} {} {}", "0{} {}{}")


@given(st.sampled_from(_FORMS), *(st.tuples(*(st.text(string.digits, min_size=n, max_size=n) for n in (3, 3, 4))),) * 2)
def test_two_telephone_numbers_never_become_one(form: str, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    made = [SURROGATES.of("PHONE_NUMBER", form.format(*digits)) for digits in (one, other)]

    assert (made[0] == made[1]) == (one == other)


@pytest.mark.parametrize("form", ["{}-{}-{}", "+1 ({}) {}-{}", "+49 {} {}{}", "0{} {}{}", "{}{}{}"])
def test_twenty_thousand_telephone_numbers_stay_as_many(form: str) -> None:
    values = {form.format(200 + n % 700, f"{n // 7 % 1000:03d}", f"{n * 7919 % 10000:04d}") for n in range(20_000)}

    assert len({SURROGATES.of("PHONE_NUMBER", value) for value in values}) == len(values)


def test_one_number_is_one_number_in_every_spelling() -> None:
    made = {
        SURROGATES.of("PHONE_NUMBER", value)[-14:] for value in ("+1 415-867-5309", "415-867-5309", "1-415-867-5309")
    }

    assert len(made) == 1


def test_a_network_address_is_the_same_in_every_spelling() -> None:
    assert SURROGATES.of("IP_ADDRESS", "2A00:1450:0::200E") == SURROGATES.of("IP_ADDRESS", "2a00:1450::200e")
    assert SURROGATES.of("IP_ADDRESS", "8.8.8.8/24") == f"{SURROGATES.of('IP_ADDRESS', '8.8.8.8')}/24"


def test_a_thousand_network_addresses_stay_as_many() -> None:
    values = [f"{1 + n % 220}.{n % 251}.{n * 7 % 256}.{n % 199}" for n in range(1000)]

    assert len({SURROGATES.of("IP_ADDRESS", value) for value in values}) == len(set(values))


@given(st.text(string.digits, min_size=2, max_size=12), st.text(string.digits, min_size=2, max_size=12))
def test_two_numbers_never_become_one(one: str, other: str) -> None:
    keyed = Keyed(b"k")

    assert (keyed.permuted("t", one) == keyed.permuted("t", other)) == (one == other)


def test_the_permutation_of_a_small_range_reaches_all_of_it() -> None:
    keyed = Keyed(b"k")

    assert len({keyed.permuted("zip", f"{number:04d}") for number in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param("EMAIL_ADDRESS", [f"user{n}@mail.example" for n in range(3000)], id="e-mails-of-one-host"),
        pytest.param("EMAIL_ADDRESS", [f"info@host{n}.example" for n in range(3000)], id="e-mails-of-many-hosts"),
        pytest.param("USER_ID", [f"mia_li_{n:04d}" for n in range(3000)], id="user-ids"),
        pytest.param("ZIP_CODE", [f"{n:05d}" for n in range(3000)], id="postcodes"),
        pytest.param("CREDIT_CARD", [f"{4000_0000_0000_0000 + 7919 * n}" for n in range(3000)], id="cards"),
        pytest.param("US_SSN", [f"{100 + n // 100}-{n % 100:02d}-{n:04d}" for n in range(3000)], id="ssn"),
        pytest.param(
            "DATE_OF_BIRTH", [(date(1950, 1, 1) + timedelta(days=n)).isoformat() for n in range(3000)], id="birth-dates"
        ),
    ],
)
def test_distinct_values_stay_distinct(kind: str, values: list[str]) -> None:
    made = {SURROGATES.of(kind, value) for value in values}

    assert len(made) == len(set(values))
    assert all(SURROGATES.of(kind, value) != value for value in values)


@given(
    st.sampled_from(["PERSON", "EMAIL_ADDRESS", "ADDRESS", "ZIP_CODE", "US_PASSPORT", "PHONE_NUMBER"]),
    st.text(max_size=40),
)
def test_any_text_gets_a_surrogate_that_is_not_the_text(kind: str, value: str) -> None:
    assert SURROGATES.of(kind, value) != value


def test_the_parts_of_a_person_stay_together() -> None:
    first, last = SURROGATES.of("PERSON", "Mia Li").split()

    assert SURROGATES.of("PERSON", "MIA") == first.upper()
    assert SURROGATES.of("USER_ID", "mia_li_3668").startswith(f"{first.lower()}_{last.lower()}_")
    assert SURROGATES.of("EMAIL_ADDRESS", "mia.li@mail.example").startswith(f"{first.lower()}.{last.lower()}@")


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("EMAIL_ADDRESS", "jane.doe@corp.example", r"[a-z]+\.[a-z]+@[a-z]+\.example\.(com|net|org)"),
        ("PHONE_NUMBER", "+1 (415) 867-5309", r"\+1 \(\d{3}\) 555-01\d\d x\d{5}"),
        ("PHONE_NUMBER", "415-867-5309", r"\d{3}-555-01\d\d x\d{5}"),
        ("PHONE_NUMBER", "415-867-5309 ext. 12", r"\d{3}-555-01\d\d ext\. \d{7}"),
        ("PHONE_NUMBER", "4158675309", r"\d{3}55501\d{7}"),
        ("PHONE_NUMBER", "+49 30 1234567", r"\+999\d\d \d\d \d{7}"),
        ("PHONE_NUMBER", "07700 900123", r"0000\d{4} \d{6}"),
        ("PHONE_NUMBER", "0049 30 1234567", r"\+999\d{4} \d\d \d{7}"),
        ("US_SSN", "536-90-4399", r"9\d\d-\d\d-\d{4}"),
        ("CREDIT_CARD", "4111 1111 1111 1111", r"00\d\d \d{4} \d{4} \d{4}"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", r"DE00 (\d{4} ){4}\d\d"),
        ("DATE_OF_BIRTH", "March 5, 1990", r"[A-Z][a-z]+ \d{1,2}, \d{4}"),
        ("DATE_OF_BIRTH", "05.03.1990", r"\d\d\.\d\d\.\d{4}"),
        ("ZIP_CODE", "NW1 6XE", r"[A-Z]{2}\d \d[A-Z]{2}"),
        ("ADDRESS", "975 Sunset Drive, Suite 217", r"\d{3} [A-Z][a-z]+ Drive, Suite \d{3}"),
        ("MAC_ADDRESS", "00:1B:44:11:3A:B7", r"02(:[0-9A-Fa-f]{2}){5}"),
        ("PERSON", "Иван Петров", "[\u0410-\u042f][\u0430-\u044f]{3} [\u0410-\u042f][\u0430-\u044f]{5}"),
    ],
)
def test_the_shape_is_kept_and_the_range_is_nobodys(kind: str, value: str, form: str) -> None:
    assert re.fullmatch(form, SURROGATES.of(kind, value))


def test_network_addresses_are_of_the_ranges_for_tests() -> None:
    four = ipaddress.ip_address(SURROGATES.of("IP_ADDRESS", "8.8.8.8"))
    six = ipaddress.ip_address(SURROGATES.of("IP_ADDRESS", "2a00:1450::200e"))

    assert four in ipaddress.ip_network("240.0.0.0/4")
    assert six in ipaddress.ip_network("2001:db8::/32")


def test_a_date_of_birth_is_the_same_date_in_every_spelling() -> None:
    year, month, day = SURROGATES.of("DATE_OF_BIRTH", "1990-03-05").split("-")

    assert SURROGATES.of("DATE_OF_BIRTH", "03/05/1990") == f"{month}/{day}/{year}"
    assert abs(int(year) - 1990) <= 12


def test_another_key_gives_other_surrogates_and_does_not_show_itself() -> None:
    other = Surrogates(b"another key")

    assert other.of("PERSON", "Mia Li") != SURROGATES.of("PERSON", "Mia Li")
    assert other.fingerprint != SURROGATES.fingerprint
    assert b"another" not in other.fingerprint.encode()


def test_two_values_that_become_one_surrogate_are_seen_and_another_turn_parts_them() -> None:
    surrogates = Surrogates(b"k")
    surrogates.drawn["networks"] = {}
    made = surrogates.of("IP_ADDRESS", "81.92.103.114")
    assert surrogates.met == set()

    taken = dict.fromkeys(surrogates.drawn["networks"], "of another value")
    surrogates.forget()
    surrogates.drawn["networks"] = taken
    surrogates.of("IP_ADDRESS", "81.92.103.114")

    assert surrogates.met == {"networks"}
    assert Surrogates(b"k", {"networks": 1}).of("IP_ADDRESS", "81.92.103.114") != made
    assert Surrogates(b"k", {"networks": 1}).of("PERSON", "Mia Li") == Surrogates(b"k").of("PERSON", "Mia Li")


def test_spellings_of_one_value_do_not_meet() -> None:
    surrogates = Surrogates(b"k")

    for kind, spelled in (
        ("PERSON", "Mia Li"),
        ("PERSON", "MIA LI"),
        ("IP_ADDRESS", "2a00:1450:0::1"),
        ("IP_ADDRESS", "2a00:1450::1"),
        ("US_SSN", "536-90-4399"),
        ("US_SSN", "536904399"),
    ):
        surrogates.of(kind, spelled)

    assert surrogates.met == set()


def test_initials_may_become_one_for_there_are_few_of_them() -> None:
    surrogates = Surrogates(b"k")

    made = {surrogates.of("PERSON", letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

    assert len(made) < 26
    assert surrogates.met == set()
