"""Runs and feedback of LangSmith to one row of `trace/1`.

Read: runs of `/api/v2/runs/query` (types and states in capitals, metadata beside `extra`) and of the older
`/runs/query`. Token counts include cached ones, as LangChain's `usage_metadata` does; those of parents
are sums and are not counted again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.core.traces import dialects
from llmci.core.traces.folding import Step, fold
from llmci.core.traces.money import reported_cost
from llmci.core.traces.paths import picked
from llmci.core.traces.payloads import payload_of
from llmci.core.traces.records import document_of, score_of, tool_of
from llmci.core.traces.scalars import Unreadable, decoded, int_of, json_text, list_of, text_of, time_of
from llmci.core.traces.usage import counted, tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

_ANNOTATORS = {"app": "human", "model": "llm", "auto_eval": "llm", "api": "api"}
_FACTS = {
    "session_id": ("session_id", "thread_id", "conversation_id"),
    "user_id": ("user_id", "ls_user", "user"),
    "environment": ("environment", "env", "deployment.environment.name"),
    "release": ("release", "revision_id"),
    "version": ("version", "app_version", "service.version"),
    "variant": ("variant", "llmci.variant", "feature_flag.variant"),
    "prompt_name": ("lc_hub_repo", "prompt_name"),
    "prompt_version": ("lc_hub_commit_hash", "prompt_version"),
}
# How the SDK names the one value of a function that does not give an object.
_ALONE = ("input", "output")


def trace_of(
    runs: Sequence[Mapping[str, Any]],
    feedback: Sequence[Mapping[str, Any]],
    origin: Origin,
    *,
    variant: Pick | None = None,
) -> TraceRow:
    """Fold the runs of one trace, with the feedback on any of them.

    Raises:
        Unreadable: A run has no id.
    """
    trace_id = next((text for run in runs if (text := text_of(run.get("trace_id")))), None) or str(runs[0].get("id"))
    row = fold([_step(run, variant) for run in runs], trace_id, origin)
    scores = [score for said in feedback for score in score_rows(said)]
    # Attachments are behind addresses that expire.
    if any(run.get("attachments") for run in runs):
        row = {**row, "missing": [*row["missing"], "media"], "replay_kind": "none"}
    return {**row, "scores": [*row["scores"], *scores]}


def _step(run: Mapping[str, Any], variant: Pick | None) -> Step:
    metadata = metadata_of(run)
    return Step(
        row=_row(run, metadata),
        facts=_facts(run, metadata, variant),
        metadata={key: value for key, value in metadata.items() if not key.startswith("ls_")},
        tags=tuple(text for item in list_of(run.get("tags")) if (text := text_of(item))),
    )


def metadata_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata of a run, which stands beside `extra` or in it."""
    return {**_object(_object(run.get("extra")).get("metadata")), **_object(run.get("metadata"))}


def _row(run: Mapping[str, Any], metadata: Mapping[str, Any]) -> Row:
    span_id = text_of(run.get("id"))
    if span_id is None:
        raise Unreadable("a run without an id")
    kind = str(run.get("run_type") or "span").lower()
    start, end = time_of(run.get("start_time")), time_of(run.get("end_time"))
    first = time_of(run.get("first_token_time"))
    outputs = _object(run.get("outputs"))
    failed = str(run.get("status")).lower() == "error" or bool(run.get("error"))
    usage = _usage(run)
    return {
        "span_id": span_id,
        "parent_id": _parent(run),
        "kind": kind,
        "name": text_of(run.get("name")),
        "start": start,
        "end": end,
        "latency_ms": (end - start) / timedelta(milliseconds=1) if start and end and end >= start else None,
        "ttft_ms": (first - start) / timedelta(milliseconds=1) if start and first and first >= start else None,
        "status": "error" if failed else "ok",
        "error_type": None,
        "error": text_of(run.get("error")),
        "request": _request(run, metadata) if kind in ("llm", "embedding") else None,
        "input": payload_of(_plain(run.get("inputs")), role="user"),
        "output": payload_of(_said(run.get("outputs")), role="assistant"),
        "tool_name": text_of(run.get("name")) if kind == "tool" else None,
        "tool_call_id": text_of(outputs.get("tool_call_id") or _object(outputs.get("output")).get("tool_call_id")),
        "documents": _documents(outputs) if kind == "retriever" else [],
        "usage": usage,
        "cost": reported_cost(
            run.get("total_cost"),
            tokens_of(usage),
            input_cost=run.get("prompt_cost"),
            output_cost=run.get("completion_cost"),
        ),
        "attributes": json_text(metadata) if metadata else None,
        "events": None,
    }


def _parent(run: Mapping[str, Any]) -> str | None:
    above = run.get("parent_run_ids")
    last = above[-1] if isinstance(above, list) and above else None
    return text_of(run.get("parent_run_id")) or text_of(last)


