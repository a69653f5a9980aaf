"""Content that was uploaded, and that a span only refers to, is read from where the configuration says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pulling import a_source, outcomes

if TYPE_CHECKING:
    from pathlib import Path

ASKED = [{"role": "user", "parts": [{"type": "text", "content": "Where is parcel 778?"}]}]
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "content": "In Lyon."}], "finish_reason": "stop"}]
SYSTEM = [{"type": "text", "content": "Be brief."}]


def pulled(root: Path, **options: Any) -> dict[str, Any]:
    """One span whose content is at three addresses of a machine that is not there."""
    base = "gs://elsewhere/prod"
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.input.messages_ref": f"{base}/a_inputs.jsonl", "gen_ai.output.messages_ref": f"{base}/a_outputs.json", "gen_ai.system_instructions_ref": f"{base}/b_system_instruction.jsonl"}  # fmt: skip
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "chat m", "startTimeUnixNano": "1795176000000000000", "endTimeUnixNano": "1795176001000000000", "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]}  # fmt: skip
    (root / "spans.jsonl").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    [row] = outcomes(a_source("otlp", root, path="spans.jsonl", **options))
    assert isinstance(row, dict)
    return row


def upload(folder: Path) -> None:
    folder.mkdir()
    lines = [{**one, "index": number} for number, one in enumerate(ASKED)]
    (folder / "a_inputs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (folder / "a_outputs.json").write_text(json.dumps(ANSWERED) + "\n")
    (folder / "b_system_instruction.jsonl").write_text(json.dumps({**SYSTEM[0], "index": 0}) + "\n")


def test_what_a_span_refers_to_is_there_as_if_it_had_been_in_the_span(tmp_path: Path) -> None:
    upload(tmp_path / "uploaded")

    row = pulled(tmp_path, uploads="uploaded")

    assert [(message["role"], message["parts"]) for message in row["input"]["messages"]] == [
        ("system", [{"type": "text", "text": "Be brief."}]),
        ("user", [{"type": "text", "text": "Where is parcel 778?"}]),
    ]
    assert row["output"]["messages"][0]["parts"] == [{"type": "text", "text": "In Lyon."}]
    assert (row["replay_kind"], row["missing"]) == ("chat", [])


@pytest.mark.parametrize("damage", ["unnamed", "gone", "cut", "long", "outside"])
def test_what_is_not_to_be_had_is_said_and_not_replayed(tmp_path: Path, damage: str) -> None:
    upload(tmp_path / "uploaded")
    asked = tmp_path / "uploaded" / "a_inputs.jsonl"
    if damage == "cut":
        asked.write_text('{"role": "us')
    elif damage == "long":
        asked.write_text(json.dumps({"role": "user", "content": "x" * 5000}))
    elif damage != "unnamed":
        asked.unlink()
    if damage == "outside":
        # A file that is where the span says, and not where the configuration does.
        (tmp_path / "a_inputs.jsonl").write_text(json.dumps(ASKED[0]))

    row = pulled(tmp_path, **({} if damage == "unnamed" else {"uploads": "uploaded", "max_line_mb": 0.003}))

    assert "uploads" in row["missing"]
    assert row["replay_kind"] == "none"
