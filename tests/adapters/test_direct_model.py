"""The direct path beside litellm, on one server: the same requests, answers, usage and cost; and its own faults."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_context
from commands import ROOT, python

from llmci.adapters.models.direct import DirectModel
from llmci.adapters.models.library import LibraryModel
from llmci.adapters.models.litellm import LitellmModel
from llmci.adapters.models.options import LitellmOptions
from llmci.adapters.models.route import route_of
from llmci.core.bench.pace import pace_of
from llmci.seams import Failed, ModelReply, ModelRequest

if TYPE_CHECKING:
    from pathlib import Path

    from openai_server import OpenaiServer

HELLO = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "look", "description": "", "parameters": {"type": "object"}}}
IMAGE = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        ],
    }
]
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
THINKING = "thoughts in the text"
REQUESTS = {
    "plain": ("gpt-4o", ModelRequest(messages=HELLO, params={"temperature": 0, "max_tokens": 9, "seed": 1})),
    "of unknown price": ("mine", ModelRequest(messages=HELLO)),
    "tools": ("tools", ModelRequest(messages=HELLO, tools=[TOOL], params={"tool_choice": "auto"})),
    "response format": ("gpt-4o", ModelRequest(messages=HELLO, response_format=FORMAT)),
    "images": ("gpt-4o-mini", ModelRequest(messages=IMAGE)),
    "a reasoning model": ("o3-mini", ModelRequest(messages=HELLO, params={"max_tokens": 50})),
    THINKING: ("thinking", ModelRequest(messages=HELLO)),
    "a body of the server's own": ("mine", ModelRequest(messages=HELLO, params={"extra_body": {"top_k": 3}})),
    "conversation": (
        "gpt-4.1",
        ModelRequest(
            messages=[
                {"role": "system", "content": "be kind"},
                *HELLO,
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "t1", "content": "4"},
            ]
        ),
    ),
}


def both(server: OpenaiServer, root: Path, model: str, **changes: Any) -> tuple[DirectModel, LibraryModel]:
    options = LitellmOptions(model=f"openai/{model}", base_url=server.url, api_key_env="KEY", **changes)
    context = a_context(root, KEY="sk-secret")
    route = route_of(options, context.environ)
    assert route is not None
    return DirectModel(options, route, context.environ), LibraryModel(options, context)


def substance(reply: ModelReply | Failed) -> tuple[object, ...]:
    assert isinstance(reply, ModelReply), reply
    return reply.text, list(reply.tool_calls), reply.finish_reason, reply.usage, reply.model


@pytest.mark.parametrize(
    ("name", "stream"),
    # litellm leaves thoughts in a streamed text and takes them out of a whole one.
    [(name, stream) for name in REQUESTS for stream in (False, True) if (name, stream) != (THINKING, True)],
)
async def test_both_paths_send_the_same_and_read_the_same(
    server: OpenaiServer, tmp_path: Path, name: str, *, stream: bool
) -> None:
    model, request = REQUESTS[name]
    direct, library = both(server, tmp_path, model, stream=stream)

    ours, theirs = await direct.ask(request), await library.ask(request)

    await direct.aclose()
    await library.aclose()
    assert substance(ours) == substance(theirs)
    assert isinstance(ours, ModelReply)
    assert isinstance(theirs, ModelReply)
    assert ours.cost == (None if theirs.cost is None else pytest.approx(theirs.cost))
    first, second = server.requests
    assert first == second
    assert (ours.ttft_ms is not None) is (theirs.ttft_ms is not None) is stream


@pytest.mark.parametrize(
    ("model", "environ"),
    [
        ("azure/mine", {"AZURE_API_BASE": "{root}", "AZURE_API_KEY": "k", "AZURE_API_VERSION": "2024-10-21"}),
        ("hosted_vllm/qwen", {"HOSTED_VLLM_API_BASE": "{root}/v1"}),
        ("litellm_proxy/gpt-4o", {"LITELLM_PROXY_API_BASE": "{root}", "LITELLM_PROXY_API_KEY": "k"}),
        ("openai/llama3.2", {"OPENAI_BASE_URL": "{root}/v1", "OPENAI_API_KEY": "k"}),
    ],
)
@pytest.mark.parametrize("name", ["plain", "response format", "conversation", "images"])
async def test_every_compatible_endpoint_is_sent_and_read_the_same(
    server: OpenaiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    model: str,
    environ: dict[str, str],
) -> None:
    set_to = {key: value.replace("{root}", server.url.removesuffix("/v1")) for key, value in environ.items()}
    for key, value in set_to.items():
        monkeypatch.setenv(key, value)
    options = LitellmOptions(model=model)
    context = a_context(tmp_path, **set_to)
    route = route_of(options, context.environ)
    assert route is not None
    direct, library = DirectModel(options, route, context.environ), LibraryModel(options, context)

    ours, theirs = [await one.ask(REQUESTS[name][1]) for one in (direct, library)]

    await direct.aclose()
    await library.aclose()
    assert substance(ours)[:-1] == substance(theirs)[:-1]
    assert isinstance(ours, ModelReply)
    assert isinstance(theirs, ModelReply)
    assert ours.cost == (None if theirs.cost is None else pytest.approx(theirs.cost))
    first, second = server.requests
    assert first == second
    assert server.paths[0] == server.paths[1]
    assert [headers.get("Authorization", headers.get("api-key")) for headers in server.headers] in (
        [route.headers.get("Authorization", route.headers.get("api-key"))] * 2,
        # litellm makes a key up where there is none.
        [None, "Bearer fake-api-key"],
    )


@pytest.mark.parametrize(("told", "cost"), [("0.5", 0.5), ("0.0", None), ("nan", None), ("-1", None), ("free", None)])
async def test_a_proxy_knows_what_a_call_cost(
    server: OpenaiServer, tmp_path: Path, told: str, cost: float | None
) -> None:
    server.extra_headers = {"x-litellm-response-cost": told}
    direct, library = both(server, tmp_path, "mine")

    ours = await direct.ask(ModelRequest(messages=HELLO))
    theirs = await library.ask(ModelRequest(messages=HELLO)) if cost else ours

    await direct.aclose()
    assert isinstance(ours, ModelReply)
    assert isinstance(theirs, ModelReply)
    assert (ours.cost, theirs.cost) == (cost, cost)


async def test_a_streamed_answer_is_the_answer(server: OpenaiServer, tmp_path: Path) -> None:
    model, request = REQUESTS[THINKING]
    whole, streamed = (both(server, tmp_path, model, stream=stream)[0] for stream in (False, True))

    ours, theirs = await whole.ask(request), await streamed.ask(request)

    await whole.aclose()
    await streamed.aclose()
    assert substance(ours) == substance(theirs)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1000, "completion_tokens": 50},
        {"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 900}},
        {"prompt_tokens": 300_000, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 280_000}},
        {"prompt_tokens": 9, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}},
    ],
)
@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-nano", "gpt-5.4", "o3", "gpt-3.5-turbo"])
async def test_both_paths_know_the_same_cost(
    server: OpenaiServer, tmp_path: Path, model: str, usage: dict[str, Any]
) -> None:
    server.usage = usage | {"total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]}
    direct, library = both(server, tmp_path, model)

    ours, theirs = [await one.ask(ModelRequest(messages=HELLO)) for one in (direct, library)]

    await direct.aclose()
    assert isinstance(ours, ModelReply)
    assert isinstance(theirs, ModelReply)
    assert theirs.cost
    assert ours.cost == pytest.approx(theirs.cost)


@pytest.mark.parametrize(
    ("model", "environ", "url"),
    [
        ("gpt-4o", {"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions"),
        ("openai/x", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://a/v1/"}, "http://a/v1/chat/completions"),
        ("hosted_vllm/x", {"HOSTED_VLLM_API_BASE": "http://v/v1"}, "http://v/v1/chat/completions"),
        (
            "litellm_proxy/x",
            {"LITELLM_PROXY_API_BASE": "http://p", "LITELLM_PROXY_API_KEY": "k"},
            "http://p/chat/completions",
        ),
        (
            "azure/mine",
            {"AZURE_API_BASE": "https://z", "AZURE_API_KEY": "k", "AZURE_API_VERSION": "2024-10-21"},
            "https://z/openai/deployments/mine/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_an_openai_compatible_endpoint_is_asked_directly(model: str, environ: dict[str, str], url: str) -> None:
    route = route_of(LitellmOptions(model=model), environ)

    assert route is not None
    assert (route.url, route.missing) == (url, ())


@pytest.mark.parametrize(
    "model", ["anthropic/claude-sonnet-4-5", "azure/mine", "openai/responses/o3", "mine", "gpt-5-codex"]
)
def test_what_only_litellm_knows_is_left_to_it(model: str) -> None:
    assert route_of(LitellmOptions(model=model), {"OPENAI_API_KEY": "k"}) is None


def test_parameters_that_only_litellm_reads_are_left_to_it() -> None:
    route = route_of(LitellmOptions(model="openai/gpt-5"), {"OPENAI_API_KEY": "k"})

    assert route is not None
    assert route.takes({"temperature": 1}, tools=False)
    assert not route.takes({"mock_response": "hi"}, tools=False)
    assert not route.takes({}, tools=True)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("401", "HTTP 401 from openai/401: the key is not accepted"),
        ("404", "HTTP 404 from openai/404: there is no such model or address"),
        ("html", "no reply from openai/html: it sent something that is not JSON"),
        ("reset", "broke (ServerDisconnectedError)"),
        ("cut", "no reply from openai/cut: the stream broke off"),
    ],
)
async def test_a_refusal_says_what_it_means(server: OpenaiServer, tmp_path: Path, model: str, why: str) -> None:
    direct, _ = both(server, tmp_path, model, stream=model == "cut")

    failed = await direct.ask(ModelRequest(messages=HELLO))

    await direct.aclose()
    assert isinstance(failed, Failed)
    assert failed.why.endswith(why)


async def test_connections_are_used_again_refusals_included(server: OpenaiServer, tmp_path: Path) -> None:
    direct, _ = both(server, tmp_path, "429")
    for _ in range(5):
        await direct.ask(ModelRequest(messages=HELLO))
    await direct.aclose()

    assert len(set(server.peers)) == 1


async def test_an_exhausted_limit_holds_every_call_to_the_endpoint(server: OpenaiServer, tmp_path: Path) -> None:
    server.extra_headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    options = LitellmOptions(model="openai/fine", base_url=server.url, api_key_env="KEY")
    one, other = (LitellmModel(options, a_context(tmp_path, name, KEY="k")) for name in ("one", "other"))
    await one.complete(ModelRequest(messages=HELLO))
    started = time.monotonic()

    await other.complete(ModelRequest(messages=HELLO))

    assert time.monotonic() - started >= 0.25
    await one.aclose()
    await other.aclose()


async def test_a_pace_is_halved_once_for_all_that_failed_together(server: OpenaiServer, tmp_path: Path) -> None:
    options = LitellmOptions(model="openai/503", base_url=server.url, api_key_env="KEY", retries=0)
    model = LitellmModel(options, a_context(tmp_path, KEY="k"))

    await asyncio.gather(*(model.complete(ModelRequest(messages=HELLO)) for _ in range(12)))

    assert pace_of(model.endpoint()).limit == 10
    await model.aclose()


def test_the_direct_path_does_not_import_litellm(server: OpenaiServer, tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from builders import a_context
from llmci.adapters.models.litellm import LitellmModel
from llmci.seams import ModelRequest
async def main():
    options = LitellmModel.Options(model="openai/gpt-4o", base_url={server.url!r}, api_key_env="KEY")
    model = LitellmModel(options, a_context(Path("."), KEY="k"))
    reply = await model.complete(ModelRequest(messages=[{{"role": "user", "content": "hello"}}]))
    await model.aclose()
    print(reply.text, reply.cost > 0, "litellm" in sys.modules)
asyncio.run(main())
"""
    assert python("-c", program, cwd=tmp_path).stdout.split() == ["hello", "True", "False"]


