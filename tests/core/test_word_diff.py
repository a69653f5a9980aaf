from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmci.core.reporting.worddiff import word_diff


def test_words_that_changed_are_told_apart_from_those_that_did_not() -> None:
    assert word_diff("The parcel is in Lyon.", "The parcel is in Nice.") == (
        ("same", "The parcel is in "),
        ("gone", "Lyon"),
        ("new", "Nice"),
        ("same", "."),
    )


@given(st.text(), st.text())
def test_a_diff_holds_both_texts_whole(before: str, after: str) -> None:
    runs = word_diff(before, after)

    assert "".join(text for op, text in runs if op != "new") == before
    assert "".join(text for op, text in runs if op != "gone") == after
