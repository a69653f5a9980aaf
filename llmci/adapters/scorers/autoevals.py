"""Metrics of autoevals (extra `autoevals`)."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.scorers.extra import needs
from llmci.adapters.scorers.metric_libraries import Lacking, LibraryScorer, classes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.adapters.scorers.metric_libraries import Asker, Material


class AutoevalsScorer(LibraryScorer):
    """A metric of autoevals, such as Factuality or ClosedQA."""

    package: ClassVar[str] = "autoevals"

    def classes(self) -> Mapping[str, Any]:
        """See `LibraryScorer.classes`."""
        found = needs("autoevals", "autoevals", self.context)
        return classes_in(found, found.ScorerWithPartial)

    async def measure(self, material: Material, asker: Asker) -> tuple[float | None, str | None]:
        """See `LibraryScorer.measure`."""
        asks = "client" in inspect.signature(self.made).parameters
        # By the names of some models it chooses another interface; ours is the same for all.
        given = {"model": "llmci", "client": _client(asker)} if asks and self.options.model else {}
        metric = self.made(**given, **self.options.args)
        if material.reference is None and _needs_reference(metric):
            raise Lacking("the case has no reference")
        result = await metric.eval_async(
            material.answer,
            material.reference,
            input=material.question,
            **({"context": material.contexts} if material.contexts else {}),
        )
        rationale = (result.metadata or {}).get("rationale")
        return result.score, rationale if isinstance(rationale, str) else None


def _needs_reference(metric: Any) -> bool:  # noqa: ANN401  a metric of the library
    """Whether its prompt shows the reference, or it compares with one and asks nobody."""
    messages = getattr(metric, "messages", None)
    return messages is None or any("{{expected}}" in str(message.get("content")) for message in messages)


def _client(asker: Asker) -> Any:  # noqa: ANN401  a class of the library
    """Our model, as autoevals takes one."""
    from autoevals.oai import LLMClient

    async def complete(**request: Any) -> dict[str, Any]:  # noqa: ANN401  whatever it asks for
        params: dict[str, Any] = {
            name: request[name] for name in ("temperature", "max_tokens", "tool_choice") if name in request
        }
        reply = await asker.ask(request["messages"], tools=request.get("tools", ()), params=params)
        message = {"role": "assistant", "content": reply.text, "tool_calls": list(reply.tool_calls)}
        return {"choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}]}

    async def cannot(**_: object) -> None:
        raise NotImplementedError

    nobody = SimpleNamespace(create=cannot)
    chat = SimpleNamespace(completions=SimpleNamespace(create=complete))
    api = SimpleNamespace(chat=chat, responses=nobody, embeddings=nobody, moderations=nobody)
    return LLMClient(openai=api, is_async=True)
