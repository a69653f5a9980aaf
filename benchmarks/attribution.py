"""How often the step that is named is the one that people named, and which signs failed traces show more often.

Run: python benchmarks/attribution.py

Who&When (hand-crafted, 58 failed logs of a team of agents): agent and step that people hold decisive, against the hint, against
chance and against always naming the agent that is to blame most often. Rules were chosen on the logs with even places in the
order of their files; the others are printed apart. tau2 traces have no such labels: how often each rule names a step in failed and in passed
traces. Data: Who&When (MIT), tau2-bench traces (MIT), under ../shared/data; left out where not at hand.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from llmci.core.attribution.moves import moves_of
from llmci.core.attribution.signs import hint_of

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def main() -> None:
    """Two tables."""
    if (path := DATA / "who_and_when" / "hand_crafted.parquet").exists():
        rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: int(Path(row["file"]).stem))
        print(
            f"{'Who&When, hand-crafted':26} logs  named  agent right  step right  by chance: agent, step  always one agent"
        )
        for name, chosen in (("rules chosen on", rows[::2]), ("not looked at", rows[1::2]), ("all", rows)):
            print(f"{name:26} {who_and_when(chosen)}")
    if (path := DATA / "demo_tau2_sft" / "traces.jsonl.gz").exists():
        tau2(path)


def who_and_when(rows: list[dict[str, Any]]) -> str:
    named = agents = steps = 0
    chance_agent = chance_step = 0.0
    for row in rows:
        history = json.loads(row["history"])
        who = [message["role"].split(" (")[0] for message in history]
        guilty, decisive = row["mistake_agent"], int(row["mistake_step"])
        acting = who[1:]
        chance_agent += 1 / len(set(acting))
        chance_step += 1 / len(acting)
        messages = [said("assistant", text["content"], name) for text, name in zip(history[1:], acting, strict=True)]
        hint = hint_of(
            moves_of({"input": {"messages": [said("user", history[0]["content"])]}, "output": {"messages": messages}})
        )
        if hint is not None:
            named += 1
            # The question is message 0, so that the first step is message 1.
            agents += who[hint.step] == guilty
            steps += hint.step == decisive
    count = len(rows)
    most = Counter(row["mistake_agent"] for row in rows).most_common(1)[0][1]
    return (
        f"{count:>4}  {named / count:>5.0%}  {agents / count:>11.1%}  {steps / count:>10.1%}"
        f"  {chance_agent / count:>16.1%}, {chance_step / count:>4.1%}  {most / count:>16.1%}"
    )


def said(role: str, text: str, name: str | None = None) -> dict[str, Any]:
    return {"role": role, "name": name, "parts": [{"type": "text", "text": text}]}


def tau2(path: Path) -> None:
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    print(f"\n{'tau2, failed and passed':26} traces  step named by")
    for name, chosen in (
        ("failed", [row for row in rows if row["reward"] < 1]),
        ("passed", [row for row in rows if row["reward"] >= 1]),
    ):
        found = Counter(hint.by if (hint := hint_of(moves_of(agent_trace(row)))) else "nothing" for row in chosen)
        shares = ", ".join(f"{rule} {count / len(chosen):.0%}" for rule, count in found.most_common())
        print(f"{name:26} {len(chosen):>6}  {shares}")


def agent_trace(row: dict[str, Any]) -> dict[str, Any]:
    messages = []
    for message in row["messages"]:
        parts: list[dict[str, Any]] = []
        if message["role"] == "tool":
            parts.append({"type": "tool_result", "tool_result": message.get("content") or ""})
        elif message.get("content"):
            parts.append({"type": "text", "text": message["content"]})
        parts += [
            {"type": "tool_call", "tool_name": call["name"], "tool_arguments": json.dumps(call["arguments"])}
            for call in message.get("tool_calls") or ()
        ]
        messages.append({"role": message["role"], "parts": parts})
    return {"output": {"messages": messages}}


if __name__ == "__main__":
    main()
