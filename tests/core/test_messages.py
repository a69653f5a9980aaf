"""One conversation in the forms of several providers is one list of messages, and no text is ever lost."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.traces import messages as messages_module
from llmci.core.traces.messages import messages_of
from llmci.core.traces.usual import usual_messages

ARGUMENTS = '{"parcel":778}'
OPENAI: list[dict[str, Any]] = [
    {"role": "system", "content": "You help shoppers."},
    {"role": "user", "content": "Where is parcel 778?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_9", "type": "function", "function": {"name": "track", "arguments": ARGUMENTS}}],
    },
    {"role": "tool", "tool_call_id": "call_9", "content": "Lyon"},
    {"role": "assistant", "content": "It is in Lyon."},
]
RESPONSES = [
    {"role": "system", "content": "You help shoppers."},
    {"role": "user", "content": [{"type": "input_text", "text": "Where is parcel 778?"}]},
    {"type": "function_call", "call_id": "call_9", "name": "track", "arguments": ARGUMENTS},
    {"type": "function_call_output", "call_id": "call_9", "output": "Lyon"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is in Lyon."}]},
]
ANTHROPIC = {
    "system": [{"type": "text", "text": "You help shoppers."}],
    "messages": [
        {"role": "user", "content": "Where is parcel 778?"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "call_9", "name": "track", "input": {"parcel": 778}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_9", "content": [{"type": "text", "text": "Lyon"}]}
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "It is in Lyon."}]},
    ],
}
GENAI = [
    {"role": "system", "parts": [{"type": "text", "content": "You help shoppers."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Where is parcel 778?"}]},
    {
        "role": "assistant",
        "parts": [{"type": "tool_call", "id": "call_9", "name": "track", "arguments": {"parcel": 778}}],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_9", "response": "Lyon"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "It is in Lyon."}]},
]
GEMINI = {
    "system_instruction": {"parts": [{"text": "You help shoppers."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Where is parcel 778?"}]},
        {"role": "model", "parts": [{"functionCall": {"id": "call_9", "name": "track", "args": {"parcel": 778}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "call_9", "response": "Lyon"}}]},
        {"role": "model", "parts": [{"text": "It is in Lyon."}]},
    ],
}
VERCEL = [
    {"role": "system", "content": "You help shoppers."},
    {"role": "user", "content": [{"type": "text", "text": "Where is parcel 778?"}]},
    {
        "role": "assistant",
        "content": [{"type": "tool-call", "toolCallId": "call_9", "toolName": "track", "args": {"parcel": 778}}],
    },
    {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "call_9", "result": "Lyon"}]},
    {"role": "assistant", "content": "It is in Lyon."},
]
LANGCHAIN = [
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "SystemMessage"],
        "kwargs": {"content": "You help shoppers."},
    },
    {"type": "human", "content": "Where is parcel 778?", "additional_kwargs": {}},
    {
        "type": "ai",
        "content": "",
        "tool_calls": [{"name": "track", "args": {"parcel": 778}, "id": "call_9", "type": "tool_call"}],
    },
    {"type": "tool", "content": "Lyon", "tool_call_id": "call_9"},
    {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessageChunk"], "kwargs": {"content": "It is in Lyon."}},
]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(RESPONSES, id="openai-responses"),
        pytest.param(ANTHROPIC, id="anthropic"),
        pytest.param(GENAI, id="genai"),
        pytest.param(GEMINI, id="gemini"),
        pytest.param(VERCEL, id="vercel-ai"),
        pytest.param(LANGCHAIN, id="langchain"),
        pytest.param(orjson.dumps(OPENAI).decode(), id="json-in-a-string"),
        pytest.param([OPENAI], id="a-batch-of-one"),
    ],
)
def test_the_same_conversation_is_the_same_messages_in_every_form(form: object) -> None:
    assert messages_of(form) == messages_of(OPENAI)


def test_arguments_that_are_no_json_are_kept_verbatim() -> None:
    call = {"id": "c", "function": {"name": "track", "arguments": '{"parcel": 77'}}

    [message] = messages_of([{"role": "assistant", "content": None, "tool_calls": [call]}])

    assert message["parts"][0]["tool_arguments"] == '{"parcel": 77'


def test_a_boolean_where_text_belongs_becomes_its_word() -> None:
    [message] = messages_of([{"role": "user", "content": False}])

    assert message["parts"] == [{"type": "text", "text": "false"}]


def test_a_call_that_is_logged_three_times_is_one_call() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "track", "arguments": "{}"}}
    message = {
        "type": "ai",
        "content": [{"type": "tool_use", "id": "c", "name": "track", "input": {}}],
        "additional_kwargs": {"tool_calls": [call]},
        "tool_calls": [{"name": "track", "args": {}, "id": "c", "type": "tool_call"}],
    }

    [read] = messages_of(message)

    assert [part["tool_name"] for part in read["parts"] if part["type"] == "tool_call"] == ["track"]


def test_an_unknown_block_is_kept_whole() -> None:
    block = {"type": "hologram", "beam": {"colour": "green"}}

    [message] = messages_of([{"role": "user", "content": [block]}])

    assert message["parts"][0]["type"] == "unknown"
    assert orjson.loads(message["parts"][0]["extra"]) == block


def test_an_inline_image_keeps_its_bytes_digest_and_kind() -> None:
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}

    [message] = messages_of([{"role": "user", "content": [block]}])

    [part] = message["parts"]
    assert (part["type"], part["mime_type"], part["size"]) == ("image", "image/png", 5)
    assert part["uri"] == "data:image/png;base64,aGVsbG8="


WORDS = st.text(alphabet="abcdefgh ", min_size=9, max_size=14).filter(lambda word: len(word.strip()) >= 9)
KEYS = st.sampled_from(
    [
        "role", "content", "parts", "type", "text", "tool_calls", "function", "name", "arguments", "messages", "choices",
        "message", "id", "kwargs", "lc", "contents", "output", "system", "tool_call_id", "refusal", "args", "result",
        "finish_reason", "image_url", "url", "data", "thinking", "reasoning_content", "additional_kwargs", "elsewhere",
    ]
)  # fmt: skip
KINDS = st.sampled_from(
    ["user", "assistant", "tool", "system", "text", "image_url", "tool_use", "tool_result", "message"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS | KINDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=14,
)


def words_in(value: Any) -> set[str]:
    """Every word of a value; also those in JSON inside its strings."""
    if isinstance(value, str):
        if value[:1] in ("{", "[", '"'):
            try:
                return words_in(orjson.loads(value))
            except orjson.JSONDecodeError:
                pass
        return set(value.split("\n"))
    if isinstance(value, dict):
        return {word for key, inner in value.items() for word in {key} | words_in(inner)}
    if isinstance(value, list):
        return {word for inner in value for word in words_in(inner)}
    return set()


def long_words(value: Any) -> set[str]:
    """Words that hypothesis made up, not those of the vocabulary."""
    if isinstance(value, str):
        return {value} if len(value) >= 9 and set(value) <= set("abcdefgh ") else set()
    if isinstance(value, dict):
        return {word for inner in value.values() for word in long_words(inner)}
    return {word for inner in value for word in long_words(inner)} if isinstance(value, list) else set()


@given(JSON)
def test_any_json_is_read_without_a_crash_and_keeps_all_its_text(value: Any) -> None:
    read = messages_of(value)

    kept = "\n".join(words_in(read))
    assert {word for word in long_words(value) if word not in kept} == set()
    assert all(isinstance(message["role"], str) and isinstance(message["parts"], list) for message in read)


@pytest.mark.parametrize("asked", ["message", "input", "question"])
def test_a_question_beside_the_history_is_said_last(asked: str) -> None:
    history = [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello"}]

    read = messages_of({asked: "Where is it?", "chat_history": history})

    assert [(message["role"], message["parts"][0]["text"]) for message in read] == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Where is it?"),
    ]


def test_a_block_with_the_whole_name_of_its_type_is_read_by_the_end_of_it() -> None:
    block = {
        "type": "Microsoft.Extensions.AI.TextReasoningContent",
        "content": {"text": "Look.", "protectedData": "Co=="},
    }

    [message] = messages_of([{"role": "assistant", "parts": [block]}])

    assert message["parts"] == [{"type": "reasoning", "text": "Look.", "extra": '{"protectedData":"Co=="}'}]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "human", "User", "x"]),
                "content": st.one_of(
                    st.text(max_size=12), st.sampled_from(["data:,x", '{"a": 1}', "[1]", "", None, 7])
                ),
            },
            optional={"name": st.text(max_size=3)},
        )
        | st.fixed_dictionaries(
            {
                "role": st.sampled_from(["system", "user", "assistant", "tool"]),
                "parts": st.lists(
                    st.fixed_dictionaries(
                        {"type": st.sampled_from(["text", "reasoning"]), "content": st.text(max_size=5) | st.none()}
                    ),
                    max_size=3,
                ),
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_short_way_gives_what_the_long_way_gives(conversation: list[dict[str, Any]]) -> None:
    for value in (conversation, conversation[0]):
        simple = usual_messages(value)
        assert simple is None or simple == messages_module._read(value, "user", 0)
