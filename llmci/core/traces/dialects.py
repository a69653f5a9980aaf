"""What instrumentations write into spans (GenAI conventions, OpenInference and their kin) to one vocabulary.

Each question is answered by the first attribute that is there; a new dialect adds names to these
tables. Copies of a request beside its own messages (`input.value`) are not kept twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.flattened import gathered
from llmci.core.traces.message import finish_reason
from llmci.core.traces.messages import messages_of
from llmci.core.traces.money import reported_cost
from llmci.core.traces.paths import at
from llmci.core.traces.payloads import of_messages, payload_of
from llmci.core.traces.records import document_of, tool_of
from llmci.core.traces.scalars import decoded, float_of, int_of, list_of, text_of
from llmci.core.traces.usage import counted, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.core.traces.otlp import Event
    from llmci.core.traces.parts import Row

_KINDS = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "completion": "llm",
    "acompletion": "llm",
    "llm": "llm",
    "generation": "llm",
    "embeddings": "embedding",
    "embedding": "embedding",
    "retrieval": "retriever",
    "retriever": "retriever",
    "execute_tool": "tool",
    "tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "agent": "agent",
    "invoke_workflow": "chain",
    "agent_step": "chain",
    "workflow": "chain",
    "task": "chain",
    "chain": "chain",
    "reranker": "reranker",
    "rerank": "reranker",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
}
_KIND = (
    "openinference.span.kind",
    "gen_ai.operation.name",
    "llm.request.type",
    "traceloop.span.kind",
    "langsmith.span.kind",
    "langfuse.observation.type",
)
_MODEL = ("gen_ai.request.model", "llm.request.model", "llm.model_name")
_RESPONSE_MODEL = ("gen_ai.response.model", "llm.response.model")
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
_INPUT = ("input.value", "traceloop.entity.input", "langfuse.observation.input", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text", "gen_ai.prompt", "input")  # fmt: skip
_OUTPUT = ("output.value", "traceloop.entity.output", "langfuse.observation.output", "gen_ai.tool.call.result", "gen_ai.completion", "output")  # fmt: skip
_USAGE = {
    "input": ("gen_ai.usage.input_tokens", "llm.token_count.prompt", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
    "output": ("gen_ai.usage.output_tokens", "llm.token_count.completion", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
    "total": ("llm.token_count.total", "llm.usage.total_tokens", "gen_ai.usage.total_tokens"),
    "cache_read": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read"),
    "cache_write": ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write"),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens", "llm.token_count.completion_details.reasoning"),
}  # fmt: skip
# The second is the Vercel AI SDK's.
_TTFT = ("gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk")
_COST = ("llm.cost.total", "gen_ai.cost.total_cost", "gen_ai.usage.cost")
# Attributes that became messages, documents or numbers; they are not repeated among a step's attributes.
_SPENT = frozenset({"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions", "llm.invocation_parameters", *_INPUT, *_OUTPUT})  # fmt: skip
_SPENT_UNDER = ("gen_ai.prompt.", "gen_ai.completion.", "llm.input_messages.", "llm.output_messages.", "retrieval.documents.", "llm.tools.", "llm.request.functions.")  # fmt: skip
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE = "gen_ai.choice"
# Keys of parts that hold what somebody said, rather than what kind of part it is and whose.
_CONTENT = frozenset({"text", "uri", "tool_arguments", "tool_result", "extra"})
# Where a copy of the request has the tools that were offered.
_OFFERED = "tools | kwargs.tools | config.tools | toolConfig.tools"
# Events with attributes that a span may have itself; the second and third are of 2024.
_DETAILS = ("gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion")


def first(attributes: Mapping[str, Any], *names: str) -> Any:  # noqa: ANN401  JSON holds anything
    """The first of these attributes that is there."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def indexed(fields: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, int]]:
    """By attribute: the field that it answers, and its place among those that do."""
    return {name: (field, rank) for field, names in fields.items() for rank, name in enumerate(names)}


