"""Values whose place in a known format says what they are; and names of software that are no people there."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.formats import formats
from llmci.adapters.recognizers.phones import phones
from llmci.adapters.recognizers.shapes import shapes
from llmci.adapters.recognizers.software import is_software


def found(text: str) -> dict[str, str]:
    return {text[span.start : span.end]: span.kind for span in formats(text)}


def test_a_business_card_is_known_by_its_fields() -> None:
    card = "BEGIN:VCARD\nN:Petrosyan;Anahit;;Dr.;\nADR;TYPE=HOME:;;12 Abovyan;Yerevan;;0010;Armenia\nTEL;TYPE=CELL:+374 91 234567\nEND:VCARD"
    assert found(card) == {
        "Petrosyan": "PERSON",
        "Anahit": "PERSON",
        "Dr.": "PERSON",
        "12 Abovyan": "ADDRESS",
        "Yerevan": "LOCATION",
        "0010": "ZIP_CODE",
        "+374 91 234567": "PHONE_NUMBER",
    }
    assert found("MECARD:N:Castellanos,Ximena;TEL:+525512345678;;")["Ximena"] == "PERSON"


def test_a_directory_names_people_and_not_its_own_parts() -> None:
    entry = "dn: uid=jkowalska,ou=people,dc=acme\ncn: Joanna Kowalska\nsn: Kowalska\nuid: root\nmail: jk@acme.org"
    assert found(entry) == {
        "jkowalska": "USER_ID",
        "Joanna Kowalska": "PERSON",
        "Kowalska": "PERSON",
        "jk@acme.org": "EMAIL_ADDRESS",
    }
    assert found("cn=users,cn=accounts,dc=acme") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GARCIA LOPEZ/ANA MRS, SMITH/JOHN A MR", {"GARCIA LOPEZ/ANA": "PERSON", "SMITH/JOHN A": "PERSON"}),
        ("see https://wa.me/5511987654321?text=hi", {"5511987654321": "PHONE_NUMBER"}),
        ("Tel 089 63648018, Fax -48019", {"-48019": "PHONE_NUMBER"}),
        ("sort code 20-00-00", {"20-00-00": "ACCOUNT_ID"}),
        ("skype: live:lena.h, discord: tariq#4821", {"live:lena.h": "USER_ID", "tariq#4821": "USER_ID"}),
        ("my twitter is @lena", {"@lena": "USER_ID"}),
        ("twitter: see below", {}),
        ("jdoe:x:1001:1001:John Doe,,,:/home/jdoe:/bin/sh", {"jdoe": "USER_ID", "John Doe": "PERSON"}),
        ("redis:x:1002:1002::/var/lib/redis:/bin/false", {}),
        (
            "PID|1||4711^^^MRN||DOE^JOHN||19800101|M|||12 Main^^Troy^NY^12180",
            {
                "4711^^^MRN": "ID",
                "DOE": "PERSON",
                "JOHN": "PERSON",
                "19800101": "DATE_OF_BIRTH",
                "12 Main": "ADDRESS",
                "Troy": "LOCATION",
                "12180": "ZIP_CODE",
            },
        ),
        ("ATTENDEE;ROLE=REQ;CN=Mia Li:mailto:x@y.org", {"Mia Li": "PERSON"}),
        ("my email is walterhmyspycom", {"walterhmyspycom": "EMAIL_ADDRESS"}),
        ("anand 45 yahoocom", {"anand 45 yahoocom": "EMAIL_ADDRESS"}),
        ("the email is welcome, see outlook.com", {}),
        ("A/B tests and TCP/IP. Mr Li", {}),
    ],
)
def test_each_format_is_known_and_nothing_else(text: str, expected: dict[str, str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "word", "software"),
    [
        ("It is written in Julia.", "Julia", True),
        ("a Ruby script", "Ruby", True),
        ("Python, Ruby and Julia", "Julia", True),
        ("Python's Jinja", "Jinja", True),
        ("Julia 1.9 is out", "Julia", True),
        ("Julia wrote it", "Julia", False),
        ("thanks, Ruby", "Ruby", False),
        ("written by Julia", "Julia", False),
        ("Mia in a script", "Mia", False),
    ],
)
def test_a_name_beside_words_of_software_is_software(text: str, word: str, *, software: bool) -> None:
    start = text.index(word)
    assert is_software(text, start, start + len(word)) is software


def test_a_number_with_a_range_in_it_counts_where_something_says_telephone() -> None:
    assert [s.kind for s in phones("Tel. 0049 (0)89 / 636 - 48018", ("DE",))] == ["PHONE_NUMBER"]
    assert not list(phones("rows 1200 - 48018", ("DE",)))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("use se3115327834508509350342 for that", "IBAN_CODE", "se3115327834508509350342"),
        ("on gb96-rrei-7167-5580-7555-34 please", "IBAN_CODE", "gb96-rrei-7167-5580-7555-34"),
        ("pip install left-pad@1.3.0 and git@v4.2", "EMAIL_ADDRESS", None),
        ("ratio 3.4111111111111111", "CREDIT_CARD", None),
        ("card 4111.1111.1111.1111", "CREDIT_CARD", "4111.1111.1111.1111"),
    ],
)
def test_numbers_end_where_words_begin_and_releases_are_no_mail(text: str, kind: str, value: str | None) -> None:
    found = [text[span.start : span.end] for span in shapes(text) if span.kind == kind]
    assert found == ([] if value is None else [value])
