"""What `label` says of a clean trace: its cluster, how unusual it is, and what stands out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_NAME = "label/2"
# Written by earlier llmcis, and read as if their new columns were null: `label/1` knew neither verdicts nor suspects.
READ = ("label/1", SCHEMA_NAME)
OTHER = "other"

_text = pa.string()

# What a judge says of an answer. `value` is scaled to [0, 1] whatever the scale of the judge; `of` is the content
# hash of the trace that was judged: of another content the verdict says nothing.
VERDICT = pa.struct(
    [
        ("judge", _text),
        ("model", _text),
        ("digest", _text),
        ("value", pa.float64()),
        ("reason", _text),
        ("of", _text),
    ]
)
# The step of an agent's trace that likely went wrong, counted from 1. `by` is `rule:<name>` or `judge:<name>`.
SUSPECT = pa.struct([("step", pa.int32()), ("name", _text), ("why", _text), ("by", _text), ("of", _text)])

# Flags that say that the answer was no good; the others say that the trace is unusual.
FAILURES = frozenset(
    {
        "error",
        "empty_answer",
        "refusal",
        "truncated",
        "loop",
        "tool_error",
        "fenced_json",
        "constant_answer",
        "thumbs_down",
    }
)
# Fingerprint of the labels of a shard that no worker survived: there are none, until a later run makes them.
HELD_BACK = "held-back"
LABEL = pa.schema(
    [
        ("trace_id", _text),
        ("cluster", pa.int32()),
        ("cluster_name", _text),
        ("topic", pa.int32()),
        ("topic_name", _text),
        ("language", _text),
        # Mean distance to the nearest neighbours, in [0, 1]; higher is more unusual.
        ("anomaly", pa.float64()),
        # 1 is the most unusual trace of the window.
        ("anomaly_rank", pa.int32()),
        ("flags", pa.list_(_text)),
        # Feedback of the end user, scaled to [0, 1]; null where nobody said anything.
        ("feedback", pa.float64()),
        ("near_duplicate_of", _text),
        ("verdicts", pa.list_(VERDICT)),
        ("suspect", SUSPECT),
    ],
    metadata={b"llmci.schema": SCHEMA_NAME.encode()},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A group of similar inputs.

    Attributes:
        cluster: Its number; numbers are dense from 0.
        name: Distinctive terms, or `OTHER` where the group is too small to be shown.
        traces: How many traces belong to it.
        users: How many distinct users wrote them; None where user ids are not recorded.
        share: Its share of the window, in [0, 1].
        topic: The coarser group that it belongs to.
        shown: Whether it is large enough to be named and exemplified (k-anonymity).
    """

    cluster: int
    name: str
    traces: int
    users: int | None
    share: float
    topic: int
    shown: bool
