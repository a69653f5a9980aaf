"""Metrics of DeepEval, Ragas and autoevals, by the real packages, against a model on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context, an_answer
from openai_server import OpenaiServer, answered

from llmci import registry
from llmci.domain.case import Document
from llmci.domain.run import Scored, Unscored
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from llmci.domain.run import Score

pytestmark = pytest.mark.real

SAID = declared_clean("In Lyon.")
DOCUMENTS = (Document(id="d", content=declared_clean("The parcel is in Lyon.")),)


class Grader(OpenaiServer):
    """Says what each of the libraries wants to hear."""

    def _fault(self, model: str) -> web.Response | None:
        body = self.requests[-1]
        if model != "grader":
            return super()._fault(model)
        if body.get("tools"):
            arguments = json.dumps({"choice": "C", "reasons": "the same"})
            call = {"id": "1", "type": "function", "function": {"name": "select_choice", "arguments": arguments}}
            return answered(model, None, [call])
        return answered(model, json.dumps(self._json(body)))

    def _json(self, body: dict[str, Any]) -> dict[str, Any]:
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
        prompt = body["messages"][-1]["content"]
        if "StatementFaithfulnessAnswer" in schema.get("$defs", {}):
            return {"statements": [{"statement": "In Lyon", "reason": "said", "verdict": 1}]}
        if "Reasons why" in prompt:
            return {"reason": "because"}
        if schema or ("statements" in prompt and "verdicts" not in prompt):
            return {"statements": ["The parcel is in Lyon."]}
        if "verdicts" in prompt:
            return {"verdicts": [{"verdict": "yes", "reason": "said"}]}
        return {"reason": "because"}


@pytest.fixture(scope="module")
def grader() -> Iterator[OpenaiServer]:
    with Grader().running() as running:
        yield running


async def scored(root: Path, grader: OpenaiServer, kind: str, metric: str, model: str | None, **case: Any) -> Score:
    pytest.importorskip(kind)
    made = registry.adapter("scorer", kind)
    reached = {"base_url": grader.url, "api_key_env": "KEY", "retries": 0, "prices": {"input": 1, "output": 1}}
    options = made.Options(metric=metric, model=model and f"openai/{model}", **(reached if model else {}))
    scorer = made(options, a_context(root, kind, KEY="k"))
    try:
        score: Score = await scorer.score(a_case(**case), an_answer(text=SAID, documents=DOCUMENTS))
    finally:
        await scorer.aclose()
    return score


@pytest.mark.parametrize(
    ("kind", "metric", "model"),
    [
        ("deepeval", "AnswerRelevancyMetric", "grader"),
        ("ragas", "Faithfulness", "grader"),
        ("ragas", "ExactMatch", None),
        ("autoevals", "Factuality", "grader"),
        ("autoevals", "Levenshtein", None),
    ],
)
async def test_a_metric_of_the_library_is_a_score_with_its_cost(
    tmp_path: Path, grader: OpenaiServer, kind: str, metric: str, model: str | None
) -> None:
    score = await scored(tmp_path, grader, kind, metric, model, reference=SAID)

    assert isinstance(score, Scored), score
    assert score.value == 1
    assert (score.cost or 0) > 0 if model else score.cost == 0


@pytest.mark.parametrize(
    ("kind", "metric"),
    [("deepeval", "AnswerRelevancyMetric"), ("ragas", "Faithfulness"), ("autoevals", "Factuality")],
)
async def test_a_model_that_refuses_is_infrastructure_whatever_the_library_makes_of_it(
    tmp_path: Path, grader: OpenaiServer, kind: str, metric: str
) -> None:
    score = await scored(tmp_path, grader, kind, metric, "401", reference=SAID)

    assert isinstance(score, Unscored)
    assert score.fault == "infrastructure"
    assert "401" in score.why


@pytest.mark.parametrize(
    ("kind", "metric"),
    [("deepeval", "ContextualRecallMetric"), ("ragas", "ContextRecall"), ("autoevals", "Factuality")],
)
async def test_a_case_that_lacks_what_the_metric_needs_is_left_out(
    tmp_path: Path, grader: OpenaiServer, kind: str, metric: str
) -> None:
    score = await scored(tmp_path, grader, kind, metric, "grader")

    assert isinstance(score, Unscored)
    assert score.fault == "case"


async def test_a_metric_that_the_library_has_not_is_named_with_the_nearest(
    tmp_path: Path, grader: OpenaiServer
) -> None:
    with pytest.raises(UsageError, match="AnswerRelevanceMetric") as raised:
        await scored(tmp_path, grader, "deepeval", "AnswerRelevanceMetric", "grader")

    assert "AnswerRelevancyMetric" in raised.value.fix
