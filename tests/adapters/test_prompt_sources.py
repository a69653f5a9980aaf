"""Prompts from git and from Langfuse: their text, their version, and what is said where they are not there."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from builders import a_case, a_context
from openai_server import serving

from llmci.adapters.systems.litellm import LitellmSystem
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def a_system(root: Path, prompt: str, **environ: str) -> LitellmSystem:
    options = LitellmSystem.Options(model="openai/x", base_url="http://127.0.0.1:9/v1", prompt=prompt)
    return LitellmSystem(options, a_context(root, **environ))


def git(root: Path, *arguments: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *named, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "sub"
    root.mkdir()
    git(tmp_path, "init", "-q", "-b", "main")
    (root / "p.j2").write_text("old: {{ question }}")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "a")
    (root / "p.j2").write_text("new: {{ question }}")
    return root


def test_a_prompt_is_taken_as_it_is_at_a_ref(repository: Path) -> None:
    old, new = a_system(repository, "git:main:p.j2"), a_system(repository, "p.j2")

    assert [message["content"][:4] for message in (old._messages(a_case())[0], new._messages(a_case())[0])] == [
        "old:",
        "new:",
    ]
    assert old.spec().parameters["prompt_version"] == git(repository, "rev-parse", "main")
    assert old.spec().parameters["prompt_digest"] != new.spec().parameters["prompt_digest"]
    assert old.spec().digest != new.spec().digest
    assert old.request_digest(a_case()) != new.request_digest(a_case())


@pytest.mark.parametrize("prompt", ["git:gone:p.j2", "git:main:gone", "git:--help:p.j2", "git:main"])
def test_what_git_does_not_have_is_a_usage_error(repository: Path, prompt: str) -> None:
    with pytest.raises(UsageError, match="git does not have it"):
        a_system(repository, prompt)


ASKED: list[dict[str, str]] = []
CHAT = [
    {"role": "system", "content": "Be kind."},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": "Again: {{question}}"},
]


async def langfuse(request: web.Request) -> web.Response:
    ASKED.append({"authorization": request.headers["Authorization"], "path": request.path, **request.query})
    name = request.match_info["name"]
    if name == "refused":
        return web.json_response({"message": "no, said to Ana"}, status=401)
    if name == "odd":
        return web.Response(text="<html>")
    found = {"a/b": "Say {{ question }}", "chat": CHAT}.get(name)
    if found is None:
        return web.json_response({}, status=404)
    return web.json_response({"name": name, "version": 3, "prompt": found, "type": "text"})


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    app = web.Application()
    app.router.add_get("/api/public/v2/prompts/{name:.+}", langfuse)
    with serving(app) as url:
        yield url


def keys(host: str) -> dict[str, str]:
    return {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_HOST": host}


def test_a_langfuse_prompt_comes_by_name_and_label_with_its_version(host: str, tmp_path: Path) -> None:
    system = a_system(tmp_path, "langfuse:a/b@staging", **keys(host))

    assert ASKED[-1]["label"] == "staging"
    assert base64.b64decode(ASKED[-1]["authorization"].removeprefix("Basic ")) == b"pk:sk"
    assert system._messages(a_case())[0]["content"].startswith("Say ")
    assert system.spec().parameters["prompt_version"] == "3"
    assert "sk" not in str(system.spec())


def test_a_chat_prompt_is_the_whole_request(host: str, tmp_path: Path) -> None:
    messages = a_system(tmp_path, "langfuse:chat@3", **keys(host))._messages(a_case())

    assert ASKED[-1]["version"] == "3"
    assert [message["role"] for message in messages] == ["system", "user", "user"]
    assert messages[2]["content"] == f"Again: {messages[1]['content']}"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("gone", UsageError, "there is no such prompt"),
        ("refused", OutsideError, "HTTP 401"),
        ("odd", OutsideError, "no prompt"),
    ],
)
def test_a_prompt_that_does_not_come_says_why(
    host: str, tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        a_system(tmp_path, f"langfuse:{name}", **keys(host))

    assert "Ana" not in str(raised.value)


def test_missing_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY must be set"):
        a_system(tmp_path, "langfuse:a")
