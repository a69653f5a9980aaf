"""An eval set: a versioned, production-weighted sample of cases, immutable once written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from llmci.domain.case import Case
    from llmci.domain.text import CleanText

SCHEMA_NAME = "evalset/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A group that cases were sampled from.

    Attributes:
        name: The cluster's name, or its number where the name is not shown.
        share: Its share of production traffic, in [0, 1]; shares sum to 1.
        traces: How many traces of the window it holds.
        cases: How many of them are in the set.
    """

    name: str
    share: float
    traces: int
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSet:
    """One version of a named set.

    Attributes:
        digest: SHA-256 of the content (cases in order of id), not of any file's bytes.
        sanitize_digest: Digest of the manifest that vouches for the text; None only where every
            case was written by hand.
        parent: The version it was built upon.
        parameters: What `evalset build` was told, for the manifest.
        lineage: Keyed hashes of the traces that it was drawn from; empty where there are none.
    """

    name: str
    version: int
    parent: int | None
    digest: str
    schema_fingerprint: str
    sanitize_digest: str | None
    created_at: str
    seed: int
    strata: tuple[Stratum, ...]
    cases: tuple[Case, ...]
    parameters: Mapping[str, object]
    lineage: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficInput:
    """What a conversation of the traffic asked, kept beside the cases that were drawn from it.

    Attributes:
        text: Shortened to what tells its topic.
        user: A digest of who wrote it; None where nobody is named.
        cluster: The name of its cluster when the set was drawn.
        start: Of the trace, in UTC; None where it does not say.
    """

    trace_id: str
    text: CleanText
    user: int | None
    cluster: str
    start: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSetDiff:
    """What changed between two versions, as case ids; `changed` says of each what is another."""

    before: int
    after: int
    added: tuple[str, ...]
    retired: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    reweighted: tuple[str, ...]
    strata: tuple[tuple[str, float, float], ...]
