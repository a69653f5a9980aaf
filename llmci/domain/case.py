"""A case: one clean input with what a good answer to it is known to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.text import CleanText

OriginKind = Literal["production", "failure", "hand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a message; `type` is one of `llmci.domain.trace.PART_TYPES`."""

    type: str
    text: CleanText | None = None
    uri: str | None = None
    mime_type: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    tool_arguments: CleanText | None = None
    tool_result: CleanText | None = None
    is_error: bool | None = None
    extra: CleanText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    parts: tuple[Part, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that the model may call; `parameters` is its JSON schema as text."""

    name: str
    description: CleanText | None = None
    parameters: CleanText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A retrieved passage."""

    id: str | None
    content: CleanText | None
    score: float | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a case came from.

    Attributes:
        kind: Sampled from production, brought in as a failure, or written by hand.
        trace_id: The trace it was made of; None for a hand-written case.
        pulled_at: When that trace was pulled, ISO 8601 UTC.
        set_version: The version of the set that first held it.
    """

    kind: OriginKind
    trace_id: str | None = None
    pulled_at: str | None = None
    set_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input, and what is known of a good answer to it.

    Attributes:
        case_id: Digest of input and context; the same input has the same id in every version.
        key: Identity that the user's system gives it (`fields.key` of the source); recorded answers
            are matched on it before they are matched on the digest.
        messages: The input, up to where the system answers.
        tools: Tools that were offered.
        documents: Documents that production retrieved, for replay.
        reference: A known good answer, with its origin in `reference_origin`.
        expectations: Facts a good answer fulfils, by name: `documents` (ids that retrieval should
            find), `tool_calls`, `contains`, ... Each scorer says which one it reads.
        rubric: What a judge should look for.
        slices: Label name to value, such as {"cluster": "reset password", "app": "retail"}.
        stratum: Topic cluster it was sampled from; carries the production share.
        dependence: Group of cases that are not independent of each other (conversation, user, task,
            near duplicates); one group counts as one observation of the statistics.
        weight: Its share of production traffic; the weights of a set sum to 1.
        must_pass: A broken answer to it fails the run.
        holdout: Kept for release gates only.
    """

    case_id: str
    messages: tuple[Message, ...]
    slices: Mapping[str, str]
    stratum: str
    dependence: str
    weight: float
    origin: Origin
    key: str | None = None
    tools: tuple[Tool, ...] = ()
    documents: tuple[Document, ...] = ()
    reference: CleanText | None = None
    reference_origin: str | None = None
    expectations: Mapping[str, object] = field(default_factory=dict)
    rubric: CleanText | None = None
    must_pass: bool = False
    holdout: bool = False
