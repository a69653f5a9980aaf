"""A system behind a real HTTP endpoint: what is sent, what is read, and whose fault what goes wrong is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context
from werkzeug import Response

from llmci.adapters.systems.http import HttpSystem
from llmci.errors import UsageError
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer


async def asked(url: str, root: Path, question: str = "Where?", **options: Any) -> Reply | Failed:
    system = HttpSystem(HttpSystem.Options(url=url, **options), a_context(root, "shop", TOKEN="t0p"))  # noqa: S106  not a secret
    await system.start()
    try:
        return await system.answer(a_case(question=question), 0)
    finally:
        await system.aclose()


async def test_the_request_is_the_template_filled_in(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/ask").respond_with_json({"answer": "here"})

    reply = await asked(
        httpserver.url_for("/ask"),
        tmp_path,
        question='[{"looks": "like JSON"}]',
        headers={"Authorization": "Bearer ${TOKEN}"},
        body={
            "q": "{{question}}",
            "all": "{{ messages }}",
            "k": "{{config.k}}",
            "text": "k is {{config.k}}{{absent}}.",
        },
        config={"k": 3},
    )

    [(request, _)] = httpserver.log
    question = '[{"looks": "like JSON"}]'
    assert request.headers["Authorization"] == "Bearer t0p"
    assert request.get_json() == {
        "q": question,
        "all": [{"role": "user", "content": question}],
        "k": 3,
        "text": "k is 3.",
    }
    assert isinstance(reply, Reply)
    assert reply.text == "here"


async def test_the_response_is_read_by_paths(httpserver: HTTPServer, tmp_path: Path) -> None:
    body = {
        "choices": [{"message": {"content": "yes"}}],
        "meta": {"docs": [{"id": 1}], "usd": 0.5},
        "usage": {"input": 3},
    }
    httpserver.expect_request("/ask").respond_with_json(body)

    reply = await asked(
        httpserver.url_for("/ask"),
        tmp_path,
        answer="choices[0].message.content",
        documents="meta.docs",
        cost="meta.usd",
    )

    assert isinstance(reply, Reply)
    assert (reply.text, reply.cost, reply.usage.input) == ("yes", 0.5, 3)
    assert [document.id for document in reply.documents or ()] == ["1"]
    assert reply.latency_ms


async def test_plain_text_is_the_answer(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/ask").respond_with_data("just so", content_type="text/plain; charset=utf-8")

    reply = await asked(httpserver.url_for("/ask"), tmp_path)

    assert isinstance(reply, Reply)
    assert reply.text == "just so"


@pytest.mark.parametrize(
    ("status", "fault", "retryable"),
    [
        (400, "system", False),
        (401, "infrastructure", False),
        (402, "infrastructure", False),
        (404, "infrastructure", False),
        (422, "system", False),
        (429, "infrastructure", True),
        (500, "infrastructure", True),
        (503, "infrastructure", True),
    ],
)
async def test_every_status_has_its_fault(
    httpserver: HTTPServer, tmp_path: Path, status: int, fault: str, *, retryable: bool
) -> None:
    httpserver.expect_request("/ask").respond_with_data("Ana said", status=status, headers={"Retry-After": "3"})

    failed = await asked(httpserver.url_for("/ask"), tmp_path)

    assert isinstance(failed, Failed)
    assert (failed.why, failed.fault) == (f"HTTP {status} from the endpoint", fault)
    assert (failed.retryable, failed.retry_after_s) == (retryable, 3.0 if retryable else None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"answer": ', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b'{"other": 1}', "nothing stands at `answer` in what it sent"),
        (b'{"answer": 7}', "`answer` is not a text"),
        (b"[1, 2]", "nothing stands at `answer`"),
        (b'{"answer": "' + b"x" * 33_000_000 + b'"}', "more than 32000000 bytes"),
    ],
    ids=["cut", "binary", "nothing", "other", "number", "list", "huge"],
)
async def test_what_cannot_be_read_is_the_systems_fault(
    httpserver: HTTPServer, tmp_path: Path, content: bytes, why: str
) -> None:
    httpserver.expect_request("/ask").respond_with_data(content, content_type="application/json")

    failed = await asked(httpserver.url_for("/ask"), tmp_path)

    assert isinstance(failed, Failed)
    assert failed.fault == "system"
    assert why in failed.why


async def test_nobody_there_is_infrastructure(tmp_path: Path) -> None:
    failed = await asked("http://127.0.0.1:9/", tmp_path)

    assert isinstance(failed, Failed)
    assert (failed.fault, failed.retryable) == ("infrastructure", True)


async def test_a_server_that_hangs_can_be_left(httpserver: HTTPServer, tmp_path: Path) -> None:
    def hang(request: Any) -> Response:
        import time

        time.sleep(1)
        return Response(json.dumps({"answer": "late"}))

    httpserver.expect_request("/ask").respond_with_handler(hang)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked(httpserver.url_for("/ask"), tmp_path), 0.1)


async def test_a_variable_that_is_not_set_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ABSENT is not set"):
        await asked("http://127.0.0.1:9/", tmp_path, headers={"X-Key": "${ABSENT}"})


def test_answers_are_cached_only_where_the_service_has_a_version(tmp_path: Path) -> None:
    made = [
        HttpSystem(HttpSystem.Options(url="http://x", version=version), a_context(tmp_path)).spec()
        for version in (None, "1", "2")
    ]

    assert [spec.cacheable for spec in made] == [False, True, True]
    assert len({spec.digest for spec in made}) == 3
