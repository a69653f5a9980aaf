"""`a_trace`, `a_case`, `a_run`: nouns for tests, with defaults for everything a test is not about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from llmci.domain.case import Case, Message, Origin, Part
from llmci.domain.evalset import EvalSet, Stratum
from llmci.domain.run import Answered, Metric, Run, Scored, Usage
from llmci.domain.system import SystemSpec
from llmci.domain.text import declared_clean
from llmci.domain.trace import TRACE
from llmci.seams import Context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.domain.run import Answer, Score
    from llmci.domain.trace import TraceRow

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def a_message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": text}]}


def a_trace(
    trace_id: str = "t1", question: str = "Where is my parcel?", answer: str = "In Lyon.", **columns: Any
) -> TraceRow:
    return {
        "schema_version": 1,
        "source": "test",
        "source_kind": "jsonl",
        "trace_id": trace_id,
        "content_hash": f"hash-{trace_id}",
        "pulled_at": NOON,
        "complete": True,
        "missing": [],
        "status": "ok",
        "start": NOON,
        "input": {"kind": "messages", "messages": [a_message("user", question)]},
        "output": {"kind": "messages", "messages": [a_message("assistant", answer)]},
        "replay_kind": "chat",
        **columns,
    }


def a_batch(rows: Sequence[TraceRow]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=TRACE)


def a_case(case_id: str = "c1", question: str = "Where is my parcel?", **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "case_id": case_id,
        "messages": (Message(role="user", parts=(Part(type="text", text=declared_clean(question)),)),),
        "slices": {},
        "stratum": "all",
        "dependence": case_id,
        "weight": 1.0,
        "origin": Origin(kind="production", trace_id=f"trace-{case_id}"),
    }
    return Case(**fields | changes)


def an_evalset(cases: Sequence[Case], **changes: Any) -> EvalSet:
    fields: dict[str, Any] = {
        "name": "main",
        "version": 1,
        "parent": None,
        "digest": "set-digest",
        "schema_fingerprint": "fingerprint",
        "sanitize_digest": "clean-digest",
        "created_at": NOON.isoformat(),
        "seed": 7,
        "strata": (Stratum(name="all", share=1.0, traces=len(cases), cases=len(cases)),),
        "cases": tuple(cases),
        "parameters": {},
    }
    return EvalSet(**fields | changes)


def a_metric(name: str = "correct", **changes: Any) -> Metric:
    return Metric(**{"name": name, "kind": "binary", "digest": f"scorer-{name}"} | changes)


def an_answer(case_id: str = "c1", text: str = "In Lyon.", **changes: Any) -> Answered:
    return Answered(**{"case_id": case_id, "repeat": 0, "text": declared_clean(text), "usage": Usage()} | changes)


def a_run(
    values: Mapping[str, float],
    *,
    metric: Metric | None = None,
    answers: Sequence[Answer] | None = None,
    scores: Sequence[Score] | None = None,
    **changes: Any,
) -> Run:
    """A run of one metric with these values, by case id."""
    metric = metric or a_metric()
    fields: dict[str, Any] = {
        "run_id": "run-1",
        "system": SystemSpec(name="baseline", kind="recorded", parameters={}, digest="system-digest"),
        "evalset_name": "main",
        "evalset_version": 1,
        "evalset_digest": "set-digest",
        "case_ids": tuple(values),
        "repeats": 1,
        "metrics": (metric,),
        "answers": tuple(answers if answers is not None else [an_answer(case_id) for case_id in values]),
        "scores": tuple(
            scores
            if scores is not None
            else [Scored(case_id=c, repeat=0, metric=metric.name, value=v) for c, v in values.items()]
        ),
        "cost": None,
        "judge_cost": None,
        "complete": True,
        "started_at": NOON.isoformat(),
        "finished_at": NOON.isoformat(),
    }
    return Run(**fields | changes)


def a_context(root: Path, name: str = "it", **environ: str) -> Context:
    def no_shelf(shelf: str) -> Any:
        raise AssertionError(f"opened the shelf {shelf}")

    return Context(name=name, root=root, state=root / ".llmci", environ=environ, shelf=no_shelf)
