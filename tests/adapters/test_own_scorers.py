"""Scorers in programs of the user's own: what they are told, what they may say, and what they cannot see."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context, an_answer

from llmci import registry
from llmci.domain.run import Scored, Unscored
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.run import Score

PYTHON = """
import os, sys
def same(answer, reference): return answer == reference
async def later(answer, expectations): return {"score": expectations["worth"]}
def number(config): return config["says"]
def breaks(answer): raise ValueError(answer)
def leaves(answer): sys.exit(3)
def hangs(answer):
    import time
    time.sleep(60)
def sees(config): return float(config["name"] in os.environ)
"""
COMMAND = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"score": float(asked["answer"] == asked["reference"])}), flush=True)
"""


async def scored(root: Path, kind: str, environ: dict[str, str] | None = None, **options: Any) -> Score:
    made = registry.adapter("scorer", kind)
    (root / "mine.py").write_text(PYTHON)
    (root / "command.py").write_text(COMMAND)
    scorer = made(made.Options(**options), a_context(root, "mine", **(environ or {})))
    case = a_case(reference=declared_clean("In Lyon."), expectations={"worth": 0.25})
    try:
        await scorer.start()
        score: Score = await scorer.score(case, an_answer(text=declared_clean("In Lyon.")))
    finally:
        await scorer.aclose()
    return score


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"callable": "mine.py:same", "binary": True}, 1),
        ({"callable": "mine.py:later"}, 0.25),
        ({"callable": "mine.py:number", "config": {"says": 4}, "low": 1, "high": 5}, 4),
    ],
)
async def test_a_callable_scores_sync_or_async(tmp_path: Path, options: dict[str, Any], value: float) -> None:
    score = await scored(tmp_path, "python", **options)

    assert isinstance(score, Scored)
    assert score.value == value


@pytest.mark.parametrize(
    ("options", "why", "fault"),
    [
        ({"callable": "mine.py:breaks"}, "it raised ValueError at mine.py:", "infrastructure"),
        ({"callable": "mine.py:leaves"}, "it raised SystemExit", "infrastructure"),
        ({"callable": "mine.py:hangs", "timeout_s": 0.2}, "no score within 0.2 s", "infrastructure"),
        ({"callable": "mine.py:number", "config": {"says": 2}}, "outside of 0 to 1", "infrastructure"),
        ({"callable": "mine.py:number", "config": {"says": "good"}}, "a str instead of a number", "infrastructure"),
        (
            {"callable": "mine.py:number", "config": {"says": 0.5}, "binary": True},
            "although it is binary",
            "infrastructure",
        ),
        ({"callable": "mine.py:number", "config": {"says": None}}, "nothing to go by", "case"),
    ],
)
async def test_what_is_no_score_is_not_held_against_a_system(
    tmp_path: Path, options: dict[str, Any], why: str, fault: str
) -> None:
    score = await scored(tmp_path, "python", **options)

    assert isinstance(score, Unscored)
    assert why in score.why
    assert "Lyon" not in score.why
    assert score.fault == fault


async def test_it_sees_no_key_that_is_not_declared(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"callable": "mine.py:sees", "config": {"name": "MY_KEY"}, "environ": {"MY_KEY": "k"}}

    hidden, declared = (
        await scored(tmp_path, "python", **asked),
        await scored(tmp_path, "python", env=["MY_KEY"], **asked),
    )

    assert isinstance(hidden, Scored)
    assert isinstance(declared, Scored)
    assert (hidden.value, declared.value) == (0, 1)


async def test_a_command_scores_line_by_line(tmp_path: Path) -> None:
    score = await scored(tmp_path, "command", command=[sys.executable, "command.py"])

    assert isinstance(score, Scored)
    assert score.value == 1


async def test_a_command_that_ends_is_started_again_for_the_next(tmp_path: Path) -> None:
    score = await scored(tmp_path, "command", command=[sys.executable, "-c", "input()"])

    assert isinstance(score, Unscored)
    assert score.why == "the scorer: its process ended with code 0"


@pytest.mark.parametrize(
    ("kind", "options"), [("python", {"callable": "mine.py:absent"}), ("command", {"command": ["./absent"]})]
)
async def test_what_cannot_be_started_is_a_usage_error(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"scorers\.mine"):
        await scored(tmp_path, kind, **options)


def test_a_change_of_its_text_is_another_metric(tmp_path: Path) -> None:
    made = registry.adapter("scorer", "python")
    digests = []
    for text in (PYTHON, f"{PYTHON}# changed"):
        (tmp_path / "mine.py").write_text(text)
        scorer = made(made.Options(callable="mine.py:same"), a_context(tmp_path, "mine"))
        digests.append(scorer.metric().digest)

    assert len(set(digests)) == 2
