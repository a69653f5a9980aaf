"""Metrics of Ragas (extra `ragas`)."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.scorers.extra import needs
from llmci.adapters.scorers.metric_libraries import CannotAsk, Lacking, LibraryScorer, classes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.adapters.scorers.metric_libraries import Asker, Material

# It reports home unless told otherwise before it is imported.
_QUIET = {"RAGAS_DO_NOT_TRACK": "true"}


class RagasScorer(LibraryScorer):
    """A metric of `ragas.metrics.collections`, such as Faithfulness; those that need embeddings are not among them."""

    package: ClassVar[str] = "ragas"

    def classes(self) -> Mapping[str, Any]:
        """See `LibraryScorer.classes`."""
        os.environ |= _QUIET
        metrics = needs("ragas.metrics.collections", "ragas", self.context)
        found = classes_in(metrics, metrics.BaseMetric)
        return {name: kind for name, kind in found.items() if "embeddings" not in inspect.signature(kind).parameters}

    async def measure(self, material: Material, asker: Asker) -> tuple[float | None, str | None]:
        """See `LibraryScorer.measure`."""
        from ragas.llms.base import InstructorBaseRagasLLM

        class Behind(InstructorBaseRagasLLM):  # type: ignore[misc]
            """Our model, as Ragas takes one."""

            def generate(self, prompt: str, response_model: Any) -> Any:  # noqa: ANN401  a class of the library
                raise NotImplementedError

            async def agenerate(self, prompt: str, response_model: Any) -> Any:  # noqa: ANN401
                schema = {"name": response_model.__name__, "schema": response_model.model_json_schema()}
                form = {"type": "json_schema", "json_schema": schema}
                reply = await asker.ask([{"role": "user", "content": prompt}], response_format=form)
                return response_model.model_validate_json(_bare(reply.text))

        takes = inspect.signature(self.made).parameters
        if "llm" in takes and self.options.model is None:
            raise CannotAsk("the metric asks a model, and none is named")
        metric = self.made(**({"llm": Behind()} if "llm" in takes else {}), **self.options.args)
        there = {
            "user_input": material.question,
            "response": material.answer,
            "reference": material.reference,
            "retrieved_contexts": material.contexts or None,
        }
        asked = inspect.signature(metric.ascore).parameters
        given = {name: there.get(name) for name in asked if there.get(name) is not None}
        missing = [name for name, item in asked.items() if item.default is item.empty and name not in given]
        if missing:
            raise Lacking(f"the case lacks what the metric needs: {', '.join(missing)}")
        result = await metric.ascore(**given)
        return float(result.value), result.reason


def _bare(text: str) -> str:
    """JSON without a code fence around it."""
    bare = text.strip()
    return bare.partition("\n")[2].rpartition("```")[0] if bare.startswith("```") else bare
