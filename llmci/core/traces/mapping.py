"""Which part of the user's records means what: the mapping of a source, and the one that is guessed without it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from llmci.core.traces.paths import Pick

# Tools whose files have one form; see `presets` and `logged_spans`.
PresetName = Literal[
    "openai-chat", "openai-responses", "openai-batch", "anthropic-messages", "anthropic-batch", "braintrust", "helicone",
    "weave", "promptfoo", "inspect",
]  # fmt: skip
Annotator = Literal["end_user", "human", "llm", "code", "api"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePick(Pick):
    """Where a score is found, and who gave it."""

    annotator: Annotator = "api"


def _as_pick(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


_SPELLINGS = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    **{name: {"type": "string"} for name in ("path", "regex", "constant")},
                    "annotator": {"enum": ["end_user", "human", "llm", "code", "api"]},
                },
            },
        ]
    }
)
Where = Annotated[Pick | None, BeforeValidator(_as_pick), _SPELLINGS]
WhereScore = Annotated[ScorePick, BeforeValidator(_as_pick), _SPELLINGS]
WhereAlways = Annotated[Pick, BeforeValidator(_as_pick), _SPELLINGS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Where each field of a trace is found in a record; a field that is None is not there.

    Attributes:
        messages: The whole conversation, in any provider's form; or what was asked, where `output`
            is mapped as well and is not the end of it.
        system: Instructions to the model, where they stand beside the messages.
        input: What was asked, where `messages` does not hold it.
        output: What was answered, likewise.
        start: ISO 8601, or a number since 1970 in seconds, milli-, micro- or nanoseconds.
        scores: Name to where it is found, with who gave it (`annotator`).
        metadata: Key to where it is found.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  read by pydantic, not a field

    trace_id: Where = None
    messages: Where = None
    system: Where = None
    input: Where = None
    output: Where = None
    tools: Where = None
    params: Where = None
    model: Where = None
    provider: Where = None
    variant: Where = None
    user_id: Where = None
    session_id: Where = None
    turn: Where = None
    name: Where = None
    environment: Where = None
    release: Where = None
    version: Where = None
    prompt_name: Where = None
    prompt_version: Where = None
    start: Where = None
    end: Where = None
    latency_ms: Where = None
    latency_s: Where = None
    ttft_ms: Where = None
    input_tokens: Where = None
    output_tokens: Where = None
    usage: Where = None
    cost: Where = None
    status: Where = None
    error: Where = None
    tags: Where = None
    documents: Where = None
    scores: dict[str, WhereScore] = field(default_factory=dict)
    metadata: dict[str, WhereAlways] = field(default_factory=dict)


# Names that columns have in the wild, best first; the names of eval tools' files are among them.
ALIASES: dict[str, str] = {
    "trace_id": "litellm_call_id | trace_id | traceId | request_id | custom_id | run_id | id",
    "messages": "messages | request.messages | body.messages | conversation | conversations",
    "system": "system | system_prompt | request.system | instructions",
    "input": "input | inputs | question | query | prompt | user_input | request | instruction | user_message",
    "output": "output | outputs | response.body | response | answer | completion | final_answer | actual_output | actualOutput"
    " | assistant_message | generation | result",
    "tools": "tools | request.tools | model_parameters.tools",
    "params": "model_parameters | invocation_params | request.params",
    "model": "model | model_name | request.model | response.body.model | response.model | model_id",
    "provider": "provider | custom_llm_provider",
    "variant": "variant | metadata.variant | experiment_variant | model_group",
    "user_id": "user_id | userId | user | end_user | metadata.user_id",
    "session_id": "session_id | sessionId | conversation_id | thread_id | metadata.session_id",
    "turn": "turn",
    "name": "name | trace_name",
    "environment": "environment | env",
    "release": "release",
    "version": "version | app_version",
    "prompt_name": "prompt_name | promptName",
    "prompt_version": "prompt_version | promptVersion",
    "start": "start | start_time | startTime | timestamp | created_at | createdAt | created | time | ts | date",
    "end": "end | end_time | endTime | ended_at | completed_at",
    "latency_ms": "latency_ms | duration_ms | response_time_ms | elapsed_ms",
    "latency_s": "latency_s | latency | duration_s | duration | latency_seconds",
    "ttft_ms": "ttft_ms | time_to_first_token_ms",
    "input_tokens": "input_tokens | prompt_tokens | tokens_in",
    "output_tokens": "output_tokens | completion_tokens | tokens_out",
    "usage": "usage | response.body.usage | response.usage",
    "cost": "cost | cost_usd | total_cost | totalCost | response_cost | price",
    "status": "status",
    "error": "error | error_message | exception",
    "tags": "tags | request_tags",
    "documents": "documents | retrieved_documents | retrieved_contexts | retrieval_context | contexts | context | passages"
    " | sources",
}
_SCORES = ("feedback", "thumbs", "rating", "score", "reward", "user_feedback", "correct", "is_correct")
_BY_END_USER = ("feedback", "thumbs", "rating", "user_feedback")


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping made ready for many records.

    Attributes:
        fields: The fields that are mapped, with where each is found.
        rest: Keys that nothing took, which become metadata.
    """

    fields: tuple[tuple[str, Pick], ...]
    scores: tuple[tuple[str, ScorePick], ...]
    metadata: tuple[tuple[str, Pick], ...]
    rest: tuple[str, ...] = ()


def plan_of(mapping: Mapping) -> Plan:
    """Make a mapping ready."""
    found = ((item.name, getattr(mapping, item.name)) for item in fields(mapping))
    picks = tuple((name, pick) for name, pick in found if isinstance(pick, Pick))
    return Plan(picks, tuple(mapping.scores.items()), tuple(mapping.metadata.items()))


@lru_cache(maxsize=256)
def guessed(keys: tuple[str, ...]) -> Plan:
    """The plan for records with these keys, by the names that columns have in the wild."""
    found: dict[str, Pick] = {}
    taken: set[str] = set()
    for name, paths in ALIASES.items():
        usable = [path for path in paths.split(" | ") if path.partition(".")[0] in keys]
        if usable:
            found[name] = Pick(path=" | ".join(usable))
            taken.update(path for path in usable[:1] if path in keys)
    scores = {
        name: ScorePick(path=name, annotator="end_user" if name in _BY_END_USER else "api")
        for name in _SCORES
        if name in keys
    }
    rest = tuple(key for key in keys if key not in taken and key not in scores)
    return Plan(tuple(found.items()), tuple(scores.items()), (), rest)
