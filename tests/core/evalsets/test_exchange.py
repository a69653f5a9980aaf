"""Cases come from, and go to, the files that other tools use."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from builders import a_case
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.bench.chat import chat_messages
from llmci.core.evalsets.digests import case_id_of
from llmci.core.evalsets.exchange import cases_of, rows_of
from llmci.core.evalsets.exporting import FORMATS, exported
from llmci.domain.case import Message, Part, Tool
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.domain.case import Case

SUFFIX = {"csv": ".csv", "deepeval": ".json"}


def read(content: bytes, suffix: str = ".jsonl") -> tuple[list[Case], list[tuple[str, str]]]:
    return cases_of(rows_of(content, suffix, "file"))


def asked(case: Case) -> str:
    return "".join(part.text or "" for message in case.messages for part in message.parts)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"question": "Where?", "reference": "Lyon"}, id="hand-written"),
        pytest.param({"input": "Where?", "expected": "Lyon"}, id="braintrust"),
        pytest.param({"input": "Where?", "target": "Lyon", "id": 1}, id="inspect"),
        pytest.param({"input": "Where?", "expected_output": "Lyon"}, id="deepeval"),
        pytest.param({"input": "Where?", "expectedOutput": "Lyon"}, id="langfuse"),
        pytest.param({"user_input": "Where?", "reference": "Lyon"}, id="ragas"),
        pytest.param({"input": [{"role": "user", "content": "Where?"}], "ideal": ["Lyon", "Nice"]}, id="openai"),
        pytest.param({"item": {"question": "Where?", "ground_truth": "Lyon"}}, id="openai-api"),
        pytest.param({"user_input": [{"type": "human", "content": "Where?"}], "reference": "Lyon"}, id="ragas-turns"),
        pytest.param({"vars": {"question": "Where?"}, "assert": [{"type": "equals", "value": "Lyon"}]}, id="promptfoo"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Where?"}]}], "answer": "Lyon"}
        ),
    ],
)
def test_the_names_of_other_tools_are_known(row: dict[str, object]) -> None:
    [case], rejected = read(orjson.dumps(row))

    assert (asked(case), case.reference, rejected) == ("Where?", "Lyon", [])


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_exported_can_be_imported(form: str) -> None:
    case = a_case(
        reference=declared_clean("In Lyon."), slices={"app": "shop"}, expectations={"contains": ["Lyon"]}, key="k1"
    )

    [back], rejected = read(exported([case], form), SUFFIX.get(form, ".jsonl"))

    assert rejected == []
    assert (asked(back), back.reference, back.key) == ("Where is my parcel?", "In Lyon.", "k1")
    assert (back.slices, back.expectations) == (case.slices, case.expectations)


def test_a_conversation_keeps_its_images_tool_calls_and_results() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    call = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
    chat = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "what is this?"}, image]},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "4"},
    ]

    [case], rejected = read(orjson.dumps({"messages": chat}))
    [again], _ = read(exported([case], "jsonl"))

    assert rejected == []
    assert chat_messages(case.messages) == chat
    assert (again.case_id, again.messages) == (case.case_id, case.messages)


def test_recorded_documents_come_with_a_case() -> None:
    rows = [
        {"question": "a", "documents": [{"id": "d1", "text": "one", "score": 0.5}]},
        {"user_input": "b", "retrieved_contexts": ["one", "two"]},
    ]

    cases, _ = read(b"\n".join(map(orjson.dumps, rows)))
    again, _ = read(exported(cases, "jsonl"))

    assert [[(one.id, one.content, one.score) for one in case.documents] for case in cases] == [
        [("d1", "one", 0.5)],
        [(None, "one", None), (None, "two", None)],
    ]
    assert [case.documents for case in again] == [case.documents for case in cases]


def a_conversation() -> Case:
    """With a system prompt, a tool call and its result; without a key of its own."""
    said = [
        Message(role="system", parts=(Part(type="text", text=declared_clean("Be brief.")),)),
        Message(role="user", parts=(Part(type="text", text=declared_clean("Where is it?")),)),
        Message(
            role="assistant",
            parts=(
                Part(
                    type="tool_call",
                    tool_call_id="c1",
                    tool_name="track",
                    tool_arguments=declared_clean('{"parcel":7}'),
                ),
            ),
        ),
        Message(
            role="tool",
            parts=(Part(type="tool_result", tool_call_id="c1", tool_result=declared_clean("in Lyon")),),
        ),
        Message(role="user", parts=(Part(type="text", text=declared_clean("And now?")),)),
    ]
    tools = (Tool(name="track", parameters=declared_clean('{"type":"object"}')),)
    return replace(
        a_case(messages=tuple(said), rubric=declared_clean("Helps."), tools=tools),
        case_id=case_id_of(said, tools, None),
        dependence="conversation-1",
        holdout=True,
        must_pass=True,
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".yaml"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_conversation_with_tools_comes_back_as_the_case_that_it_was(form: str, suffix: str) -> None:
    case = a_conversation()
    suffix = ".csv" if form == "csv" else suffix

    [back], rejected = read(exported([case], form, suffix), suffix)

    assert rejected == []
    assert back.case_id == case.case_id
    assert (back.messages, back.tools) == (case.messages, case.tools)
    assert (back.rubric, back.dependence, back.holdout, back.must_pass) == ("Helps.", "conversation-1", True, True)


ODD = [
    "{{ env.HOME }} and {% if x %}y{% endif %} {# note #} and #}",
    "{% raw %}{{x}}{% endraw %}",
    "file://tool.py",
    "[1, 2, 3]",
    '{"a":  1}',
    '[{"role": "user", "content": "said"}]',
    "a\r\nb\x85c\u2028d\ufeffe\x00f",
    "- yaml: [special, *alias, &anchor] !!python/object",
    "emoji \U0001f469\u200d\U0001f467 \u202e",
    "=1+1",
    "null",
    "  outer  ",
]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".yaml"])
@pytest.mark.parametrize("form", FORMATS)
def test_odd_texts_come_back_as_they_were(form: str, suffix: str) -> None:
    rows = [
        {
            "question": text,
            "reference": text,
            "rubric": text,
            "slices": {"s": text},
            "expectations": {"contains": [text]},
        }
        for text in ODD
    ]
    # As a message, for such a text as an input alone is a conversation.
    rows[5]["messages"] = [{"role": "user", "content": ODD[5]}]
    cases, _ = cases_of((text, row) for text, row in zip(ODD, rows, strict=True))
    suffix = ".csv" if form == "csv" else suffix

    back, rejected = read(exported(cases, form, suffix), suffix)

    def told(case: Case) -> tuple[object, ...]:
        return case.case_id, case.messages, case.reference, case.rubric, case.slices, case.expectations

    assert rejected == []
    assert [told(case) for case in back] == [told(case) for case in cases]


def test_promptfoo_neither_fills_in_nor_loads_what_a_user_wrote() -> None:
    cases, _ = cases_of([("1", {"question": ODD[0], "reference": "file://answer.js", "rubric": "package:x:y"})])

    row = orjson.loads(exported(cases, "promptfoo"))

    texts = [*row["vars"].values(), *(item["value"] for item in row["assert"]), row["metadata"]["rubric"]]
    assert not any(text.startswith(("file://", "package:")) for text in texts)
    # Nunjucks reads every opening mark but those of its raw blocks.
    assert "{{ env" not in row["vars"]["input"]
    assert re.sub(r"{% raw %}(\{[{%#]|#\}|){% endraw %}", r"\1", row["vars"]["input"]) == ODD[0]


def test_inspect_takes_images_in_its_own_spelling_and_no_role_that_it_does_not_know() -> None:
    chat = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
    ]
    cases, _ = cases_of([("1", {"messages": chat})])

    row = orjson.loads(exported(cases, "inspect"))
    [back], _ = read(exported(cases, "inspect"))

    assert row["input"][0]["role"] == "system"
    assert row["input"][1]["content"] == [{"type": "image", "image": "https://example.com/a.png"}]
    assert back.messages[1] == cases[0].messages[1]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="no format"):
        exported([a_case()], "excel")


def test_bad_rows_are_named_and_the_rest_goes_on() -> None:
    lines = [
        b'{"question": "Where?"}',
        b"{cut",
        b"[]",
        b'{"answer": "Lyon"}',
        b"",
        b'{"question": "Where?"}',
        b"\xff\xfe",
    ]

    cases, rejected = read(b"\n".join(lines))

    assert len(cases) == 1
    assert [where for where, _ in rejected] == ["file:2", "file:3", "file:4", "file:6", "file:7"]


def test_slices_that_are_no_object_are_refused() -> None:
    assert read(b'{"question": "Where?", "slices": "shop"}')[1][0][1] == "slices and expectations must be objects"


@given(st.binary(max_size=300), st.sampled_from([".jsonl", ".csv"]))
def test_any_bytes_are_cases_or_reasons(content: bytes, suffix: str) -> None:
    cases, rejected = read(content, suffix)

    assert all(case.messages for case in cases)
    assert all(why for _, why in rejected)


def test_the_same_input_with_other_words_of_a_good_answer_is_told_apart_by_key() -> None:
    rows = [{"question": "Where?", "key": key} for key in ("a", "b")]

    cases, _ = read(b"\n".join(map(orjson.dumps, rows)))

    assert len({case.case_id for case in cases}) == 2


def test_a_case_without_reference_exports_as_such() -> None:
    rows = exported([replace(a_case(), reference=None)], "inspect")

    assert orjson.loads(rows)["target"] == ""


def test_yaml_is_read_like_json() -> None:
    content = b"- question: Since 2026-01-02?\n  reference: 2026-01-03\n  must_pass: true\n"

    cases, rejected = read(content, ".yaml")

    assert not rejected
    assert (cases[0].reference, cases[0].must_pass) == ("2026-01-03", True)


@pytest.mark.parametrize("content", [b"- &a [1]\n- *a\n", b"- question: [\n", b"\xff\xfe\x00", b"[" * 5000])
def test_yaml_that_cannot_be_read_is_refused_with_its_line(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"file.*not YAML"):
        read(content, ".yaml")
