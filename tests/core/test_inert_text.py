from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_builders import HOSTILE

from llmci.core.reporting.inert import one_line, visible

ANY_TEXT = st.text(alphabet=st.characters())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\x1b[2Jb", r"a\x1b[2Jb", id="ansi"),
        pytest.param("a\u202eb", r"a\u202eb", id="bidi-override"),
        pytest.param("a\u2028b", r"a\u2028b", id="line-separator"),
        pytest.param("a\x00b", r"a\x00b", id="nul"),
        pytest.param("a\ud800b", r"a\ud800b", id="lone-surrogate"),
        pytest.param("a\U000e0041b", r"a\U000e0041b", id="tag-character"),
        pytest.param("a\r\nb\rc\td", "a\nb\nc\td", id="newlines-and-tabs-stand"),
        pytest.param("می‌خواهم 👨‍👩‍👧", "می‌خواهم 👨‍👩‍👧", id="joiners-stand"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(ANY_TEXT)
def test_visible_text_encodes_and_holds_no_control_character(text: str) -> None:
    shown = visible(text)

    shown.encode("utf-8")
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown if c not in "\n\t")


@given(ANY_TEXT, st.integers(1, 50))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert "\n" not in line
    assert len(line) <= limit


def test_a_long_text_says_how_much_is_missing() -> None:
    assert visible("x" * 10_000_000, 10) == "xxxxxxxxxx\n[... 9,999,990 more characters]"


def test_visible_text_is_stable() -> None:
    for text in HOSTILE:
        assert visible(visible(text)) == visible(text)
