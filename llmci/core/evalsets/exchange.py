"""Files that a user wrote or another tool exported to cases, with one table of the names that they use.

Reads promptfoo tests, Inspect samples, DeepEval goldens, OpenAI evals, Ragas and Langfuse rows, CSV,
and llmci's own JSONL.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.canonical import canonical
from llmci.core.evalsets.digests import case_id_of
from llmci.core.evalsets.templates import active
from llmci.core.evalsets.yamltext import yaml_of
from llmci.core.traces.message import message_of
from llmci.core.traces.roles import is_role
from llmci.domain.case import Case, Document, Message, Origin, Part, Tool
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Where a row may hold each thing, first found first taken; a dot goes into a nested object.
ALIASES: dict[str, tuple[str, ...]] = {
    "input": (
        "messages",
        "input",
        "question",
        "query",
        "prompt",
        "user_input",
        "inputs",
        "vars.input",
        "vars.question",
        "vars.query",
        "vars.prompt",
        "vars.message",
    ),
    "reference": (
        "reference",
        "expected",
        "expected_output",
        "expectedOutput",
        "target",
        "ideal",
        "answer",
        "ground_truth",
        "vars.reference",
        "vars.expected",
        "expectations.expected_response",
    ),
    "key": ("key", "id", "metadata.key", "additional_metadata.key"),
    "slices": ("slices", "metadata.slices", "additional_metadata.slices"),
    "expectations": ("expectations", "metadata.expectations", "additional_metadata.expectations"),
    "rubric": ("rubric", "metadata.rubric", "additional_metadata.rubric"),
    "must_pass": ("must_pass", "metadata.must_pass", "additional_metadata.must_pass"),
    "holdout": ("holdout", "metadata.holdout", "additional_metadata.holdout"),
    "dependence": ("dependence", "metadata.dependence", "additional_metadata.dependence"),
    "case_id": ("case_id", "metadata.case_id", "additional_metadata.case_id"),
    "tools": ("tools", "metadata.tools", "additional_metadata.tools"),
    "documents": ("documents", "retrieval_context", "retrieved_contexts", "reference_contexts", "contexts"),
    "asserts": ("assert",),
}

# Columns of a CSV file that hold JSON; everything else there is text, whatever it looks like.
_JSON_COLUMNS = {
    alias.split(".")[0]
    for what in ("slices", "expectations", "tools", "documents", "asserts")
    for alias in ALIASES[what]
}
_YES = (True, "true", "True", 1)

Row = tuple[str, dict[str, Any] | str]


def rows_of(content: bytes, suffix: str, name: str) -> Iterator[Row]:
    """Rows of a file, each with where it stands; a row that is no object comes as the reason why.

    Args:
        content: Of the file.
        suffix: ".csv", ".json" or ".yaml" (a list, or an object with `tests`, `samples` or `goldens`), else JSON lines.
        name: For messages.
    """
    if suffix == ".csv":
        yield from _csv_rows(content.decode("utf-8-sig", "replace"), name)
        return
    if suffix in (".json", ".yaml", ".yml"):
        parsed = _json(content, name) if suffix == ".json" else yaml_of(content, name)
        for number, item in enumerate(_listed(parsed), start=1):
            yield f"{name}, item {number}", item if isinstance(item, dict) else "not an object"
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield f"{name}:{number}", _line(line)


def cases_of(rows: Iterable[Row]) -> tuple[list[Case], list[tuple[str, str]]]:
    """Cases of rows that the user vouches for, with equal weights, and where and why others are none."""
    cases: dict[str, Case] = {}
    rejected = []
    for where, row in rows:
        case = row if isinstance(row, str) else _case(row)
        if isinstance(case, str):
            rejected.append((where, case))
        elif case.case_id in cases:
            rejected.append((where, "the same input as an earlier record; give each a `key` to keep both"))
        else:
            cases[case.case_id] = case
    return list(cases.values()), rejected


def _case(row: Mapping[str, Any]) -> Case | str:
    """A case, or why the row is none."""
    if isinstance(wrapped := row.get("item"), dict):
        # A row of OpenAI's evals API.
        row = wrapped
    if "vars" in row:
        row = active(dict(row))
    messages = _messages(_held(row, "input"))
    if not messages:
        return f"no input; name it one of {', '.join(ALIASES['input'][:6])}"
    expectations, slices = _held(row, "expectations") or {}, _held(row, "slices") or {}
    if not isinstance(expectations, dict) or not isinstance(slices, dict):
        return "slices and expectations must be objects"
    asserted = _asserted(_held(row, "asserts") or ())
    reference = _first(_held(row, "reference")) or asserted.get("reference")
    rubric = _held(row, "rubric") or asserted.get("rubric")
    key = _held(row, "key")
    if key == _held(row, "case_id"):
        # Tools that want an id were given the case's own, which is made of its input.
        key = None
    tools = _tools(_held(row, "tools") or ())
    case_id = case_id_of(messages, tools, None if key is None else str(key))
    return Case(
        case_id=case_id,
        key=None if key is None else str(key),
        messages=messages,
        tools=tools,
        documents=_documents(_held(row, "documents") or ()),
        reference=None if reference is None else declared_clean(_text(reference)),
        reference_origin=None if reference is None else "hand",
        expectations={**asserted.get("expectations", {}), **expectations},
        rubric=None if rubric is None else declared_clean(_text(rubric)),
        slices={str(name): _text(value) for name, value in slices.items()},
        stratum="hand-written",
        dependence=_text(_held(row, "dependence") or case_id),
        weight=0.0,
        must_pass=_held(row, "must_pass") in _YES,
        holdout=_held(row, "holdout") in _YES,
        origin=Origin(kind="hand"),
    )


def _held(row: Mapping[str, Any], what: str) -> Any:  # noqa: ANN401  JSON holds anything
    for alias in ALIASES[what]:
        value: Any = row
        for step in alias.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None and value != "":
            return value
    return None


def _messages(value: Any) -> tuple[Message, ...]:  # noqa: ANN401  see above
    if isinstance(value, list):
        return tuple(one for item in value if _speaks(item) for one in _message(item))
    if isinstance(value, dict):
        return _messages(value.get("messages")) or _messages(canonical(value).decode())
    if not isinstance(value, str) or not value.strip():
        return ()
    if conversation := conversation_in(value):
        return conversation
    return (Message(role="user", parts=(Part(type="text", text=declared_clean(value)),)),)


def conversation_in(text: str) -> tuple[Message, ...]:
    """The messages that a text holds as JSON, as prompts of promptfoo do; none where it is anything else."""
    if not text.lstrip().startswith(("[{", "{")):
        return ()
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ()
    if isinstance(found, dict):
        found = found.get("messages")
    whole = isinstance(found, list) and all(map(_speaks, found))
    return _messages(found) if whole else ()


def _speaks(item: object) -> bool:
    """Whether it is a message; Ragas and LangChain say in `type` who speaks."""
    return isinstance(item, dict) and bool(item.get("role") or is_role(item.get("type")))


def _message(item: Mapping[str, Any]) -> list[Message]:
    """A message of any provider's chat API, or one that llmci wrote itself."""
    if isinstance(item.get("parts"), list):
        read = [{"role": item.get("role") or "user", "name": item.get("name"), "parts": item["parts"]}]
    else:
        read = message_of(dict(item), str(item.get("role") or "user"))
    nothing = [{"type": "text", "text": ""}]
    return [
        Message(
            role=str(one["role"]),
            name=one.get("name"),
            parts=tuple(_part(part) for part in one["parts"] or nothing if isinstance(part, dict)),
        )
        for one in read
    ]


