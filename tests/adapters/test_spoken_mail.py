"""E-mails as speech is written down."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.shapes import shapes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("its mialigmailcom thanks", "mialigmailcom"),
        ("jackson 12051999 yahoo com", "jackson 12051999 yahoo com"),
        ("write to mia77 at gmail dot com", "mia77 at gmail dot com"),
        ("mia77 dogmail com", "mia77 dogmail com"),
    ],
)
def test_an_e_mail_without_its_signs_is_found(text: str, found: str) -> None:
    assert found in {text[s.start : s.end] for s in shapes(text) if s.kind == "EMAIL_ADDRESS"}


@pytest.mark.parametrize("text", ["open gmail.com in a browser", "I use Gmail", "see outlook.com/help"])
def test_the_name_of_a_provider_is_none(text: str) -> None:
    assert not [s for s in shapes(text) if s.kind == "EMAIL_ADDRESS"]
