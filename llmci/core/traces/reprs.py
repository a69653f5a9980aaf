"""Messages that were logged as Python's `repr` of an object: `role='user' content='Hi'`, `HumanMessage(content='Hi')`."""

from __future__ import annotations

import ast
import re
from typing import Any

# Longer ones are kept as text: reading one takes time and memory of a multiple of its length.
_MAX_LENGTH = 2_000_000
_STARTS = re.compile(
    r"(?:[A-Z]\w*\()?_?role=(?:'|\"|<)"
    r"|(?:(?:System|Human|AI|Tool|Function|Chat)Message(?:Chunk)?)\((?:content|id|role)="
    r"|content=(?:'|\"|\[).*\b(?:additional_kwargs|response_metadata)=",
    re.DOTALL,
)
_KEY = re.compile(r"\s*(\w+)=")
_ENUM = re.compile(r"<[\w.]+: (.*)>", re.DOTALL)
_ENUM_INSIDE = re.compile(r"<[A-Za-z_][\w.]*: ('[^']*'|\"[^\"]*\"|\d+)>")
# LangChain's classes, or what only one of them has, to who speaks.
_CLASSES = {"System": "system", "Human": "user", "AI": "assistant", "Tool": "tool", "Function": "tool"}
_TELLING = (("tool_call_id", "tool"), ("usage_metadata", "assistant"), ("tool_calls", "assistant"))


def fields_in(text: str) -> dict[str, Any] | None:
    """Fields of a message's `repr`, or None where a text is none.

    Values that are Python literals, or objects of such, are read; anything else is kept as the
    text that it is. Nothing is evaluated.
    """
    if len(text) > _MAX_LENGTH or not _STARTS.match(text):
        return None
    named = re.match(r"[A-Z]\w*\(", text)
    body = text[named.end() :].removesuffix(")") if named else text
    found: dict[str, Any] = {}
    position = 0
    while (key := _KEY.match(body, position)) is not None:
        end = _end(body, key.end())
        found[key[1]] = _literal(body[key.end() : end])
        position = end + 1
    if position < len(body):
        return None
    speaker = next((role for name, role in _CLASSES.items() if named and text.startswith(f"{name}Message")), None)
    if speaker is None:
        speaker = next((role for key, role in _TELLING if key in found), None)
    return found if speaker is None or "role" in found or "_role" in found else {"role": speaker, **found}


def literal_in(value: object) -> Any:  # noqa: ANN401  any literal
    """The dictionary or list that a text is the `repr` of, as LiteLLM logs metadata; any other value as it is."""
    if not isinstance(value, str) or len(value) > _MAX_LENGTH or not value.startswith(("{'", "['", "[{'")):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _end(text: str, start: int) -> int:
    """Where a value ends: at the first comma or space that is in no quotes and no brackets."""
    depth, quote, index = 0, "", start
    while index < len(text):
        character = text[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "([{<":
            depth += 1
        elif character in ")]}>":
            depth -= 1
        elif character in ", " and depth <= 0:
            return index
        index += 1
    return len(text)


def _literal(text: str) -> Any:  # noqa: ANN401  any literal
    enum = _ENUM.fullmatch(text)
    try:
        return ast.literal_eval(enum[1] if enum else text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    if "(" not in text:
        return text
    try:
        # An enum's repr is no Python; text that looks like one inside a string is left as it was.
        return _value(ast.parse(_ENUM_INSIDE.sub(r"\1", text).strip(), mode="eval").body)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _value(node: ast.expr) -> Any:  # noqa: ANN401  any literal
    """A literal, or the fields of an object with its class as `type`; what is neither becomes its source text."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {str(_value(key)): _value(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords) if keywords:
            return {"type": name} | {str(one.arg): _value(one.value) for one in keywords}
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)
