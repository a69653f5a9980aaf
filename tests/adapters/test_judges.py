"""Judges with rubrics of their own, judges of pairs, and how all of them are asked for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from builders import a_case, a_context, an_answer
from openai_server import OpenaiServer, answered

from llmci import registry
from llmci.domain.case import Document
from llmci.domain.run import Scored, Unscored
from llmci.domain.text import declared_clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD, BAD = an_answer(text=declared_clean("It is in Lyon: good.")), an_answer(text=declared_clean("No idea."))


class Judge(OpenaiServer):
    """`fair` prefers the answer that says good, `first` whatever comes first; `words` takes no schema."""

    def _fault(self, model: str) -> web.Response | None:
        body = self.requests[-1]
        if "messages" not in body:
            return super()._fault(model)
        material = body["messages"][-1]["content"]
        if model == "words" and "response_format" in body:
            return web.json_response({"error": {"message": "response_format is not supported"}}, status=400)
        if model == "fair":
            first = material.partition("answer B")[0]
            return answered(model, '{"reason": "r", "verdict": "%s"}' % ("A" if "good." in first else "B"))
        if model == "first":
            return answered(model, '{"reason": "r", "verdict": "A"}')
        return super()._fault(model)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenaiServer]:
    with Judge().running() as server:
        yield server


@pytest.fixture
def server(running: OpenaiServer) -> OpenaiServer:
    running.forget()
    return running


def a_scorer(server: OpenaiServer, root: Path, kind: str, model: str = "judge", **options: Any) -> Any:
    made = registry.adapter("scorer", kind)
    reached = {"model": f"openai/{model}", "base_url": server.url, "api_key_env": "KEY", "retries": 0}
    return made(made.Options(**reached, **options), a_context(root, kind, KEY="sk-secret"))


async def test_the_verdict_is_asked_for_by_a_schema_with_the_reason_first(server: OpenaiServer, tmp_path: Path) -> None:
    server.reply = '{"reason": "polite", "verdict": "pass"}'

    score = await a_scorer(server, tmp_path, "judge", scale="binary", rubric="Polite?").score(a_case(), an_answer())

    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["reason", "verdict"]
    assert schema["properties"]["verdict"]["enum"] == ["fail", "pass"]
    assert isinstance(score, Scored)
    assert score.value == 1


async def test_an_endpoint_that_takes_no_schema_is_asked_in_words_from_then_on(
    server: OpenaiServer, tmp_path: Path
) -> None:
    server.reply = 'Fine.\n```json\n{"verdict": "pass"}\n```'
    judge = a_scorer(server, tmp_path, "judge", "words", scale="binary", rubric="Polite?")

    scores = [await judge.score(a_case(), an_answer()) for _ in range(2)]

    assert [score.value for score in scores] == [1, 1]
    assert ["response_format" in request for request in server.requests] == [True, False, False]
    assert '{"verdict": "fail"}' in server.requests[-1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("kind", "shows"), [("groundedness", False), ("answer-relevance", False), ("factuality", True)]
)
async def test_judges_with_a_rubric_of_their_own(server: OpenaiServer, tmp_path: Path, kind: str, shows: bool) -> None:
    server.reply = '{"reason": "r", "verdict": "pass"}'
    documents = (Document(id="d1", content=declared_clean("Parcels are in Lyon.")),)
    case = a_case(reference=declared_clean("In Lyon, says the reference."), documents=documents)

    score = await a_scorer(server, tmp_path, kind).score(case, an_answer())

    sent = server.requests[0]["messages"][1]["content"]
    assert isinstance(score, Scored)
    assert ("says the reference" in sent) is shows
    assert "[d1] Parcels are in Lyon." in sent


@pytest.mark.parametrize(("kind", "why"), [("groundedness", "documents"), ("factuality", "reference")])
async def test_a_case_without_what_they_need_is_left_out(
    server: OpenaiServer, tmp_path: Path, kind: str, why: str
) -> None:
    score = await a_scorer(server, tmp_path, kind).score(a_case(), an_answer())

    assert isinstance(score, Unscored)
    assert score.fault == "case"
    assert why in score.why
    assert not server.requests


@pytest.mark.parametrize(
    ("model", "answer", "other", "value"),
    [("fair", GOOD, BAD, 1), ("fair", BAD, GOOD, 0), ("first", GOOD, BAD, 0.5), ("first", GOOD, GOOD, 0.5)],
)
async def test_a_preference_counts_only_where_both_orders_agree(
    server: OpenaiServer, tmp_path: Path, model: str, answer: Any, other: Any, value: float
) -> None:
    score = await a_scorer(server, tmp_path, "pairwise", model).compare(a_case(), answer, other)

    assert isinstance(score, Scored)
    assert score.value == value
    assert len(server.requests) == (0 if answer is other else 2)


async def test_preferences_over_another_baseline_are_another_metric_of_the_same_judge(
    server: OpenaiServer, tmp_path: Path
) -> None:
    one, other = (a_scorer(server, tmp_path, "pairwise") for _ in range(2))
    one.against("a")
    other.against("b")

    assert one.metric().digest != other.metric().digest
    assert one.judge_digests() == other.judge_digests()


async def test_closeness_of_meaning_comes_from_any_embedder(server: OpenaiServer, tmp_path: Path) -> None:
    embedder = {"kind": "litellm", "model": "openai/fine", "base_url": server.url, "api_key_env": "KEY", "retries": 0}
    made = registry.adapter("scorer", "embedding-similarity")
    case = a_case(reference=declared_clean("In Lyon!"))

    scorer = made(made.Options(embedder=embedder), a_context(tmp_path, "near", KEY="k"))
    down = made(made.Options(embedder={**embedder, "base_url": "http://127.0.0.1:9/v1"}), a_context(tmp_path, KEY="k"))
    score, lost = await scorer.score(case, an_answer()), await down.score(case, an_answer())

    assert isinstance(score, Scored)
    assert score.value == pytest.approx(1)
    assert isinstance(lost, Unscored)
    assert lost.fault == "infrastructure"
