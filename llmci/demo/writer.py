"""The demo's system with a language model: the same retrieval, and a model that writes the answer from the passages."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmci import registry
from llmci.demo.app import documents, search
from llmci.demo.retriever import RetrievalConfig
from llmci.errors import OutsideError
from llmci.seams import Context, Failed, ModelRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.demo.retriever import Hit
    from llmci.seams import Model, Shelf

_INSTRUCTIONS = (
    "You answer questions about the Python standard library. Use only the documentation given. "
    "Name the function, class or module by its full name, in at most three sentences."
)
_LONGEST_PASSAGE = 1_500


class NoAnswerError(RuntimeError):
    """The model gave no answer."""


async def greet(name: str, environ: Mapping[str, str]) -> None:
    """Ask the model for one word, so that a missing key is found before anything else is done.

    Raises:
        UsageError: The model or its credentials are not known.
        OutsideError: It does not answer.
    """
    model = _made(name, environ)
    try:
        reply = await model.complete(ModelRequest(messages=[{"role": "user", "content": "Say yes."}]))
    finally:
        await model.aclose()
    if isinstance(reply, Failed):
        raise OutsideError(
            f"{name} does not answer: {reply.why}.", fix="Check the model's name, its key and the network."
        )


async def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question; see `llmci.demo.app.answer`, with `model` in `config` beside the retrieval."""
    config = dict(request["config"])
    model = _model(config.pop("model"))
    question = str(request["question"])
    hits = search(question, RetrievalConfig(**config))
    reply = await model.complete(ModelRequest(messages=_prompt(question, hits)))
    if isinstance(reply, Failed):
        raise NoAnswerError(reply.why)
    return {
        "answer": reply.text,
        "documents": documents(hits),
        "usage": {"input": reply.usage.input, "output": reply.usage.output},
        "cost": reply.cost,
    }


def _prompt(question: str, hits: Sequence[Hit]) -> list[dict[str, str]]:
    passages = "\n\n".join(f"{hit.passage.signature}\n{hit.passage.doc[:_LONGEST_PASSAGE]}" for hit in hits)
    return [
        {"role": "system", "content": _INSTRUCTIONS},
        {"role": "user", "content": f"Documentation:\n{passages or '(nothing was found)'}\n\nQuestion: {question}"},
    ]


@functools.cache
def _model(name: str) -> Model:
    return _made(name, os.environ)


def _made(name: str, environ: Mapping[str, str]) -> Model:
    adapter = registry.adapter("model", "litellm")
    context = Context(name="demo", root=Path(), state=Path(), environ=environ, shelf=_no_shelf)
    model: Model = adapter(adapter.Options(model=name), context)
    return model


def _no_shelf(name: str) -> Shelf:
    raise LookupError(f"the demo's model has no shelf {name}")
