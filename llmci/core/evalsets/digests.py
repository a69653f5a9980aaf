"""Cases and sets to digests of their content, which decide whether two are the same."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from llmci.domain.case import Case, Message, Tool

_ID_CHARS = 16
# A dependence group is named after its smallest member, so that its name changes with who else was drawn.
_PLACED = ("weight", "origin", "stratum", "dependence")


def case_id_of(messages: Sequence[Message], tools: Sequence[Tool], key: str | None) -> str:
    """Identity of a case: digest of the key that the user's system gives it, or else of its input and context.

    With a key, the same task in other words (another simulated user, another phrasing) is one case.
    """
    content: dict[str, object] = {"messages": document_of(messages), "tools": document_of(tools)}
    if key is not None:
        content = {"key": key}
    return hashlib.sha256(canonical(content)).hexdigest()[:_ID_CHARS]


def content_digests(case: Case) -> dict[str, str]:
    """Digest of each thing that a case says, by name; without where it came from, what it stands for and who it hangs together with."""
    content = {k: v for k, v in case_document(case).items() if k not in _PLACED}
    return {name: hashlib.sha256(canonical(value)).hexdigest() for name, value in content.items()}


def evalset_digest(cases: Sequence[Case]) -> str:
    """Digest of a set: of all its cases, in order of their ids.

    When a trace was pulled and which version first held a case are history, not content.
    """
    hashed = hashlib.sha256()
    for case in sorted(cases, key=lambda case: case.case_id):
        content = case_document(case)
        content["origin"] = {"kind": case.origin.kind, "trace_id": case.origin.trace_id}
        hashed.update(canonical(content) + b"\n")
    return hashed.hexdigest()


def schema_fingerprint(schema: pa.Schema) -> str:
    """Digest of the names and types of a schema."""
    spelled = "\n".join(f"{field.name}: {field.type} {field.nullable}" for field in schema)
    return hashlib.sha256(spelled.encode()).hexdigest()[:_ID_CHARS]


def case_document(case: Case) -> dict[str, Any]:
    """A case as plain values; what is not known is left out."""
    document: dict[str, Any] = document_of(case)
    return document


def document_of(value: Any) -> Any:  # noqa: ANN401  any noun
    """Nouns as plain values; fields that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        found = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: document_of(item) for name, item in found if item is not None}
    if isinstance(value, (list, tuple)):
        return [document_of(item) for item in value]
    if isinstance(value, dict):
        return _sorted({str(key): document_of(item) for key, item in value.items()})
    return value


def _sorted(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value[key] for key in sorted(value)}
