"""A project with live traffic of two variants, for tests of `llmci canary`."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
sources:
  live:
    kind: jsonl
    path: live.jsonl
    fields: {trace_id: id, input: q, output: a, variant: v, start: t, status: s, scores: {thumbs: thumbs}}
canary:
  control: old
  treatment: new
  shares: [0.05, 0.25, 1.0]
  requests_per_hour: 600
  criteria:
    errors: {kind: error, margin: 0.05, base_rate: 0.05}
    thumbs: {kind: score, score: thumbs, margin: 0.1, base_rate: 0.1}
  rollout: {kind: json, path: flags.json, key: bot.share}
"""


def project(directory: Path, *, failures: float, requests: int = 6000, share: float = 0.25) -> Path:
    """A project whose live traffic has a candidate with this share of failures; the control has 5 %."""
    chance = random.Random(5)
    rows = []
    for number in range(requests):
        treated = chance.random() < share
        failed = chance.random() < (failures if treated else 0.05)
        minute, second = divmod(number, 60)
        rows.append(
            {
                "id": f"t{number}",
                "q": "Where?",
                "a": "Here.",
                "v": "new" if treated else "old",
                "t": f"2026-11-20T{minute // 60 % 24:02}:{minute % 60:02}:{second:02}Z",
                "s": "error" if failed else "ok",
                "thumbs": float(chance.random() < 0.9),
            }
        )
    (directory / "live.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (directory / "llmci.yaml").write_text(CONFIG)
    (directory / "flags.json").write_text(json.dumps({"bot": {"share": share}, "other": 1}))
    return directory


def share_of(directory: Path) -> float:
    flags = json.loads((directory / "flags.json").read_text())
    assert flags["other"] == 1
    found: float = flags["bot"]["share"]
    return found
