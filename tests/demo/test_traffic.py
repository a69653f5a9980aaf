"""The recorded traffic of the demo."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import Any

import orjson
import pytest

from llmci.demo.traffic import TRACES, Traffic, traffic

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def log() -> Traffic:
    return traffic(seed=7, until=NOW)


@pytest.fixture(scope="module")
def exchanges(log: Traffic) -> list[dict[str, Any]]:
    found = []
    for line in log.lines:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict) and "metadata" in record:
            found.append(record)
    return found


def test_the_same_seed_gives_the_same_log() -> None:
    assert traffic(seed=3, until=NOW, traces=40) == traffic(seed=3, until=NOW, traces=40)


def test_it_covers_two_weeks_of_many_users(exchanges: list[dict[str, Any]]) -> None:
    moments = [datetime.fromisoformat(record["time"]) for record in exchanges]

    assert len(exchanges) == TRACES
    assert timedelta(days=13) < max(moments) - min(moments) <= timedelta(days=14)
    assert len({record["user"] for record in exchanges}) > 20


def test_popular_questions_come_again_in_other_words(exchanges: list[dict[str, Any]]) -> None:
    wordings: dict[str, set[str]] = {}
    for record in exchanges:
        wordings.setdefault(record["metadata"]["question"], set()).add(record["messages"][0]["content"])

    assert sum(len(texts) > 1 for texts in wordings.values()) > 150
    assert len(wordings) > 250


def test_thumbs_follow_whether_the_answer_was_right(exchanges: list[dict[str, Any]]) -> None:
    thumbs: dict[bool, list[int]] = {True: [], False: []}
    for record in exchanges:
        if record["feedback"] is not None:
            thumbs[record["metadata"]["expected"] in record["answer"]].append(record["feedback"])

    assert mean(thumbs[True]) > 0.7
    assert mean(thumbs[False]) < 0.3


def test_what_was_planted_stands_in_prose_tool_results_and_metadata(
    log: Traffic, exchanges: list[dict[str, Any]]
) -> None:
    places = Counter(
        place
        for record in exchanges
        for place, text in {
            "prose": record["messages"][0]["content"],
            "tool": "".join(str(message["content"]) for message in record["messages"][1:]),
            "metadata": record["metadata"].get("client", ""),
        }.items()
        if any(value in text for value in log.planted)
    )

    assert min(places["prose"], places["tool"], places["metadata"]) >= 20


def test_a_few_lines_are_broken(log: Traffic) -> None:
    assert 3 <= len(log.lines) - TRACES <= 20


def test_answers_and_documents_hold_no_personal_data(log: Traffic, exchanges: list[dict[str, Any]]) -> None:
    said = "\n".join(record["answer"] + orjson.dumps(record["documents"]).decode() for record in exchanges)

    assert [value for value in log.planted if value in said] == []