def _plain(value: object) -> Any:  # noqa: ANN401  JSON holds anything
    """What the SDK wrapped because it was no object, without that."""
    inner = decoded(value)
    if isinstance(inner, dict) and len(inner) == 1 and next(iter(inner)) in _ALONE:
        return next(iter(inner.values()))
    return inner


def _said(outputs: object) -> Any:  # noqa: ANN401
    """The messages of LangChain's `generations`, or the text where the model is no chat model."""
    inner = _plain(outputs)
    generations = inner.get("generations") if isinstance(inner, dict) else None
    if not isinstance(generations, list):
        return inner
    flat = [item for found in generations for item in (found if isinstance(found, list) else [found])]
    said = [item.get("message") or item.get("text") for item in flat if isinstance(item, dict)]
    return said[0] if len(said) == 1 else said or inner


def _request(run: Mapping[str, Any], metadata: Mapping[str, Any]) -> Row | None:
    given = dict(_object(_object(run.get("extra")).get("invocation_params")))
    inputs = _object(run.get("inputs"))
    tools = given.pop("tools", None) or given.pop("functions", None) or inputs.get("tools")
    model = metadata.get("ls_model_name") or given.get("model") or given.get("model_name") or inputs.get("model")
    params = {key: value for key, value in given.items() if key not in ("model", "model_name", "messages", "_type")}
    row = {
        "provider": text_of(metadata.get("ls_provider")),
        "model": text_of(model),
        "params": json_text(params) if params else None,
        "tools": [tool for item in list_of(tools) if (tool := tool_of(item))] or None,
    }
    return row if any(value is not None for value in row.values()) else None


def _documents(outputs: Mapping[str, Any]) -> list[Row]:
    logged = _plain(outputs.get("documents", outputs))
    found = [_object(item).get("kwargs", item) for item in (logged if isinstance(logged, list) else [])]
    return [document for rank, item in enumerate(found) if (document := document_of(item, rank))]


def _usage(run: Mapping[str, Any]) -> Row | None:
    asked, said = _details(run.get("prompt_token_details")), _details(run.get("completion_token_details"))
    counts = {
        "input": int_of(run.get("prompt_tokens")),
        "output": int_of(run.get("completion_tokens")),
        "total": int_of(run.get("total_tokens")),
    }
    if not any(counts.values()):
        # Runs that are no model's have zeros.
        return None
    return counted(
        **counts,
        cache_read=int_of(asked.get("cache_read")),
        cache_write=int_of(asked.get("cache_creation", asked.get("cache_write"))),
        reasoning=int_of(said.get("reasoning")),
        audio_input=int_of(asked.get("audio")),
        audio_output=int_of(said.get("audio")),
    )


def _details(value: object) -> Mapping[str, Any]:
    found = _object(value)
    return _object(found["raw"]) if "raw" in found else found


def _facts(run: Mapping[str, Any], metadata: Mapping[str, Any], variant: Pick | None) -> dict[str, str]:
    found = {name: text for name, names in _FACTS.items() if (text := text_of(dialects.first(metadata, *names)))}
    if thread := text_of(run.get("thread_id")):
        found["session_id"] = thread
    if variant is not None and (chosen := text_of(picked({**run, "metadata": metadata}, variant))):
        found["variant"] = chosen
    return found


def score_rows(said: Mapping[str, Any]) -> list[Row]:
    """A feedback as `SCORE` rows: its score or value, and its correction, which is what the answer should have been."""
    name = text_of(said.get("key")) or "feedback"
    source = _object(said.get("feedback_source"))
    run_id, trace_id = text_of(said.get("run_id")), text_of(said.get("trace_id"))
    step = run_id is not None and run_id != trace_id
    given = said.get("score") if said.get("score") is not None else said.get("value")
    common: Row = {
        "annotator": _ANNOTATORS.get(str(source.get("type")), "api"),
        "author": text_of(source.get("user_name") or source.get("user_id")),
        "comment": text_of(said.get("comment")),
        "target": "step" if step else "trace",
        "target_id": run_id or trace_id,
        "timestamp": time_of(said.get("created_at")),
        "updated_at": time_of(said.get("modified_at")),
        "metadata": json_text(said["extra"]) if said.get("extra") else None,
    }
    identity = text_of(said.get("id"))
    found = score_of(name, given, annotator="api")
    rows = [] if found is None else [{**found, **common, "id": identity, "name": name}]
    correction = said.get("correction")
    if correction not in (None, "", {}):
        text = text_of(_plain(correction))
        rows.append({**common, "id": identity, "name": f"{name}.correction", "type": "correction", "text": text})
    if not rows and common["comment"]:
        rows.append({**common, "id": identity, "name": name, "type": "text", "text": common["comment"]})
    return rows


def _object(value: object) -> Mapping[str, Any]:
    inner = decoded(value)
    return inner if isinstance(inner, dict) else {}