def answers(attributes: Mapping[str, Any], index: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """The first attribute that is there for every field of an index, in one pass over the attributes."""
    found: dict[str, tuple[int, Any]] = {}
    for name, value in attributes.items():
        field, rank = index.get(name, ("", 0))
        if field and value is not None and value != "" and (field not in found or rank < found[field][0]):
            found[field] = rank, value
    return {field: value for field, (_, value) in found.items()}


def kind_of(attributes: Mapping[str, Any]) -> str:
    """What a span did: llm, embedding, retriever, tool, agent, chain, ..., or span."""
    for name in _KIND:
        word = str(attributes.get(name, "")).lower()
        if word:
            return _KINDS.get(word, word)
    return "llm" if first(attributes, *_MODEL) is not None else "span"


def asked(attributes: Mapping[str, Any], events: Sequence[Event]) -> Row:
    """What went into a span; `attributes` are those of `with_details`."""
    instructions = decoded(attributes.get("gen_ai.system_instructions"))
    system = messages_of(instructions, role="system") if instructions else []
    places = (
        lambda: decoded(attributes.get("gen_ai.input.messages")),
        lambda: _numbered(gathered(attributes, "llm.input_messages")),
        lambda: _numbered(gathered(attributes, "gen_ai.prompt")),
        lambda: _from_events(events),
    )
    if messages := _fullest(places, attributes, _INPUT, "user"):
        return of_messages([*([] if _begins(messages, system) else system), *messages])
    return of_messages(system) if system else payload_of(first(attributes, *_INPUT), role="user")


def answered(attributes: Mapping[str, Any], events: Sequence[Event]) -> Row:
    """What came out of a span; `attributes` are those of `with_details`."""
    places = (
        lambda: decoded(attributes.get("gen_ai.output.messages")),
        lambda: _numbered(gathered(attributes, "llm.output_messages")),
        lambda: _completions(attributes),
        lambda: [_event_message(event, "assistant") for event in events if event.name == _CHOICE],
    )
    if messages := _fullest(places, attributes, _OUTPUT, "assistant"):
        reasons = list_of(attributes.get("gen_ai.response.finish_reasons"))
        if reasons and "finish_reason" not in messages[-1]:
            messages[-1]["finish_reason"] = finish_reason(reasons[-1])
        return of_messages(messages)
    return payload_of(first(attributes, *_OUTPUT), role="assistant")


def _fullest(
    places: Sequence[Callable[[], Any]], attributes: Mapping[str, Any], copies: Sequence[str], role: str
) -> list[Row] | None:
    """The first messages that lack nothing, else those that lack least.

    Instrumentations leave out calls, or their ids, where they flatten messages, and mostly keep the whole
    request as it was sent beside them: that copy is read where it says more of the same messages.
    """
    best: list[Row] | None = None
    lacking = 0
    for place in places:
        if (logged := place()) and _says(messages := messages_of(logged, role=role)):
            lacks = _lacks(messages)
            if best is None or (lacks < lacking and len(messages) >= len(best)):
                best, lacking = messages, lacks
            if not lacking:
                return best
    for name in copies if best else ():
        found = payload_of(attributes.get(name), role=role).get("messages")
        if found and len(found) >= len(best or ()) and (lacks := _lacks(found)) < lacking:
            best, lacking = found, lacks
    return best


def _lacks(messages: Sequence[Row]) -> int:
    """How many messages are empty, how many calls and results have no id, and how many results say nothing."""
    lacks = 0
    for message in messages:
        lacks += not message["parts"]
        for part in message["parts"]:
            if part["type"] in ("tool_call", "tool_result"):
                lacks += not part.get("tool_call_id")
                lacks += part["type"] == "tool_result" and part["tool_result"] is None
    return lacks


def _begins(messages: Sequence[Row], system: Sequence[Row]) -> bool:
    """Whether the instructions stand among the messages, too."""
    head = messages[: len(system)]
    return [message["parts"] for message in head] == [message["parts"] for message in system] and all(
        message["role"] in ("system", "developer") for message in head
    )


def _says(messages: Sequence[Row]) -> bool:
    """Whether anything was said: without leave to capture content, instrumentations log messages without any."""
    return any(
        value for message in messages for part in message["parts"] for key, value in part.items() if key in _CONTENT
    )


def _completions(attributes: Mapping[str, Any]) -> list[Any]:
    """Numbered completions; LiteLLM numbers the calls of one answer instead, and says no role."""
    found = _numbered(gathered(attributes, "gen_ai.completion"))
    calls = [
        item["function_call"]
        for item in found
        if isinstance(item, dict) and isinstance(item.get("function_call"), dict)
    ]
    if not calls or len(calls) < len(found):
        return found
    said = [item.get("content") for item in found if item.get("content")]
    return [{"role": "assistant", "content": said[0] if said else None, "tool_calls": calls}]


def with_details(attributes: Mapping[str, Any], events: Sequence[Event]) -> Mapping[str, Any]:
    """Content may be written into events rather than into the span, at once or one part after another."""
    for event in events:
        if event.name in _DETAILS:
            attributes = {**event.attributes, **attributes}
    return attributes


def is_spent(event: Event) -> bool:
    """Whether an event became messages; it is not repeated among a step's events."""
    return event.name in _EVENT_ROLES or event.name == _CHOICE or event.name in _DETAILS


def _numbered(logged: object) -> list[Any]:
    """Flattened messages; OpenInference puts each one under `message`, and blocks under `message_content`."""
    if not isinstance(logged, list):
        return []
    return [one for item in logged for one in (_results(item) or [_plain(item.get("message", item))] if isinstance(item, dict) else [item])]  # fmt: skip


def _results(item: Row) -> list[Row]:
    """What AutoGen's tools returned, which its instrumentation puts beside the message, as JSON in a list."""
    logged = [decoded(one) for one in list_of(item.get("function"))]
    found = [one for one in logged if isinstance(one, dict) and "call_id" in one and "content" in one]
    return [{**one, "role": "tool"} for one in found] if len(found) == len(logged) else []


def _plain(message: object) -> Any:  # noqa: ANN401
    if not isinstance(message, dict):
        return message
    plain = dict(message)
    contents = plain.pop("contents", None)
    if isinstance(contents, list) and not plain.get("content"):
        plain["content"] = [_block(item) for item in contents]
    elif contents is not None:
        plain["contents_logged"] = contents
    content = decoded(plain.get("content"))
    # The blocks of a message that came as JSON in a string.
    if isinstance(content, list) and all(
        isinstance(block, dict) and isinstance(block.get("type"), str) for block in content
    ):
        plain["content"] = content
    return plain


def _block(item: object) -> object:
    inner = item.get("message_content") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(inner, dict):
        return item
    if isinstance(call := item.get("tool_call"), dict):
        # A call among the content has its content beside the block that says it is one.
        return {"type": "tool_call", **call}
    image = inner.get("image")
    if isinstance(image, dict) and isinstance(image.get("image"), dict):
        return {**inner, "image": image["image"]}
    return inner


def _from_events(events: Sequence[Event]) -> list[Row]:
    return [_event_message(event, _EVENT_ROLES[event.name]) for event in events if event.name in _EVENT_ROLES]


def _event_message(event: Event, role: str) -> Row:
    attributes = {key: decoded(value) for key, value in event.attributes.items() if not key.startswith("gen_ai.")}
    # Azure's clients keep the body as JSON in an attribute.
    bodies = [attributes.pop("body", None), attributes.pop("event.body", None), decoded(event.attributes.get("gen_ai.event.content"))]  # fmt: skip
    body = next((one for one in bodies if one is not None), None)
    message = {**attributes, **body} if isinstance(body, dict) else attributes
    if isinstance(body, (str, list)):
        message.setdefault("content", body)
    inner = message.pop("message", None)
    if isinstance(inner, dict):
        message = {**inner, **message}
    elif inner is not None:
        message.setdefault("content", inner)
    message.pop("event.name", None)
    if "id" in message and role == "tool":
        message["tool_call_id"] = message.pop("id")
    return {"role": role, **message}


_USAGE_INDEX = indexed(_USAGE)


def usage_in(attributes: Mapping[str, Any]) -> Row | None:
    """Token counts; both conventions count cached tokens as input."""
    found = answers(attributes, _USAGE_INDEX)
    return counted(**{name: int_of(value) for name, value in found.items()}) if found else None


def cost_in(attributes: Mapping[str, Any], usage: Row | None) -> Row | None:
    """The logged cost, which no convention asks for."""
    return reported_cost(
        first(attributes, *_COST),
        tokens_of(usage),
        input_cost=attributes.get("llm.cost.prompt"),
        output_cost=attributes.get("llm.cost.completion"),
    )


def request_in(attributes: Mapping[str, Any]) -> Row | None:
    """The model that was asked, how, and with which tools."""
    params = attributes.get("llm.invocation_parameters")
    if params is None:
        prefix = "gen_ai.request."
        given = {key.removeprefix(prefix): value for key, value in attributes.items() if key.startswith(prefix)}
        given.pop("model", None)
        params = given or None
    logged = (
        list_of(attributes.get("gen_ai.tool.definitions"))
        or [at(item, "tool.json_schema") or item for item in list_of(gathered(attributes, "llm.tools"))]
        or list_of(gathered(attributes, "llm.request.functions"))
        or list_of(at(decoded(first(attributes, *_INPUT)), _OFFERED))
    )
    tools = [tool for item in logged for one in _declared(item) if (tool := tool_of(one))]
    row = {
        "provider": text_of(first(attributes, *_PROVIDER)),
        "model": text_of(first(attributes, *_MODEL, *_RESPONSE_MODEL)),
        "response_model": text_of(first(attributes, *_RESPONSE_MODEL)),
        "params": text_of(params),
        "tools": tools or None,
    }
    return row if any(value is not None for value in row.values()) else None


def _declared(item: object) -> list[Any]:
    """Google offers several functions as one tool; Haystack keeps a tool's class beside it."""
    several = at(item, "function_declarations | functionDeclarations")
    return several if isinstance(several, list) else [at(item, "data") or item]


def documents_in(attributes: Mapping[str, Any]) -> list[Row]:
    """What a retriever found, best first."""
    logged = gathered(attributes, "retrieval.documents") or list_of(attributes.get("gen_ai.retrieval.documents"))
    found = logged if isinstance(logged, list) else [logged]
    return [document for rank, item in enumerate(found) if (document := document_of(item, rank))]


def ttft_in(attributes: Mapping[str, Any]) -> float | None:
    """Milliseconds to the first chunk; the convention counts seconds."""
    seconds = float_of(first(attributes, *_TTFT))
    return None if seconds is None else seconds * 1000


def rest_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that have no place of their own in a step."""
    return {key: value for key, value in attributes.items() if key not in _SPENT and not key.startswith(_SPENT_UNDER)}
