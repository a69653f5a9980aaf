"""Cases to the files of other tools: promptfoo, Inspect, DeepEval, Ragas, Langfuse, OpenAI evals, CSV.

llmci's own JSONL alone keeps everything.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.bench.chat import chat_messages
from llmci.core.canonical import canonical
from llmci.core.evalsets.digests import case_document, document_of
from llmci.core.evalsets.exchange import conversation_in
from llmci.core.evalsets.templates import inert
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.domain.case import Case

_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
FORMATS = ("jsonl", "csv", "promptfoo", "inspect", "deepeval", "ragas", "langfuse", "openai-evals")


def exported(cases: Sequence[Case], form: str, suffix: str = "") -> bytes:
    """Cases as a file of another tool.

    Args:
        cases: In this order.
        form: One of `FORMATS`.
        suffix: Of the file; ".json", ".yaml" and ".yml" hold one list (JSON is YAML), others an object a line. DeepEval
            reads lines in files that end in ".jsonl" alone.

    Raises:
        UsageError: The format is unknown.
    """
    if form == "csv":
        return _as_csv(cases)
    writers: dict[str, Callable[[Case], dict[str, Any]]] = {
        "deepeval": _as_deepeval,
        "jsonl": case_document,
        "promptfoo": _as_promptfoo,
        "inspect": _as_inspect,
        "ragas": _as_ragas,
        "langfuse": _as_langfuse,
        "openai-evals": _as_openai,
    }
    if form not in writers:
        raise UsageError(f"there is no format called {form!r}.", fix=f"Choose one of: {', '.join(FORMATS)}.")
    rows = [writers[form](case) for case in cases]
    if suffix in (".json", ".yaml", ".yml") or (form == "deepeval" and suffix != ".jsonl"):
        return _escaped(orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")
    return _escaped(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def _escaped(json: bytes) -> bytes:
    """Without the characters that YAML, or who splits lines as Unicode does, takes for something else."""
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.decode()).encode()


def _as_promptfoo(case: Case) -> dict[str, Any]:
    contains = case.expectations.get("contains") or []
    wanted = contains if isinstance(contains, list) else [contains]
    asserts = [{"type": "icontains", "value": value} for value in wanted]
    if case.rubric:
        asserts.append({"type": "llm-rubric", "value": case.rubric})
    variables = {"input": spoken(case), **({"reference": case.reference} if case.reference else {})}
    row: dict[str, Any] = inert({"vars": variables, "assert": asserts, "metadata": _about(case)})
    return row


def _as_inspect(case: Case) -> dict[str, Any]:
    return {
        "id": case.key or case.case_id,
        "input": _inspect_chat(case),
        "target": case.reference or "",
        "metadata": _about(case),
    }


def _as_deepeval(case: Case) -> dict[str, Any]:
    return {
        "input": spoken(case),
        "expected_output": case.reference,
        "retrieval_context": [document.content for document in case.documents if document.content],
        "additional_metadata": _about(case),
    }


def _as_ragas(case: Case) -> dict[str, Any]:
    """A single-turn sample; Ragas leaves alone what it does not know."""
    sample: dict[str, Any] = {"user_input": spoken(case), **_about(case)}
    if case.reference is not None:
        sample["reference"] = case.reference
    if contexts := [document.content for document in case.documents if document.content]:
        sample["reference_contexts"] = contexts
    return sample


def _as_langfuse(case: Case) -> dict[str, Any]:
    """The body of a dataset item; with our id, an item that is sent again takes the place of the former."""
    return {
        "id": case.key or case.case_id,
        "input": {"messages": chat_messages(case.messages)},
        "expectedOutput": case.reference,
        "metadata": _about(case),
    }


def _as_openai(case: Case) -> dict[str, Any]:
    return {"input": chat_messages(case.messages), "ideal": case.reference or "", "metadata": _about(case)}


def _as_csv(cases: Sequence[Case]) -> bytes:
    columns = (
        "case_id",
        "key",
        "input",
        "reference",
        "rubric",
        "weight",
        "stratum",
        "must_pass",
        "holdout",
        "dependence",
        "slices",
        "expectations",
        "tools",
    )
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for case in cases:
        row = {name: getattr(case, name) for name in columns if hasattr(case, name)}
        row |= {"input": spoken(case), "slices": _json(case.slices), "expectations": _json(case.expectations)}
        row["tools"] = _json(document_of(case.tools)) if case.tools else None
        writer.writerow({name: "" if value is None else value for name, value in row.items()})
    return out.getvalue().encode()


def _about(case: Case) -> dict[str, Any]:
    about: dict[str, Any] = {"case_id": case.case_id, "weight": case.weight, "stratum": case.stratum}
    for name in ("key", "slices", "expectations", "rubric", "must_pass", "holdout", "dependence"):
        if value := getattr(case, name):
            about[name] = dict(value) if name in ("slices", "expectations") else value
    if case.tools:
        about["tools"] = document_of(case.tools)
    return about


def spoken(case: Case) -> str:
    """The input as one text: the user's words where there are no others, else the whole conversation as JSON."""
    if len(case.messages) == 1 and all(part.type == "text" for part in case.messages[0].parts):
        words = "\n".join(part.text for part in case.messages[0].parts if part.text)
        # Words that would be read as a conversation are written as one.
        if not conversation_in(words):
            return words
    return _json(chat_messages(case.messages))


def _inspect_chat(case: Case) -> list[dict[str, Any]]:
    """As Inspect spells messages: a tool call names its function beside its arguments, which are an object; an image is a text."""
    chat = chat_messages(case.messages)
    for message in chat:
        # One message of another role, or one image in OpenAI's spelling, and Inspect refuses the whole file.
        message["role"] = "system" if message["role"] == "developer" else message["role"]
        if isinstance(content := message["content"], list):
            message["content"] = [
                {"type": "image", "image": part["image_url"]["url"]} if part["type"] == "image_url" else part
                for part in content
            ]
        calls = message.get("tool_calls", ())
        flat = [{"id": call["id"], **call["function"], "type": "function"} for call in calls]
        flat = [{**call, "function": call["name"], "arguments": _object(call["arguments"])} for call in flat]
        if flat:
            message["tool_calls"] = [{key: value for key, value in call.items() if key != "name"} for call in flat]
    return chat


def _object(arguments: str) -> dict[str, Any]:
    try:
        found = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        found = arguments
    return found if isinstance(found, dict) else {"arguments": found}


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    return canonical(value if isinstance(value, list) else dict(value)).decode()
