"""Many traces at once come out as each alone would, and no piece of text is searched twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from builders import a_batch, a_message, a_trace

from llmci.core.privacy.batch import Session, learn_sessions, sanitize_batch
from llmci.core.privacy.columns import without_empty
from llmci.core.privacy.detect import Detector, Unreadable
from llmci.core.privacy.flatten import texts_of
from llmci.core.privacy.leaves import Leaves
from llmci.core.privacy.policy import policy_of
from llmci.core.privacy.redact import Redactor
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.finding import Span
from llmci.domain.settings import SanitizeSettings
from llmci.domain.text import RawBatch
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Leaf


class Names:
    """Finds two names; fails at texts with the word TRAP."""

    name = "names"

    def __init__(self) -> None:
        self.seen: list[Leaf] = []

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        if any("TRAP" in leaf.text for leaf in leaves):
            raise ValueError
        self.seen += leaves
        return [
            [
                Span(at, at + len(name), "PERSON", 0.9, "names")
                for name in ("Zebulon", "Xantippe")
                if (at := leaf.text.find(name)) >= 0
            ]
            for leaf in leaves
        ]


def a_redactor(find: Names) -> Redactor:
    return Redactor(Detector([find], max_chars=1000), policy_of(SanitizeSettings()), Surrogates(b"k"))


def a_conversation(turns: int) -> list[dict[str, Any]]:
    """Traces of a session, each with the history so far; the name is told in the third turn."""
    said = [
        "Hello",
        "I am back, zebulon here",
        "My name is Zebulon",
        '{"to": "zebulon", "n": 1}',
        "bye",
        "ZEBULON out",
    ][:turns]
    rows = []
    for turn in range(1, len(said) + 1):
        row = a_trace(f"t{turn}", session_id="s1", answer=said[turn - 1])
        row["input"]["messages"] = [a_message("user", text) for text in said[:turn]]
        rows.append(row)
    return rows


def sanitized(redactor: Redactor, rows: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    sessions = {"s1": Session()}
    batches = [RawBatch(a_batch(rows[at : at + size])) for at in range(0, len(rows), size)]
    for batch in batches:
        learn_sessions(batch, redactor, sessions)
    return [row for batch in batches for row in sanitize_batch(batch, redactor, sessions).clean.rows.to_pylist()]


def test_a_piece_of_text_is_searched_once() -> None:
    find = Names()

    sanitized(a_redactor(find), a_conversation(6), 2)

    assert len(find.seen) == len(set(find.seen))


def test_batches_of_any_size_give_the_same_rows() -> None:
    one, all_at_once = (sanitized(a_redactor(Names()), a_conversation(6), size) for size in (1, 100))

    assert one == all_at_once
    assert "zebulon" not in str(one).lower()


def test_a_text_that_cannot_be_searched_holds_back_its_trace_only_and_what_stands_behind_it_is_learnt() -> None:
    rows = [
        a_trace("t1", question="TRAP", answer="I am Xantippe", session_id="s1"),
        a_trace("t2", question="xantippe said so", session_id="s1"),
    ]
    redactor, sessions = a_redactor(Names()), {"s1": Session()}
    batch = RawBatch(a_batch(rows))

    learn_sessions(batch, redactor, sessions)
    done = sanitize_batch(batch, redactor, sessions)

    assert [held.index for held in done.quarantined] == [0]
    assert "xantippe" not in str(done.clean.rows.to_pylist()).lower()


def test_searching_ahead_changes_no_answer() -> None:
    texts = ["I am Zebulon", '{"a": ["Xantippe", "b"]}', "TRAP Zebulon", "x" * 1001, "I am Zebulon"]
    ahead, alone = (Detector([Names()], max_chars=1000) for _ in range(2))

    ahead.search_ahead((text, None, None) for text in texts)

    looked = [(ahead.look(text, None, None), alone.look(text, None, None)) for text in texts]
    assert all(one == other for one, other in looked)
    assert [isinstance(one, Unreadable) for one, _ in looked] == [False, False, True, True, False]


@pytest.mark.parametrize("slice_", [slice(0, 6), slice(1, 2), slice(2, 6)])
def test_rows_without_empty_fields_are_the_same_rows(slice_: slice) -> None:
    rows = a_conversation(6)
    rows[1]["documents"] = [{"id": "d1", "content": "text"}, {"id": None, "content": None}]
    rows[3]["tags"] = ["a", "b"]
    rows[4]["input"] = None
    batch = a_batch(rows).slice(slice_.start, slice_.stop - slice_.start)

    again = pa.RecordBatch.from_pylist(without_empty(batch).to_pylist(), schema=TRACE)

    assert again.to_pylist() == batch.to_pylist()


def a_varied_batch() -> pa.RecordBatch:
    """Rows with texts at every depth, roles that are inherited, told anew and missing, and fields that are empty."""
    rows = a_conversation(6)
    rows[0]["tags"] = ["a", "", "b", "a"]
    rows[1]["documents"] = [{"id": "d1", "content": "text"}, {"id": None, "content": ""}]
    rows[2]["input"] = None
    rows[3]["output"]["messages"] = [{"role": None, "parts": [{"type": "text", "text": "Hello"}]}, {"parts": []}]
    rows[4]["steps"] = [
        {"kind": "tool", "name": "find", "input": {"kind": "messages", "messages": [a_message("tool", "Hello")]}},
        {"kind": "llm", "documents": [{"id": "d1", "content": "Hello"}]},
    ]
    rows[5]["usage"] = {"input": 1, "details": [("cached", 2)]}
    return pa.RecordBatch.from_pylist(rows, schema=TRACE)


@pytest.mark.parametrize("slice_", [slice(0, 6), slice(1, 4), slice(3, 6), slice(2, 3)])
def test_texts_of_a_batch_are_those_of_its_rows_and_go_back_to_where_they_came_from(slice_: slice) -> None:
    batch = a_varied_batch().slice(slice_.start, slice_.stop - slice_.start)
    leaves = Leaves(batch)
    texts = leaves.rows()

    assert [[(t.column, t.role, t.text) for t in row] for row in texts] == [
        [(t.column, t.role, t.text) for t in texts_of(row)] for row in batch.to_pylist()
    ]
    assert leaves.batch_with([[text.text for text in row] for row in texts]).equals(batch)
    changed = leaves.batch_with([[f"<{text.text}>" for text in row] for row in texts])
    changed.validate(full=True)
    assert [[t.text for t in row] for row in Leaves(changed).rows()] == [[f"<{t.text}>" for t in row] for row in texts]
    assert len(leaves.texts) == len(set(leaves.texts))


def test_a_batch_without_rows_has_no_texts() -> None:
    leaves = Leaves(pa.RecordBatch.from_pylist([], schema=TRACE))

    assert leaves.rows() == []
    assert leaves.batch_with([]).num_rows == 0
