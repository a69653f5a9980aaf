"""Files that Langfuse keeps apart come with their traces, once, and are blobs on the shelf."""

from __future__ import annotations

import hashlib
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON
from langfuse_server import BUCKET, ENVIRON, SECRET, Langfuse, observation, trace_before
from remote_project import RemoteProject
from scripted_server import Asked, Said, Server, serving

from llmci.adapters.sources.remote import client as client_module
from llmci.adapters.sources.remote.landing import Landing
from llmci.wiring.build import shelf_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
LONG = orjson.dumps([{"role": "user", "content": "Where is parcel 778? " * 9}])
HOUR_AGO = NOON - timedelta(hours=1)


def reference(media_id: str, kind: str = "image/png", source: str = "base64_data_uri") -> str:
    return f"@@@langfuseMedia:type={kind}|id={media_id}|source={source}@@@"


def asked(*content: Any) -> str:
    return orjson.dumps([{"role": "user", "content": content[0] if len(content) == 1 else list(content)}]).decode()


TEXT = {"type": "text", "text": "What is this?"}
PICTURE = {"type": "image_url", "image_url": {"url": reference("m1")}}
FILES = {"m1": ("image/png", PNG), "m2": ("text/plain", LONG)}


@contextmanager
def project_of(root: Path, langfuse: Langfuse) -> Iterator[tuple[RemoteProject, Server]]:
    with serving(langfuse.answer) as server:
        yield RemoteProject(root, "langfuse", ENVIRON, host=server.url), server


def media_asked(server: Server) -> list[str]:
    return [one.path for one in server.asked if "/media/" in one.path]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_WAIT_S", 0.01)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param((TEXT, PICTURE), ["text", "image"], id="a-part"),
        pytest.param((reference("m1"),), ["image"], id="the-whole-content"),
        pytest.param(({"type": "input_audio", "input_audio": {"data": reference("m1", "audio/wav"), "format": "wav"}},), ["audio"], id="sound"),
    ],
)  # fmt: skip
def test_media_are_blobs_of_their_message(tmp_path: Path, content: tuple[Any, ...], expected: list[str]) -> None:
    rows = [observation(f"t{n}", f"s{n}", HOUR_AGO, input=asked(*content)) for n in range(3)]
    digest = hashlib.sha256(PNG).hexdigest()
    with project_of(tmp_path, Langfuse(rows, files=FILES)) as (project, server):
        assert project.pull().notes == ()
        row = project.rows()["t1"]
        parts = row["input"]["messages"][0]["parts"]
        assert [part["type"] for part in parts] == expected
        assert (parts[-1]["uri"], parts[-1]["sha256"], parts[-1]["size"]) == (f"blob:sha256:{digest}", digest, len(PNG))
        assert shelf_of(project.config(), "raw").blob(digest) == PNG
        assert (row["missing"], row["replay_kind"]) == ([], "chat")
        assert len(media_asked(server)) == 2, "once, for all that refer to it"
        before = project.files()
        assert project.pull().shards_read == 0
        assert (project.files(), len(media_asked(server))) == (before, 2)


def test_a_field_that_was_too_large_for_the_server_is_there_as_it_was(tmp_path: Path) -> None:
    rows = [observation("t1", "s1", HOUR_AGO, input=reference("m2", "text/plain", "field_size_limit"))]
    with project_of(tmp_path, Langfuse(rows, files=FILES)) as (project, _):
        project.pull()
        row = project.rows()["t1"]
    assert row["input"]["messages"] == project_message()
    assert row["replay_kind"] == "chat"


def project_message() -> list[dict[str, Any]]:
    text = "Where is parcel 778? " * 9
    part = dict.fromkeys(("mime_type", "uri", "sha256", "size", "tool_call_id", "tool_name", "tool_arguments", "tool_result", "is_error", "extra"))  # fmt: skip
    message = {"role": "user", "name": None, "finish_reason": None, "extra": None}
    return [{**message, "parts": [{**part, "type": "text", "text": text}]}]


def test_the_older_interface_has_media_too(tmp_path: Path) -> None:
    trace = trace_before("t1", HOUR_AGO, input=[{"role": "user", "content": [TEXT, PICTURE]}])
    langfuse = Langfuse([observation("t1", "s1", HOUR_AGO)], traces=[trace], era=3, files=FILES)
    with project_of(tmp_path, langfuse) as (project, _):
        project.pull()
        parts = project.rows()["t1"]["input"]["messages"][0]["parts"]
    assert parts[1]["uri"] == f"blob:sha256:{hashlib.sha256(PNG).hexdigest()}"


@pytest.mark.parametrize("how", ["deleted", "not-in-the-bucket", "too-large"])
def test_what_is_not_to_be_had_is_said_and_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def refused(one: Asked) -> Said | None:
        return Said(403, b"<Error>AccessDenied</Error>") if one.path.startswith(BUCKET) else None

    langfuse = Langfuse([observation("t1", "s1", HOUR_AGO, input=asked(TEXT, PICTURE))], files=FILES)
    if how == "deleted":
        langfuse.files = {}
    elif how == "not-in-the-bucket":
        langfuse.interposed = refused
    else:
        monkeypatch.setattr("llmci.adapters.sources.remote.landed.MAX_MEDIA_BYTES", 1000)
    with project_of(tmp_path, langfuse) as (project, server):
        summary = project.pull()
        row = project.rows()["t1"]
        known = len(media_asked(server))
        again = project.pull()
        assert len(media_asked(server)) == known
    assert summary.failures == again.failures == ()
    assert summary.notes == ("prod: 1 media files are not to be had any more, or too large",)
    assert (row["missing"], row["replay_kind"]) == (["media"], "none")


def test_a_store_that_fails_stops_and_the_next_pull_goes_on_from_there(tmp_path: Path) -> None:
    langfuse = Langfuse([observation("t1", "s1", HOUR_AGO, input=asked(TEXT, PICTURE))], files=FILES)
    langfuse.interposed = lambda one: Said(500) if one.path.startswith(BUCKET) else None
    with project_of(tmp_path, langfuse) as (project, _):
        summary = project.pull()
        [failure] = summary.failures
        assert (summary.exit_code, project.rows()["t1"]["missing"]) == (4, ["media"])
        assert "a media file: answered 500, 6 times" in failure.message
        assert SECRET not in failure.message + failure.fix
        langfuse.interposed = lambda _: None
        assert project.pull().failures == ()
        assert project.rows()["t1"]["missing"] == []


def test_a_person_who_is_forgotten_takes_their_media_along(tmp_path: Path) -> None:
    rows = [observation(f"t{n}", f"s{n}", HOUR_AGO, input=asked(reference(f"m{n % 2}"))) for n in range(3)]
    files = {f"m{n}": ("image/png", PNG + bytes([n])) for n in range(2)}
    with project_of(tmp_path, Langfuse(rows, files=files)) as (project, _):
        project.pull()
        [path] = (tmp_path / ".llmci" / "landing").glob("prod-*")
        with closing(Landing(path)) as landing:
            landing.erase(["t0", "t1"])
            assert (landing.media("m0"), landing.media("m1")) == (PNG + bytes([0]), None), "t2 refers to the first"
        project.pull()
        assert project.rows().keys() == {"t2"}
