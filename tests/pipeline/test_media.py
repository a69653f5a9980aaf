"""Pictures and sound in messages: files of their own on the raw shelf, and nothing of them beyond it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON
from sanitize_project import clean_rows, files_of, run

from llmci import config as configuration
from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.domain.trace import TRACE
from llmci.seams import Silent, Window
from llmci.wiring.pull import pull

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
ENCODED = base64.b64encode(PICTURE).decode()
DIGEST = hashlib.sha256(PICTURE).hexdigest()
URI = f"data:image/png;base64,{ENCODED}"
FORMS: dict[str, Any] = {
    "openai": {"type": "image_url", "image_url": {"url": URI, "detail": "low"}},
    "openai-responses": {"type": "input_image", "image_url": URI},
    "openai-audio": {"type": "input_audio", "input_audio": {"data": ENCODED, "format": "wav"}},
    "openai-file": {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{ENCODED}"}},
    "anthropic": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ENCODED}},
    "gemini": {"inlineData": {"mimeType": "image/png", "data": ENCODED}},
    "bedrock": {"image": {"format": "png", "source": {"bytes": ENCODED}}},
    "genai": {"type": "blob", "mime_type": "image/png", "modality": "image", "content": ENCODED},
    "vercel": {"type": "file", "mediaType": "image/png", "data": ENCODED},
    "vercel-image": {"type": "image", "image": URI},
    "llama-index": {"block_type": "image", "image": ENCODED, "image_mimetype": "image/png"},
    "pydantic-ai": {"kind": "binary", "media_type": "image/png", "data": ENCODED},
    "microsoft": {"$type": "data", "uri": URI, "mediaType": "image/png"},
}  # fmt: skip


def pulled(directory: Path, *blocks: Any) -> Config:
    records = [
        {
            "id": f"t{number}",
            "timestamp": "2026-11-20T10:00:00Z",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What is on it?"}, block]},
                {"role": "assistant", "content": "A parcel."},
            ],
        }
        for number, block in enumerate(blocks)
    ]
    (directory / "traces.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (directory / "llmci.yaml").write_text(
        "sources:\n  prod: {kind: jsonl, path: traces.jsonl}\nsanitize:\n  recognizers: [structured, secrets]\n"
    )
    config = configuration.load(directory / "llmci.yaml")
    pull(config, sources=[], window=Window(), limit=None, environ={}, progress=Silent(), now=NOON)
    return config


def raw_rows(config: Config) -> list[dict[str, Any]]:
    return [row for batch in raw(config).batches() for row in batch.to_pylist()]


def raw(config: Config) -> DirectoryShelf:
    return DirectoryShelf(config.state / "raw", TRACE, private=True)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_inline_media_of_every_form_become_a_file_named_by_its_content(tmp_path: Path, form: str) -> None:
    config = pulled(tmp_path, FORMS[form])

    [row] = raw_rows(config)
    _, part = row["input"]["messages"][0]["parts"]
    assert part["type"] in ("image", "audio", "file")
    assert (part["uri"], part["sha256"], part["size"]) == (f"blob:sha256:{DIGEST}", DIGEST, len(PICTURE))
    assert raw(config).blob(DIGEST) == PICTURE
    assert row["missing"] == []
    assert ENCODED[:100] not in json.dumps(row, default=str)


def test_the_same_picture_in_many_traces_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    config = pulled(tmp_path, FORMS["openai"], FORMS["anthropic"])

    [blob] = [path for path in (config.state / "raw").rglob("*") if path.name == DIGEST]
    assert blob.stat().st_mode & 0o077 == 0
    assert (config.state / "raw").stat().st_mode & 0o077 == 0


def test_media_go_with_the_last_trace_that_showed_them(tmp_path: Path) -> None:
    config = pulled(tmp_path, FORMS["openai"])

    pulled(tmp_path, {"type": "text", "text": "no picture"})
    raw(config).sweep()

    assert raw(config).blob(DIGEST) is None


def test_nothing_of_the_media_reaches_the_clean_shelf_and_the_trace_says_so(tmp_path: Path) -> None:
    config = pulled(tmp_path, FORMS["openai"], {"type": "text", "text": f"![it]({URI})"}, {"type": "image", "image": {"url": "https://example.org/a.png"}})  # fmt: skip

    run(config)

    shown, pasted, linked = sorted(clean_rows(config), key=lambda row: row["trace_id"])
    part = shown["input"]["messages"][0]["parts"][1]
    assert (part["type"], part["uri"], part["sha256"], part["mime_type"]) == ("image", None, None, "image/png")
    assert (shown["missing"], shown["replay_kind"]) == (["media"], "none")
    assert pasted["input"]["messages"][0]["parts"][1]["text"] == "![it]([media removed])"
    assert linked["missing"] == []
    beyond = {name: content for name, content in files_of(config.state).items() if not name.startswith("raw/")}
    assert not any(DIGEST.encode() in content or PICTURE in content for content in beyond.values())


def test_a_picture_that_was_cut_off_is_named_as_missing(tmp_path: Path) -> None:
    config = pulled(tmp_path, {"type": "image_url", "image_url": {"url": URI[:-3]}})

    [row] = raw_rows(config)
    assert (row["missing"], row["replay_kind"]) == (["media"], "none")
    assert row["input"]["messages"][0]["parts"][1]["uri"] is None


def test_a_picture_that_a_tool_returned_stays_with_its_result(tmp_path: Path) -> None:
    result = {
        "type": "tool_result",
        "tool_use_id": "c",
        "content": [{"type": "text", "text": "seen"}, FORMS["anthropic"]],
    }
    config = pulled(tmp_path, result)

    [row] = raw_rows(config)
    messages = [*row["input"]["messages"], *row["output"]["messages"]]
    [tool] = [message for message in messages if message["role"] == "tool"]
    assert [(part["type"], part["tool_call_id"]) for part in tool["parts"]] == [("tool_result", "c"), ("image", "c")]
    assert tool["parts"][0]["tool_result"] == "seen"
    assert tool["parts"][1]["uri"] == f"blob:sha256:{DIGEST}"
