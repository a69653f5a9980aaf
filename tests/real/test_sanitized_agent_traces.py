"""Real agent traces, sanitized: what must hold for each of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import a_message, a_trace
from sanitize_project import a_project, clean_rows, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.trace import TraceRow

pytestmark = pytest.mark.real

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def a_row(record: dict[str, Any]) -> TraceRow:
    """A recorded trace as a row: its messages with their tool calls and results."""
    messages = []
    for message in record["messages"]:
        parts = a_message(message["role"], message.get("content") or "")["parts"]
        for call in message.get("tool_calls") or ():
            parts.append(
                {"type": "tool_call", "tool_name": call["name"], "tool_arguments": json.dumps(call["arguments"])}
            )
        messages.append({"role": message["role"], "parts": parts})
    return a_trace(record["trace_id"], input={"kind": "messages", "messages": messages})


def texts(row: TraceRow) -> Iterator[str]:
    for message in row["input"]["messages"]:
        for part in message["parts"]:
            yield from filter(None, (part.get("text"), part.get("tool_arguments")))


def is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[TraceRow], list[TraceRow]]:
    """Raw and clean rows of one trace in four."""
    import gzip

    from conftest import SHARED_DATA

    path = SHARED_DATA / "demo_tau2_sft" / "traces.jsonl.gz"
    if not path.exists():
        pytest.skip("the data set demo_tau2_sft is not at ../shared/data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        raw = [a_row(json.loads(line)) for index, line in enumerate(lines) if index % 4 == 0]
    config = a_project(tmp_path_factory.mktemp("traces"), {"s": raw})
    assert run(config).quarantined == 0
    return raw, clean_rows(config)


def test_no_e_mail_survives_and_as_many_different_ones_are_there(
    traces: tuple[list[TraceRow], list[TraceRow]],
) -> None:
    before, after = ({e.lower() for row in rows for t in texts(row) for e in EMAIL.findall(t)} for rows in traces)

    assert len(before) > 10
    assert len(after) == len(before)
    assert not before & after


def test_what_was_json_is_json(traces: tuple[list[TraceRow], list[TraceRow]]) -> None:
    raw, clean = traces
    pairs = [
        (b, a)
        for before, after in zip(raw, clean, strict=True)
        for b, a in zip(texts(before), texts(after), strict=True)
    ]

    documents = [(b, a) for b, a in pairs if is_json(b)]
    assert len(documents) > 100
    assert all(is_json(after) for _, after in documents)


def test_the_pattern_of_equal_values_is_the_same(traces: tuple[list[TraceRow], list[TraceRow]]) -> None:
    """Two texts are equal after if and only if they were before, within each trace."""
    for before, after in zip(*traces, strict=True):
        one, other = list(texts(before)), list(texts(after))
        assert [one.index(text) for text in one] == [other.index(text) for text in other]