def _part(part: Mapping[str, Any]) -> Part:
    texts = ("text", "tool_arguments", "tool_result", "extra")
    plain = ("uri", "mime_type", "tool_call_id", "tool_name", "is_error")
    held: dict[str, Any] = {name: part[name] for name in plain if part.get(name) is not None}
    held |= {name: declared_clean(_text(part[name])) for name in texts if part.get(name) is not None}
    return Part(type=str(part.get("type") or "text"), **held)


def _tools(value: Any) -> tuple[Tool, ...]:  # noqa: ANN401  see above
    tools = []
    for item in value if isinstance(value, list) else ():
        tool = item.get("function", item) if isinstance(item, dict) else {}
        if tool.get("name"):
            texts = {name: tool[name] for name in ("description", "parameters") if tool.get(name) is not None}
            cleaned = {name: declared_clean(_text(text)) for name, text in texts.items()}
            tools.append(Tool(name=str(tool["name"]), **cleaned))
    return tuple(tools)


def _documents(value: Any) -> tuple[Document, ...]:  # noqa: ANN401  see above
    """Passages, best first: texts, or objects with `id`, `text` (or `content`) and `score`."""
    documents = []
    for rank, item in enumerate(value if isinstance(value, list) else (), start=1):
        held: dict[str, Any] = item if isinstance(item, dict) else {"text": _text(item)}
        content, score = held.get("content", held.get("text")), held.get("score")
        documents.append(
            Document(
                id=None if held.get("id") is None else str(held["id"]),
                content=None if content is None else declared_clean(_text(content)),
                score=float(score) if isinstance(score, (int, float)) else None,
                rank=rank,
            )
        )
    return tuple(documents)


def _asserted(asserts: Any) -> dict[str, Any]:  # noqa: ANN401  see above
    """What promptfoo's assertions say of a good answer."""
    found: dict[str, Any] = {"expectations": {}}
    for item in asserts if isinstance(asserts, list) else ():
        kind, value = (item.get("type"), item.get("value")) if isinstance(item, dict) else (None, None)
        if kind in ("equals", "similar", "factuality") and value:
            found["reference"] = value
        elif kind in ("contains", "icontains") and value:
            found["expectations"].setdefault("contains", []).append(value)
        elif kind in ("contains-all", "icontains-all") and isinstance(value, list):
            found["expectations"].setdefault("contains", []).extend(value)
        elif kind == "llm-rubric" and value:
            found["rubric"] = value
    return found


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    number = 2
    try:
        for number, row in enumerate(rows, start=2):
            yield (
                f"{name}, row {number}",
                {
                    key: _from_cell(value) if key in _JSON_COLUMNS else value
                    for key, value in row.items()
                    if key and value
                },
            )
    except csv.Error:
        yield f"{name}, after row {number}", "not CSV"


def _json(content: bytes, name: str) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise UsageError(
            f"{name}: not JSON.", fix="Mend the file, or name it .jsonl if it holds one object a line."
        ) from None


def _listed(value: object) -> list[Any]:
    if isinstance(value, dict):
        value = next(
            (value[key] for key in ("tests", "samples", "goldens") if isinstance(value.get(key), list)), [value]
        )
    return value if isinstance(value, list) else [value]


def _line(line: bytes) -> dict[str, Any] | str:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON"
    return value if isinstance(value, dict) else "not an object"


def _from_cell(cell: str) -> Any:  # noqa: ANN401  a cell may hold JSON
    """A cell that holds a JSON structure is read; everything else is text."""
    if cell[:1] not in ("{", "["):
        return cell
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


def _first(value: Any) -> Any:  # noqa: ANN401  OpenAI's `ideal` may be a list of good answers
    return value[0] if isinstance(value, list) and value else value


def _text(value: Any) -> str:  # noqa: ANN401  see above
    return value if isinstance(value, str) else canonical(value).decode()
