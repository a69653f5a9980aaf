"""Texts inside JSON are found and changed in place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.privacy.jsontext import edited, is_document, lifted, pieces_of

words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings_in(part)]
    return [text for item in value for text in strings_in(item)] if isinstance(value, list) else []


@given(values, st.booleans(), st.sampled_from([None, 0, 2]))
def test_every_string_of_a_document_is_found_however_it_is_spelled(
    value: Any,
    escaped: bool,
    indent: int | None,
) -> None:
    document = json.dumps([value], ensure_ascii=escaped, indent=indent)

    found = [piece.text for piece in pieces_of(document, None) if not piece.number]

    assert found == [text for text in strings_in([value]) if not is_document(text)] or any(
        is_document(text) for text in strings_in(value)
    )


@given(words, words, st.integers(1, 4), st.booleans())
def test_a_text_nested_in_documents_is_replaced_and_nothing_else_is(
    before: str,
    after: str,
    depth: int,
    escaped: bool,
) -> None:
    secret = f"<{before}>"
    document = json.dumps({"a": [1, {"b": secret, "c": [True, 2.50]}]}, ensure_ascii=escaped, indent=1)
    for _ in range(depth):
        document = json.dumps({"inner": document, "other": 'é\t"x"'}, ensure_ascii=escaped)
    [piece] = [piece for piece in pieces_of(document, None) if piece.text == secret]

    changed = edited(document, [lifted(piece, 1, len(secret) - 1, after)])

    inner = changed
    for _ in range(depth):
        outer = json.loads(inner)
        assert outer["other"] == 'é\t"x"'
        inner = outer["inner"]
    assert json.loads(inner) == {"a": [1, {"b": f"<{after}>", "c": [True, 2.5]}]}
    assert inner.count("\n") == 11


@pytest.mark.parametrize(
    ("document", "replacement", "expected"),
    [
        pytest.param('{"phone": 4155550100}', "4155550199", '{"phone": 4155550199}', id="stays-a-number"),
        pytest.param('{"zip": 78750}', "01234", '{"zip": "01234"}', id="leading-zero-becomes-text"),
        pytest.param('{"ssn": 536904399}', "[US_SSN_1]", '{"ssn": "[US_SSN_1]"}', id="placeholder-becomes-text"),
    ],
)
def test_a_number_is_replaced_so_that_the_document_stays_one(document: str, replacement: str, expected: str) -> None:
    [piece] = [piece for piece in pieces_of(document, None) if piece.number]

    assert edited(document, [lifted(piece, 0, len(piece.text), replacement)]) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a": "cut of', id="cut-off"),
        pytest.param("[1, 2] and more", id="prose-after-it"),
        pytest.param("plain", id="plain"),
        pytest.param("[" * 100_000, id="a-hundred-thousand-brackets"),
    ],
)
def test_what_is_no_document_is_one_text(text: str) -> None:
    assert [piece.text for piece in pieces_of(text, "key")] == [text]


def test_half_a_surrogate_pair_does_not_shift_what_comes_after_it() -> None:
    document = '{"a": "\\ud83d Mia \\ud83d\\ude00 Li"}'
    [_, piece] = pieces_of(document, None)
    at = piece.text.index("Li")

    assert edited(document, [lifted(piece, at, at + 2, "Bo")]) == '{"a": "\\ud83d Mia \\ud83d\\ude00 Bo"}'


def test_keys_name_the_values_under_them() -> None:
    document = '{"user": {"email": ["a@b.example"], "n": [1234567]}, "x": "y"}'

    keys = {piece.text: piece.key for piece in pieces_of(document, "top") if piece.key}

    assert keys == {"a@b.example": "email", "1234567": "n", "y": "x"}
