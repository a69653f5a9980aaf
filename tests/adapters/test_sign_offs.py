"""A name below a letter, with or without more lines under it."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.people import people


@pytest.mark.parametrize(
    "below", ["", "\n", "\noksana@larkspur-freight.example\n+44 20 7946 0123", "  \nPS: it works now"]
)
def test_a_name_under_the_closing_line_is_found_whatever_follows(below: str) -> None:
    text = f"Can I replace it?\n\nBest regards,\nOksanna Brandtsson{below}"

    assert "Oksanna Brandtsson" in [text[span.start : span.end] for span in people(text, frozenset())]
