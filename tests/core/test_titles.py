"""Titles and degrees stay where they are; the name between them goes."""

from __future__ import annotations

import pytest

from llmci.core.privacy.titles import without_titles
from llmci.domain.finding import Span


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mr. Torvald Lindqvist", "Torvald Lindqvist"),
        ("Prof. Dr. Lindqvist", "Lindqvist"),
        ("Mr. and Mrs. Lindqvist", "Lindqvist"),
        ("Torvald Lindqvist, MD", "Torvald Lindqvist"),
        ("Torvald Lindqvist Ph.D.", "Torvald Lindqvist"),
        ("Frau Lindqvist", "Lindqvist"),
        ("Dr.Lindqvist, M.D., Ph.D.", "Lindqvist"),
        ("Drake Lindqvist", "Drake Lindqvist"),
        ("Sirena Do", "Sirena Do"),
        ("Dr.", "Dr."),
        ("Mrs", "Mrs"),
    ],
)
def test_the_span_of_a_name_is_without_its_titles(text: str, name: str) -> None:
    span = without_titles(Span(0, len(text), "PERSON", 0.9, "x"), text)

    assert text[span.start : span.end] == name


def test_other_kinds_keep_their_spans() -> None:
    span = Span(0, 10, "ADDRESS", 0.9, "x")

    assert without_titles(span, "Dr. King 1") is span
