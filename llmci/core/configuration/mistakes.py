"""What a validator complains of, as one mistake with a fix for each place in the file."""

from __future__ import annotations

import collections.abc
import difflib
import types
import typing
from dataclasses import is_dataclass
from typing import Annotated, Any, Union

from pydantic import BaseModel

from llmci.core.configuration.document import Document, Loc, path

if typing.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_MISSING = ("missing", "missing_keyword_only_argument")

# What to write instead, by the validator's type of error; `{...}` are its own details.
_WANTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "none_required": "null",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number from {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number up to {le:g}",
    "list_type": "a list, such as [a, b]",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "keys and values under it",
    "mapping_type": "keys and values under it",
    "model_type": "keys and values under it",
    "dataclass_type": "keys and values under it",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length} or fewer",
    "string_too_short": "at least {min_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "path_type": "a path",
}


def note_all(errors: Iterable[Mapping[str, Any]], kind: Any, at: Loc, document: Document) -> None:  # noqa: ANN401  any model
    """Add the errors of a validator to the document's mistakes.

    Args:
        errors: As pydantic's `ValidationError.errors()` gives them.
        kind: The model or dataclass that was validated, for the names of its keys.
        at: Path of the validated value in the document.
    """
    values: dict[Loc, list[Mapping[str, Any]]] = {}
    for error in errors:
        loc: Loc = (*at, *error["loc"])
        if error["type"] in _UNKNOWN:
            known = known_keys(kind, error["loc"][:-1])
            document.wrong(loc, f"unknown key {path(loc)}", nearest(str(loc[-1]), known))
        elif error["type"] in _MISSING:
            document.wrong(loc, f"{path(loc)} is missing", f"Add `{loc[-1]}:` there.")
        else:
            # What is behind the value's own path names a branch of a union: its branches are one mistake.
            values.setdefault(document.within(loc), []).append(error)
    for loc, branches in values.items():
        # A list whose items are wrong is not judged as a whole as well.
        if not any(len(other) > len(loc) and other[: len(loc)] == loc for other in values):
            _note_value(loc, branches, document)


def _note_value(loc: Loc, branches: list[Mapping[str, Any]], document: Document) -> None:
    value = branches[0]["input"]
    wanted = [_WANTED[error["type"]].format(**error.get("ctx", {})) for error in branches if error["type"] in _WANTED]
    said = [error["msg"].removeprefix("Value error, ") for error in branches if error["type"] not in _WANTED]
    if said:
        what = f"{path(loc)} is {shown(value)}: {said[0][:1].lower()}{said[0][1:]}"
        document.wrong(loc, what, "Correct the value.")
        return
    choices = " or ".join(dict.fromkeys(wanted))
    document.wrong(loc, f"{path(loc)} is {shown(value)}, which is not {choices}", _instead(value, branches, choices))


def _instead(value: object, branches: list[Mapping[str, Any]], choices: str) -> str:
    kinds = {error["type"] for error in branches}
    if isinstance(value, bool) and "string_type" in kinds:
        return "Put it in quotes: YAML reads a bare yes, no, on and off as true or false."
    if "string_type" in kinds and not isinstance(value, (dict, list, type(None))):
        return "Put it in quotes."
    if kinds == {"literal_error"}:
        known = [word.strip("' ") for word in choices.replace(" or ", ",").split(",")]
        return nearest(str(value), known)
    return f"Write {choices}."


def nearest(word: str, known: list[str]) -> str:
    """The fix for a word that is not known: the nearest one, or all there are."""
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Choose one of: {', '.join(sorted(known))}." if known else "Define it first."


def shown(value: object) -> str:
    """A value, short enough for a line."""
    spelled = repr(value)
    return spelled if len(spelled) <= 60 else f"{spelled[:57]}..."


def known_keys(kind: Any, loc: Loc) -> list[str]:  # noqa: ANN401  any model, dataclass or container
    """Keys that are allowed at a path inside a model or a dataclass."""
    for step in loc:
        kind = _at(_bare(kind), step)
    return sorted(_fields(_bare(kind)))


def _at(kind: Any, step: str | int) -> Any:  # noqa: ANN401
    """The type of what a step leads to; the type itself where the step names a branch of a union."""
    arguments = typing.get_args(kind)
    match typing.get_origin(kind):
        case None:
            return _fields(kind).get(str(step), kind)
        case origin if issubclass(origin, collections.abc.Mapping):
            return arguments[1]
        case _:
            return arguments[0]


def _bare(kind: Any) -> Any:  # noqa: ANN401
    """A type without its `Annotated` and `| None`."""
    if typing.get_origin(kind) is Annotated:
        return _bare(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (Union, types.UnionType):
        bare = [_bare(argument) for argument in typing.get_args(kind)]
        return next((choice for choice in bare if _fields(choice) or typing.get_args(choice)), bare[0])
    return kind


def _fields(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {info.alias or name: info.annotation for name, info in kind.model_fields.items()}
    return typing.get_type_hints(kind) if isinstance(kind, type) and is_dataclass(kind) else {}
