"""Cassettes: recorded with a key, played without one and without a server, to the same verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from bench_project import JUDGE, a_config, run, the_set, way_out
from commands import llmci
from openai_server import OpenaiServer

from llmci.domain.run import Answered
from llmci.errors import ExitCode, OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmci.domain.run import Run


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenaiServer]:
    with OpenaiServer().running() as server:
        yield server


@pytest.fixture
def server(openai: OpenaiServer) -> OpenaiServer:
    openai.forget()
    return openai


def substance(run: Run) -> tuple[object, ...]:
    return run.answers, run.scores, run.complete, run.metrics


@pytest.mark.parametrize("candidate", [", params: {seed: 1}", ", model: openai/empty"])
def test_a_replay_needs_no_key_and_no_server_and_comes_to_the_same(
    tmp_path: Path, server: OpenaiServer, candidate: str
) -> None:
    server.reply = None
    config = a_config(tmp_path, server, candidate=candidate, judge=JUDGE % ("judge", server.url))
    server.reply = "pass"
    recorded = run(config, record=tmp_path / "tape")
    asked = len(server.requests)

    played = run(config, environ={}, replay=tmp_path / "tape", budget=0.0)

    assert len(server.requests) == asked
    assert (played.result.called, played.result.spent) == (0, 0.0)
    assert substance(played.baseline) == substance(recorded.baseline)
    assert substance(played.candidate) == substance(recorded.candidate)
    assert way_out(config, played) is way_out(config, recorded)
    assert played.candidate.environment["replayed"] == "tape"


def test_what_was_not_recorded_is_said_aloud_with_the_case_and_the_fix(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server)
    run(config, the_set(5), record=tmp_path / "tape")
    (tmp_path / "prompt.txt").write_text("Please: {{ question }}")

    with pytest.raises(OutsideError, match="no answer of 'baseline' to the case c00") as missed:
        run(config, the_set(5), environ={}, replay=tmp_path / "tape")

    assert "--record" in missed.value.fix
    assert missed.value.exit_code == ExitCode.OUTSIDE_FAILED


def test_a_verdict_that_was_not_recorded_is_missed_as_loudly(tmp_path: Path, server: OpenaiServer) -> None:
    server.reply = "pass"
    run(a_config(tmp_path, server), the_set(5), record=tmp_path / "tape")
    judged = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url))

    with pytest.raises(OutsideError, match="no verdict of 'polite' on an answer to the case"):
        run(judged, the_set(5), environ={}, replay=tmp_path / "tape")


def test_a_cassette_holds_no_secret_and_no_unsanitized_text_and_is_the_same_again(
    tmp_path: Path, server: OpenaiServer
) -> None:
    server.reply = "Write to maria.keller@mailhouse.de with sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56Qr78."
    config = a_config(tmp_path, server)
    run(config, the_set(2), record=tmp_path / "tape")
    first = (tmp_path / "tape" / "cassette.jsonl").read_bytes()

    run(config, the_set(2), record=tmp_path / "tape")

    assert (tmp_path / "tape" / "cassette.jsonl").read_bytes().count(b"\n") == first.count(b"\n")
    assert b"maria.keller" not in first
    assert b"sk-proj-Ab12" not in first
    assert b"sk-secret" not in first
    assert server.url.encode() not in first
    header, *rows = map(orjson.loads, first.splitlines())
    assert header == {"schema": "cassette/1"}
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)


def test_what_the_infrastructure_lost_is_not_recorded(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", model: openai/500")
    run(config, the_set(3), record=tmp_path / "tape")

    with pytest.raises(OutsideError, match="no answer of 'candidate'"):
        run(config, the_set(3), environ={}, replay=tmp_path / "tape")


def test_a_replay_leaves_what_an_interrupted_bench_has_paid_for(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    run(config, record=tmp_path / "tape", cache=False)
    run(config, budget=0.0015, cache=False)
    paid = len(server.requests)

    run(config, environ={}, replay=tmp_path / "tape")
    resumed = run(config, resume=True, cache=False)

    assert len(server.requests) == 240
    assert paid < 240
    assert all(isinstance(answer, Answered) for answer in resumed.candidate.answers)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no cassette"),
        ("", "not a cassette/1"),
        ('{"schema": "cassette/9"}', "not a cassette/1"),
        ('{"schema": "cassette/1"}\n{"key": "a", "answer": {"text": 1}}', r"cassette.jsonl:2: damaged"),
        ('{"schema": "cassette/1"}\n{"key": "a"', r"cassette.jsonl:2: damaged"),
    ],
)
def test_a_cassette_that_cannot_be_read_names_the_line(
    tmp_path: Path, server: OpenaiServer, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "tape").mkdir()
        (tmp_path / "tape" / "cassette.jsonl").write_text(content)

    with pytest.raises(UsageError, match=message):
        run(a_config(tmp_path, server), the_set(2), environ={}, replay=tmp_path / "tape")


def test_the_command_takes_one_of_both(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("bench: {repeat: 1}\n")

    done = llmci("bench", "--record", "a", "--replay", "a", cwd=tmp_path)

    assert done.returncode == 2
    assert "exclude each other" in done.stderr
