from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmci.core.reporting.worddiff import side, word_diff


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


def test_words_changed_in_a_row_are_one_change() -> None:
    runs = word_diff("It is late at night.", "It is early this morning.")

    assert side(runs, "gone") == (("same", "It is "), ("gone", "late at night"), ("same", "."))
    assert side(runs, "new") == (("same", "It is "), ("new", "early this morning"), ("same", "."))


@given(st.text(alphabet="ab \n"), st.text(alphabet="ab \n"))
def test_each_side_shows_its_own_text_whole(before: str, after: str) -> None:
    runs = word_diff(before, after)

    assert "".join(text for _, text in side(runs, "gone")) == before
    assert "".join(text for _, text in side(runs, "new")) == after
