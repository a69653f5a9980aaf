"""What the recognizers find, what they leave alone, and that they neither talk nor call out."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from commands import python

from llmci import registry
from llmci.errors import UsageError
from llmci.seams import Context, Leaf, Recognizer


def a_recognizer(name: str, **options: Any) -> Recognizer:
    adapter = registry.adapter("recognizer", name)
    context = Context(name=name, root=Path(), state=Path(), environ={}, shelf=lambda _: None)  # type: ignore[arg-type,return-value]
    made: Recognizer = adapter(adapter.Options(**options), context)
    return made


ALL = {name: a_recognizer(name) for name in ("structured", "presidio", "secrets")}


def found(text: str, key: str | None = None, names: tuple[str, ...] = tuple(ALL)) -> set[tuple[str, str]]:
    leaf = Leaf(text, key)
    spans = [span for name in names for span in ALL[name].find([leaf])[0] if span.score >= 0.4]
    return {(span.kind, text[span.start : span.end]) for span in spans}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("My name is Torvald Lindqvist, hi", "PERSON", "Torvald Lindqvist"),
        ("Customer name: John Smith", "PERSON", "John Smith"),
        ("hi, my name is torvald lindqvist", "PERSON", "torvald lindqvist"),
        ("Dr. Okonkwo called back", "PERSON", "Okonkwo"),
        ("We met Priya Venkataraman there", "PERSON", "Priya Venkataraman"),
        ("It was Oluwadamilare Johnson", "PERSON", "Oluwadamilare Johnson"),
        ("Thanks,\nBernadette", "PERSON", "Bernadette"),
        ("mail me: a.b+c@dev.corp.internal", "EMAIL_ADDRESS", "a.b+c@dev.corp.internal"),
        ("write to ops@localhost", "EMAIL_ADDRESS", "ops@localhost"),
        ("?to=kim%40firma.example&x=1", "EMAIL_ADDRESS", "kim%40firma.example"),
        ("kim (at) firma (dot) example", "EMAIL_ADDRESS", "kim (at) firma (dot) example"),
        ("call me at 2128675309", "PHONE_NUMBER", "2128675309"),
        ("(212) 867-5309 is it", "PHONE_NUMBER", "(212) 867-5309"),
        ("+49 30 901820", "PHONE_NUMBER", "+49 30 901820"),
        ("lives at 1200 N. Maple Grove Ave, Apt. 4", "ADDRESS", "1200 N. Maple Grove Ave, Apt. 4"),
        ("Lindenstraße 12", "ADDRESS", "Lindenstraße 12"),
        ("P.O. Box 4411", "ADDRESS", "P.O. Box 4411"),
        ("my zip code is 90210", "ZIP_CODE", "90210"),
        ("Springfield, IL 62704", "ZIP_CODE", "62704"),
        ("born on May 5th, 1971", "DATE_OF_BIRTH", "May 5th, 1971"),
        ("DOB: 05/05/1971", "DATE_OF_BIRTH", "05/05/1971"),
        ("id is noah_brown_6181.", "USER_ID", "noah_brown_6181"),
        ("/home/tlindqvist/x.py", "USER_ID", "tlindqvist"),
        ("my ssn is 536-90-4399", "US_SSN", "536-90-4399"),
        ("card 5555 5555 5555 4444", "CREDIT_CARD", "5555 5555 5555 4444"),
        ("GB29 NWBK 6016 1331 9268 19", "IBAN_CODE", "GB29 NWBK 6016 1331 9268 19"),
        ("from 10.20.30.40", "IP_ADDRESS", "10.20.30.40"),
        ("Routing 021000021", "ACCOUNT_ID", "021000021"),
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "PERSON", "ERIKSSON<<ANNA<MARIA"),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "ID", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        ("CN=Joanna Piotrowska,OU=Sales,DC=corp", "PERSON", "Joanna Piotrowska"),
        ("GET /search?name=Anneke%20Bakker&x=1", "PERSON", "Anneke%20Bakker"),
        ("Aadhaar 2345 6789 0124", "ID", "2345 6789 0124"),
        ("license plate: 7ABC123", "ID", "7ABC123"),
        ("kim@ firma.es", "EMAIL_ADDRESS", "kim@ firma.es"),
        ("my bank account number is 945456787654", "US_BANK_NUMBER", "945456787654"),
        ("'first_name': 'Xiu', 'n': 3", "PERSON", "Xiu"),
        ('{\\"email\\": \\"k@firma.example\\"}', "EMAIL_ADDRESS", "k@firma.example"),
        ("login(user_id='u-77', zip='19122')", "ZIP_CODE", "19122"),
        ("AWS AKIAQ3EGSIOMJ7EXAMPL", "SECRET", "AKIAQ3EGSIOMJ7EXAMPL"),
        ("postgres://app:s3cr3t-Pa55@db/prod", "SECRET", "app:s3cr3t-Pa55@db"),
        ("API_KEY=9f8a7b6c5d4e3f2a1b0c", "SECRET", "9f8a7b6c5d4e3f2a1b0c"),
        ("my password is Tr0ub4dor&3, help", "SECRET", "Tr0ub4dor&3"),
        ("Bearer abc.def-123_XYZ9876", "SECRET", "abc.def-123_XYZ9876"),
        ("8005550123", "PHONE_NUMBER", "8005550123"),
        ("brooklyn ny 11370 6463834713", "PHONE_NUMBER", "6463834713"),
        ("send it to my number 5623451223", "PHONE_NUMBER", "5623451223"),
        ("credit card number 8667 0254 6320 8546", "CREDIT_CARD", "8667 0254 6320 8546"),
        ("kim dot roe at gmail dot com", "EMAIL_ADDRESS", "kim dot roe at gmail dot com"),
        ("wohnhaft Hauptstraße 5, 10115 Berlin", "ZIP_CODE", "10115"),
        ("1600 Maple Grove Ave NW, Apt 3B", "ADDRESS", "1600 Maple Grove Ave NW, Apt 3B"),
        ("It's like that since 11/15/1979", "DATE_TIME", "11/15/1979"),
        ("BDAY:19790311", "DATE_OF_BIRTH", "19790311"),
        ("id,first,last\n1,Bao,Huynh", "PERSON", "Huynh"),
        ("exp 09/27, name on card M. Delacroix", "PERSON", "M. Delacroix"),
        ("mail root@10.1.2.3 now", "EMAIL_ADDRESS", "root@10.1.2.3"),
        ("ask @jenny_from_block92 for it", "USER_ID", "@jenny_from_block92"),
        ("My account: skywalker.77", "USER_ID", "skywalker.77"),
        ("his plate is KA-01-MJ-4821", "ID", "KA-01-MJ-4821"),
    ],
)
def test_it_is_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    ("locale", "text", "kind", "value"),
    [
        ("de", "Sie wohnt Am Kirchplatz 12a, 85354 Freising", "ADDRESS", "Am Kirchplatz 12a"),
        ("de", "Frau Roth, 85354 Freising", "ZIP_CODE", "85354"),
        ("de", "Reisepass C01X00T47", "ID", "C01X00T47"),
        ("de", "Kennzeichen: M-AB 1234", "ID", "M-AB 1234"),
        ("de", "Ihre Durchwahl: -4711", "PHONE_NUMBER", "-4711"),
        ("fr", "rappeler au 01.44.55.66.77", "PHONE_NUMBER", "01.44.55.66.77"),
        ("fr", "Passeport 12AB34567", "ID", "12AB34567"),
        ("fr", "dossier n° 2023-00451", "ID", "2023-00451"),
        ("fr", "Résidence Les Acacias, Bât. B, 45 rue Haute", "ADDRESS", "Résidence Les Acacias, Bât. B"),
        ("es", "vive en C/ Mayor, 15, 3º B, 28013 Madrid", "ADDRESS", "C/ Mayor, 15, 3º B"),
        ("es", "vive en C/ Mayor, 15, 3º B, 28013 Madrid", "ZIP_CODE", "28013"),
        ("es", "pasaporte AAA123456", "ID", "AAA123456"),
        ("es", "CURP GODE561231HDFRRN04", "ID", "GODE561231HDFRRN04"),
    ],
)
def test_a_locale_knows_its_forms(locale: str, text: str, kind: str, value: str) -> None:
    spans = a_recognizer("structured", locales=(locale,)).find([Leaf(text)])[0]

    assert (kind, value) in {(span.kind, text[span.start : span.end]) for span in spans}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de", "Am Montag 12, im Mai 2024"),
        ("de", "Summe:\n15000 EUR"),
        ("fr", "le passeport est valable, 20 pages"),
        ("en", "flight on 2024-05-24, order 9523456873, paid $24.99 on 05/24/2024"),
    ],
)
def test_a_locale_leaves_other_numbers(locale: str, text: str) -> None:
    spans = a_recognizer("structured", locales=(locale,)).find([Leaf(text)])[0]

    assert not {"ID", "ZIP_CODE", "PHONE_NUMBER", "ADDRESS", "CREDIT_CARD"} & {span.kind for span in spans}


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("email", "nobody at all@x", "EMAIL_ADDRESS"),
        ("customer_email", "k@firma.example", "EMAIL_ADDRESS"),
        ("firstName", "Xiu", "PERSON"),
        ("date_of_birth", "1971-05-05", "DATE_OF_BIRTH"),
        ("billingAddress", "Somewhere 5", "ADDRESS"),
        ("zip", "1234", "ZIP_CODE"),
        ("user_id", "77", "USER_ID"),
        ("loyalty_no", "LN-4480912", "USER_ID"),
        ("licensePlate", "KA-01-MJ-4821", "ID"),
        ("api_key", "anything", "SECRET"),
        ("name", "Torvald Lindqvist Johnson", "PERSON"),
    ],
)
def test_a_key_says_what_its_value_is(key: str, value: str, kind: str) -> None:
    assert found(value, key) == {(kind, value)}


@pytest.mark.parametrize(
    "text",
    [
        "order 9523456873 contains item 1762337868 and 6992792935",
        "flight HAT170 departs 2024-05-24 at 06:00 from MIA to BOS",
        "uuid 123e4567-e89b-42d3-a456-426614174000 status ok",
        "build 1.2.3.4, commit 3f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39",
        "import os.path; print(config.name, rpc.py)",
        "/home/ubuntu/x.py and USER=root, /Users/runner/work",
        "section 3.1.4.1, pip install foo==1.2.3.4, OID 1.3.6.1.4, 0.12.5.1-beta",
        "[0.123456, -0.234567, 0.345678]",
        "Please call the function get_user before calling update_user.",
        "payment credit_card_4421486 and certificate_7504069",
        "(1859 - 140) * 2 + (1679 - 101)",
        "I will mark all as read. Will that work in May?",
        "The token limit is 4096 and max_tokens=1024",
        "password: required, secret: string",
        "H1 and A1 are headings; B2 is a cell",
        "@lru_cache(maxsize=None)\n@pytest.mark.slow2\ndef f(): ...",
        "npm i @types/node18 @angular/core@17.0.1",
        "the plate is 12 mm thick; registration number of the form",
        "send it to 3 people and 2 teams",
        "sort key=lambda x: x.name",
    ],
)
def test_it_is_left_alone(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(
    ("key", "value"), [("city", "required"), ("name", "get_user"), ("zip", "true"), ("email", "string")]
)
def test_a_value_that_names_nobody_is_left_alone(key: str, value: str) -> None:
    assert found(value, key) == set()


def test_own_keys_names_and_forms_are_known() -> None:
    structured = a_recognizer("structured", keys={"loyalty-no": "USER_ID"}, names=("Xanthippe",))
    secrets = a_recognizer("secrets", patterns=(r"ACME-(?P<secret>\d{8})",))

    assert structured.find([Leaf("L55", "loyalty_no")])[0][0].kind == "USER_ID"
    assert structured.find([Leaf("so Xanthippe said")])[0][0].kind == "PERSON"
    assert [(s.start, s.end) for s in secrets.find([Leaf("ACME-12345678")])[0]] == [(5, 13)]


def test_a_pattern_that_is_none_is_the_users_mistake() -> None:
    with pytest.raises(UsageError):
        a_recognizer("secrets", patterns=("(",))


def test_a_presidio_recognizer_that_is_not_there_is_the_users_mistake() -> None:
    with pytest.raises(UsageError):
        a_recognizer("presidio", recognizers=("NoSuchRecognizer",)).find([Leaf("1.2.3.4")])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "piece",
    [
        "a.",
        "a@",
        "1",
        "1-",
        "0.123456, ",
        "deadbeef",
        "A1b2C3d4",
        "Aa ",
        "key=",
        "://a:",
        '\\"',
        "(",
        "'a': '",
        "eyJ",
        "1 A ",
    ],
)
def test_it_takes_time_in_proportion_to_the_text(name: str, piece: str) -> None:
    """A pattern that backtracks takes hours for these."""
    recognizer = ALL[name]
    recognizer.find([Leaf("call 1.2.3.4")])
    started = time.process_time()

    recognizer.find([Leaf(piece * (20_000 // len(piece)))])

    assert time.process_time() - started < 5


def test_odd_texts_are_no_trouble() -> None:
    texts = [
        "",
        "\x00",
        "\ufffd" * 9,
        "🙂" * 50,
        "\u202e1234567890",
        "ﷺ" * 10,
        "İi" * 10,
        "a" * 100_000,
        "١٢٣-٤٥٦-٧٨٩٠",
    ]

    for recognizer in ALL.values():
        assert len(recognizer.find([Leaf(text) for text in texts])) == len(texts)


def test_presidio_says_nothing_of_what_it_sees(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    found("IBAN DE00 3704 0044 0532 0130 00, ip 999.1.1.1, card 4111 1111 1111 1112", names=("presidio",))

    assert caplog.text + "".join(capfd.readouterr()) == ""


def test_presidio_needs_no_network_even_for_its_own_e_mails(disable_socket: None) -> None:
    """Its e-mail recognizer asks for a list of domains; the bundled one is enough."""
    recognizer = a_recognizer("presidio", recognizers=("EmailRecognizer", "UrlRecognizer"))

    kinds = {span.kind for span in recognizer.find([Leaf("a@b.com and http://c.com")])[0]}

    assert {"EMAIL_ADDRESS", "URL"} <= kinds


@pytest.fixture
def disable_socket() -> Any:
    import pytest_socket

    pytest_socket.disable_socket(allow_unix_socket=False)
    yield
    pytest_socket.enable_socket()


def test_no_socket_is_made_not_even_by_what_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; events = []; sys.addaudithook(lambda event, _: events.append(event) if event.startswith('socket.') else None);"
        "from llmci.adapters.recognizers.presidio import PresidioRecognizer as P;"
        "from llmci.seams import Context, Leaf; P(P.Options(), Context('p', None, None, {}, None))"
        ".find([Leaf('bank account 945456787654')]);"
        "print([m for m in ('spacy', 'urllib3') if m in sys.modules], events)"
    )

    assert python("-c", code, cwd=tmp_path).stdout == "['spacy', 'urllib3'] []\n"


def test_a_text_without_numbers_does_not_load_presidio(tmp_path: Path) -> None:
    code = (
        "import sys; from llmci.adapters.recognizers.presidio import PresidioRecognizer as P;"
        "from llmci.seams import Context, Leaf; P(P.Options(), Context('p', None, None, {}, None)).find([Leaf('hello')]);"
        "print([m for m in ('presidio_analyzer', 'spacy') if m in sys.modules])"
    )

    assert python("-c", code, cwd=tmp_path).stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("question 3.\n81.2.69.160", None, True),
        ("1.2.3.4.81.2.69.160", None, False),
        ("1.2.3.4", "release", False),
        ("81.2.69.160", "client_ip", True),
    ],
)
def test_a_network_address_stands_behind_a_sentence_and_under_no_key_of_releases(
    text: str, key: str | None, *, found: bool
) -> None:
    spans = ALL["presidio"].find([Leaf(text, key)])[0]
    assert any(span.kind == "IP_ADDRESS" for span in spans) is found
