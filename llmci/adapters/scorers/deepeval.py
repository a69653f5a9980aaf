"""Metrics of DeepEval (extra `deepeval`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.scorers.extra import needs
from llmci.adapters.scorers.metric_libraries import Lacking, LibraryScorer, classes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.adapters.scorers.metric_libraries import Asker, Material

# It reports home and reads `.env` files unless told otherwise before it is imported.
_QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "ERROR_REPORTING": "0",
}


class DeepevalScorer(LibraryScorer):
    """A metric of DeepEval, such as AnswerRelevancyMetric or FaithfulnessMetric."""

    package: ClassVar[str] = "deepeval"

    def classes(self) -> Mapping[str, Any]:
        """See `LibraryScorer.classes`."""
        os.environ |= _QUIET
        metrics = needs("deepeval.metrics", "deepeval", self.context)
        return classes_in(metrics, metrics.BaseMetric)

    async def measure(self, material: Material, asker: Asker) -> tuple[float | None, str | None]:
        """See `LibraryScorer.measure`."""
        from deepeval.errors import MissingTestCaseParamsError
        from deepeval.models import DeepEvalBaseLLM
        from deepeval.test_case import LLMTestCase

        class Behind(DeepEvalBaseLLM):  # type: ignore[misc]
            """Our model, as DeepEval takes one."""

            def load_model(self) -> Behind:
                return self

            def get_model_name(self) -> str:
                return "llmci"

            def generate(self, prompt: str) -> str:
                raise NotImplementedError

            async def a_generate(self, prompt: str) -> str:
                return (await asker.ask([{"role": "user", "content": prompt}])).text

        metric = self.made(**({"model": Behind()} if self.options.model else {}), **self.options.args)
        case = LLMTestCase(
            input=material.question,
            actual_output=material.answer,
            expected_output=material.reference,
            retrieval_context=material.contexts or None,
            context=material.contexts or None,
        )
        try:
            await metric.a_measure(case, _show_indicator=False)
        except MissingTestCaseParamsError:
            raise Lacking("the case lacks what the metric needs, such as a reference or documents") from None
        return metric.score, metric.reason
