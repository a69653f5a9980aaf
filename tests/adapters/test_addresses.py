"""An address is taken as a whole: the number before it, the lines and the postcode behind it."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.addresses import completed
from llmci.domain.finding import Span


@pytest.mark.parametrize(
    ("text", "found", "all_of_it"),
    [
        ("at 80 87 Rue Vernet today", "87 Rue Vernet", "80 87 Rue Vernet"),
        ("12 Elm Street\nSpringfield\nIL 62704\nthanks", "12 Elm Street", "12 Elm Street\nSpringfield\nIL 62704"),
        ("> 12 Elm Street\n> Springfield, IL\n> USA 62704\n", "12 Elm Street", "12 Elm Street\n> Springfield, IL\n> USA 62704"),
        ("to 5 Höhenweg, Bad Aibling, Germany 83043 for this", "5 Höhenweg", "5 Höhenweg, Bad Aibling, Germany 83043"),
        ("5 Elm Street, People's Republic of China 75271", "5 Elm Street", "5 Elm Street, People's Republic of China 75271"),
        ("12 Elm Street. Order 12345 is late", "12 Elm Street", "12 Elm Street"),
        ("12 Elm Street, please send 20000 units", "12 Elm Street", "12 Elm Street"),
        ("12 Elm Street\n\nSpringfield is nice", "12 Elm Street", "12 Elm Street"),
        ("v1.12 Elm Street", "Elm Street", "Elm Street"),
        ("return to Eloise and 226 Thomas Avenue please", "226 Thomas Avenue", "Eloise and 226 Thomas Avenue"),
        ("ask her and 226 Thomas Avenue", "226 Thomas Avenue", "226 Thomas Avenue"),
        ("? 12 Elm Street\n? Springfield\n? USA 62704", "12 Elm Street", "12 Elm Street\n? Springfield\n? USA 62704"),
        ("12 Elm Street 2000 Units left", "12 Elm Street", "12 Elm Street"),
    ],
)  # fmt: skip
def test_what_belongs_to_it_is_taken_and_nothing_else(text: str, found: str, all_of_it: str) -> None:
    start = text.index(found)
    made = next(completed(text, Span(start, start + len(found), "ADDRESS", 0.8, "test")))

    assert text[made.start : made.end] == all_of_it


def test_what_is_hardly_an_address_stays() -> None:
    span = Span(3, 13, "ADDRESS", 0.2, "test")

    assert list(completed("80 Elm Street\nSpringfield", span)) == [span]


def test_a_postcode_before_the_town_is_one() -> None:
    text = "Hauptstraße 5, 10115 Berlin"
    _, code = completed(text, Span(0, 13, "ADDRESS", 0.8, "test"))

    assert (code.kind, text[code.start : code.end]) == ("ZIP_CODE", "10115")
