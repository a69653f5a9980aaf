"""How well the flags of `llmci label` tell bad answers, where people or rewards said which were bad.

Refusals: answers that people wrote to questions which the documents at hand answer, or do not (MTRAG; phrases that were missed there were
looked at, so that the share that is found flatters, and the false alarms do not). What agents of tau-bench say is
read for false alarms of `loop`. Errors in words: runs of tau-bench agents, failed and passed.

    python benchmarks/flags.py [--data ../shared/data]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow.parquet as pq

from llmci.core.grouping.loops import says_again
from llmci.core.grouping.refusals import is_refusal
from llmci.core.grouping.toolresults import is_error_message

if TYPE_CHECKING:
    from collections.abc import Iterable


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    data = asked.parse_args().data
    runs = pq.read_table(data / "tau1_repeats" / "runs.parquet", columns=["messages", "reward"]).to_pylist()
    refusals(data)
    loops(data, runs)
    tool_errors(runs)


def refusals(data: Path) -> None:
    rows = pq.read_table(data / "mtragun_rag" / "tasks.parquet").to_pylist()
    print("MTRAG, answers by people to questions that are           answers  refusal")
    for kind in ("ANSWERABLE", "UNDERSPECIFIED", "PARTIAL", "UNANSWERABLE"):
        said = [str(row["target"]) for row in rows if kind in as_list(row["answerability"])]
        print(f"{kind.lower():<56} {len(said):>7} {share(is_refusal(text) for text in said):>8}")


def loops(data: Path, runs: list[dict[str, Any]]) -> None:
    agents = {text for row in runs for text in spoken(row, "assistant")}
    written = pq.read_table(data / "pandalm_human" / "pairs_0_499.parquet").to_pylist()
    small = {row[side] for row in written for side in ("response1", "response2")}
    print("\nSaid by                                                  answers     loop")
    print(f"{'agents of tau-bench':<56} {len(agents):>7} {share(map(says_again, agents)):>8}")
    print(
        f"{'small models (PandaLM), of which many repeat themselves':<56} {len(small):>7} {share(map(says_again, small)):>8}"
    )


def tool_errors(runs: list[dict[str, Any]]) -> None:
    print("\ntau-bench, runs                                             runs   failed")
    told = [
        (any(map(is_error_message, spoken(row, "tool"))), row["reward"] < 1) for row in runs if row["reward"] in (0, 1)
    ]
    for name, has in (("a tool gave an error message back", True), ("none did", False)):
        failed = [lost for error, lost in told if error == has]
        print(f"{name:<56} {len(failed):>7} {share(failed):>8}")


def spoken(row: dict[str, Any], role: str) -> list[str]:
    messages = orjson.loads(row["messages"]) if isinstance(row["messages"], str) else row["messages"]
    return [
        m["content"] for m in messages if m.get("role") == role and isinstance(m.get("content"), str) and m["content"]
    ]


def as_list(value: object) -> list[str]:
    return (
        list(value)
        if isinstance(value, (list, tuple))
        else orjson.loads(value)
        if str(value).startswith("[")
        else [str(value)]
    )


def share(found: Iterable[bool]) -> str:
    values = list(found)
    return f"{sum(values) / len(values):.1%}" if values else "-"


if __name__ == "__main__":
    main()