@pytest.mark.parametrize("size", [5, 200_000])
async def test_the_time_to_the_first_token_is_measured(server: OpenaiServer, tmp_path: Path, size: int) -> None:
    direct, _ = both(server, tmp_path, "slow-end", stream=True)
    server.reply = "x" * size

    reply = await direct.ask(ModelRequest(messages=HELLO))

    await direct.aclose()
    assert isinstance(reply, ModelReply)
    assert reply.ttft_ms is not None
    assert len(reply.text) == size
    assert reply.latency_ms - reply.ttft_ms >= 150
    assert json.dumps(reply.text)


async def test_a_proxy_of_the_environment_is_used_and_told_its_password(server: OpenaiServer, tmp_path: Path) -> None:
    options = LitellmOptions(model="openai/fine", base_url="http://elsewhere.test/v1", api_key_env="KEY")
    proxy = server.url.removesuffix("/v1").replace("http://", "http://me:secret@")
    model = LitellmModel(options, a_context(tmp_path, KEY="k", http_proxy=proxy))

    reply = await model.complete(ModelRequest(messages=HELLO))

    await model.aclose()
    assert isinstance(reply, ModelReply)
    assert server.headers[0]["Host"] == "elsewhere.test"
    assert server.headers[0]["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
    assert server.headers[0]["Authorization"] == "Bearer k"


async def test_no_call_remembers_a_cookie_or_a_password_file(
    server: OpenaiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.extra_headers = {"Set-Cookie": "session=of-the-first"}
    direct, _ = both(server, tmp_path, "fine")

    for _ in range(2):
        assert isinstance(await direct.ask(ModelRequest(messages=HELLO)), ModelReply)

    await direct.aclose()
    assert all("Cookie" not in headers for headers in server.headers)
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer sk-secret"}
