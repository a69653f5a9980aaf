"""The shortcut for messages in the usual forms makes of them what the reading of all forms does."""

from __future__ import annotations

from itertools import product
from typing import Any

from llmci.core.traces import messages as all_forms
from llmci.core.traces.pairing import paired
from llmci.core.traces.usual import usual_messages

CALL = {"id": "c", "type": "function", "function": {"name": "track", "arguments": '{"parcel":  778}'}}
PARTS = [{"type": "text", "content": "Hi"}, {"type": "tool_call", "id": "c", "name": "track", "arguments": {"parcel": 778}}, {"type": "text", "content": ""}]  # fmt: skip
VALUES: dict[str, tuple[Any, ...]] = {
    "role": ("system", "developer", "user", "assistant", "tool", "human", None, 7),
    "content": (..., None, "", "Hi", "data:image/png;base64,iVBORw0KGgo=", [{"type": "text", "text": "Hi"}]),
    "parts": (..., [], PARTS, PARTS[:1], PARTS[2:], [{"type": "tool_call_response", "id": "c", "response": "Lyon"}], [{"type": "blob"}]),
    "tool_calls": (..., None, [], [CALL], [CALL, {**CALL, "id": "d"}], [{**CALL, "id": None}], [{"id": "c"}]),
    "tool_call_id": (..., "c", ""),
    "finish_reason": (..., None, "tool_call", ""),
    "more": (..., None, 1),
}  # fmt: skip


def test_every_message_that_the_shortcut_takes_is_what_the_long_way_makes_of_it() -> None:
    taken = 0
    for values in product(*VALUES.values()):
        item = {key: value for key, value in zip(VALUES, values, strict=True) if value is not ...}
        if (found := usual_messages([item])) is not None:
            taken += 1
            assert found == paired(all_forms._read([item], "user", 0)), item
            assert all_forms.is_chat([item]), item
    assert taken > 100


def test_a_conversation_with_a_tool_takes_the_shortcut() -> None:
    asked, said = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Lyon.", "refusal": None}
    result = {"role": "tool", "tool_call_id": "c", "content": "Lyon"}

    found = usual_messages([asked, {"role": "assistant", "content": None, "tool_calls": [CALL]}, result, said])

    assert found is not None
    assert [message["parts"][0]["type"] for message in found] == ["text", "tool_call", "tool_result", "text"]
