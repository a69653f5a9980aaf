"""A text as its reader takes it in, and what is found there put back in the text as written."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.privacy.detect import Detector
from llmci.core.privacy.flatten import Text
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.policy import policy_of
from llmci.core.privacy.reading import plain, reading_of
from llmci.core.privacy.redact import Redacted, Redactor
from llmci.core.privacy.resolve import resolved
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.finding import Span
from llmci.domain.settings import SanitizeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Leaf


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("jo\u200bhanna@post.net\u202c", "johanna@post.net"),
        ("Zoe\u0308 Garci\u0301a", unicodedata.normalize("NFC", "Zoe\u0308 Garci\u0301a")),
        ("\uff0b\uff11 \uff14\uff11\uff15", "+1 415"),
        ("\u0661\u0662\u0663", "123"),
        ("536\u201090\u00a04399", "536-90 4399"),
        ("m\u0430rtin", "martin"),
        ("\u041c\u0430\u0440\u0442", "\u041c\u0430\u0440\u0442"),
        ("Fran&ccedil;ois&#64;x", "François@x"),
        ("anna%2Bk%C3%A9%40post.de", "anna+ké@post.de"),
        ("100% of %zz and %E9", "100% of %zz and %E9"),
        ("Ren\\u00e9e \\xc3\\xa9 \\xe9", "Renée é é"),
        ("Fran=C3=A7ois", "François"),
        ("/q?name=Mia+Li&x=1+1", "/q?name=Mia Li&x=1 1"),
        ("femi dot adeola at quickpost dot ng", "femi.adeola@quickpost.ng"),
        ("see us at acme dot com", "see us at acme dot com"),
        ("four one five, five five two, six seven eight one", "415-552-6781"),
        ("call oh double seven seven double oh nine double oh", "call 077700900"),
        ("one two three", "one two three"),
        ("the third of May, nineteen eighty-four", "the 3 of May, 1984"),
        ("July twenty-first two thousand and five", "July 21 2005"),
        ("the first of all", "the first of all"),
    ],
)
def test_a_text_is_read_without_its_dress(written: str, read: str) -> None:
    assert plain(written) == read


@given(st.text(alphabet="ab é\u0301\u200b\uff11\u0661%40&#;x\\u-\u2010"))
def test_every_character_of_a_reading_knows_where_it_stands(text: str) -> None:
    reading = reading_of(text)
    if reading is not None:
        places = [next(reading.written([Span(at, at + 1, "X", 1.0, "x")])) for at in range(len(reading.text))]
        assert [place.start for place in places] == sorted(place.start for place in places)
        assert all(0 <= place.start < place.end <= len(text) for place in places)
        for at, place in enumerate(places):
            (back,) = reading.read([place])
            assert back.start <= at < back.end


def test_spans_go_to_the_written_text_and_back() -> None:
    written = "to jo\u200bhanna%40post.net!"
    reading = reading_of(written)
    assert reading is not None
    found = Span(3, 19, "EMAIL_ADDRESS", 0.9, "x")
    (span,) = reading.written([found])
    assert written[span.start : span.end] == "jo\u200bhanna%40post.net"
    assert reading.read([span]) == [found]


class Finds:
    """A recognizer that knows some values as they are read."""

    name = "test"

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        known = {"anna.k@post.de": "EMAIL_ADDRESS", "Johanna Weiss": "PERSON"}
        return [
            [Span(at, at + len(v), kind, 0.9, "test") for v, kind in known.items() if (at := leaf.text.find(v)) >= 0]
            for leaf in leaves
        ]


def redacted(*texts: str, **settings: object) -> tuple[str, ...]:
    policy = policy_of(SanitizeSettings(**settings))  # type: ignore[arg-type]
    redactor = Redactor(Detector([Finds()], max_chars=1000), policy, Surrogates(b"k"))
    asked, memory = [Text(f"t[{at}]", "text", None, text) for at, text in enumerate(texts)], Memory()
    redactor.learned(asked, memory)
    done = redactor.redact(asked, memory)
    assert isinstance(done, Redacted)
    return done.texts


def test_a_value_has_one_surrogate_however_it_is_dressed_and_keeps_its_escapes() -> None:
    bare, linked, hidden, entity = redacted(
        "anna.k@post.de", "/x?m=anna.k%40post.de&y=1", "an\u200bna.k@post.de", "<b>anna.k&#64;post.de</b>"
    )
    assert linked == f"/x?m={bare.replace('@', '%40')}&y=1"
    assert hidden == bare
    assert entity == f"<b>{bare}</b>"


def test_a_token_is_not_escaped_so_that_it_can_be_found_again() -> None:
    (linked,) = redacted("/x?m=anna.k%40post.de", policy={"EMAIL_ADDRESS": "placeholder"})
    assert linked.startswith("/x?m=[EMAIL_ADDRESS_")


def test_a_dressed_value_is_remembered_and_does_not_survive() -> None:
    first, second = redacted("I am Johanna Weiss", "Dear Jo\u200bhanna We\u00adiss: ask if %4Aohanna can")
    assert second.startswith(f"Dear {first.removeprefix('I am ')}: ask if ")
    assert "ohanna" not in second


def test_a_name_within_an_address_of_mail_does_not_take_it_apart() -> None:
    mail, name = Span(0, 26, "EMAIL_ADDRESS", 0.9, "a"), Span(5, 11, "PERSON", 0.99, "b")
    assert resolved([mail, name]) == [mail]
    assert resolved([mail, name._replace(end=30)]) == [mail._replace(end=5), name._replace(end=30)]
