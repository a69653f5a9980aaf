"""Every way that what is outside can fail, as the shell sees it: exit code, verdict, and the cause in it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bench_project import JUDGE, a_config, run, the_set, way_out
from builders import an_evalset
from openai_server import OpenaiServer

from llmci.domain.run import Unanswered
from llmci.errors import ExitCode, OutsideError
from llmci.pipeline.gate import gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmci.config import Config
    from llmci.wiring.bench import BenchOutcome

GONE = ExitCode.OUTSIDE_FAILED


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenaiServer]:
    with OpenaiServer().running() as server:
        yield server


@pytest.fixture
def server(openai: OpenaiServer) -> OpenaiServer:
    openai.forget()
    return openai


def headline(config: Config, outcome: BenchOutcome) -> str:
    return gate(outcome.baseline, outcome.candidate, the_set().cases, config.gates).headline


@pytest.mark.parametrize(
    ("model", "code", "cause"),
    [
        ("401", GONE, "HTTP 401 from openai/401: the key is not accepted"),
        ("401-late", GONE, "HTTP 401 from openai/401-late: the key is not accepted"),
        ("402", GONE, "HTTP 402 from openai/402: the account has to be paid"),
        ("403", GONE, "HTTP 403 from openai/403: the key may not do this"),
        ("404", GONE, "HTTP 404 from openai/404: there is no such model or address"),
        ("429", GONE, "HTTP 429 from openai/429: too many requests, or no quota left"),
        ("429-after-900", GONE, "HTTP 429"),
        ("500", GONE, "HTTP 500 from openai/500: the server failed"),
        ("reset", GONE, "broke (ServerDisconnectedError)"),
        ("reset-midway", GONE, "broke (Client"),
        ("reset-midway, stream: true", GONE, "broke (Client"),
        ("cut, stream: true", GONE, "the stream broke off"),
        ("broken", GONE, "it sent something that is not JSON"),
        ("html", GONE, "it sent something that is not JSON"),
        # What the system itself does wrong is a wrong answer.
        ("hang", ExitCode.REGRESSED, "right fell"),
        ("drip", ExitCode.REGRESSED, "right fell"),
        ("nochoices", ExitCode.REGRESSED, "right fell"),
        ("big", ExitCode.REGRESSED, "right fell"),
    ],
)
def test_a_fault_has_its_exit_code_and_its_cause_stands_in_the_verdict(
    tmp_path: Path, server: OpenaiServer, model: str, code: ExitCode, cause: str
) -> None:
    slow = {"hang", "drip"} & {model}
    config = a_config(tmp_path, server, candidate=f", model: openai/{model}", timeout_s=0.3 if slow else 20)

    outcome = run(config, the_set(20 if model == "big" else 60))

    assert way_out(config, outcome) is code
    assert cause in headline(config, outcome)
    assert "Ana" not in headline(config, outcome)


def test_a_name_that_dns_does_not_know(tmp_path: Path, server: OpenaiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    config = a_config(tmp_path, server, candidate=", base_url: 'http://api.nowhere.test/v1'")

    outcome = run(config)

    assert way_out(config, outcome) is GONE
    assert "the host of http://api.nowhere.test:80 is not known to DNS" in headline(config, outcome)


def test_nobody_listens(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", base_url: 'http://127.0.0.1:9/v1'")

    outcome = run(config)

    assert way_out(config, outcome) is GONE
    assert "nobody listens at http://127.0.0.1:9" in headline(config, outcome)


def test_a_storm_that_passes_is_waited_for(tmp_path: Path, server: OpenaiServer) -> None:
    server.storm = 40
    config = a_config(tmp_path, server, candidate=", model: openai/storm", retries=4)

    outcome = run(config)

    assert way_out(config, outcome) is ExitCode.PASSED
    assert not any(isinstance(answer, Unanswered) for answer in outcome.candidate.answers)


def test_a_storm_with_retry_after_holds_every_call_to_the_endpoint(tmp_path: Path, server: OpenaiServer) -> None:
    server.storm, server.storm_wait = 20, "1"
    config = a_config(tmp_path, server, candidate=", model: openai/storm", retries=4)
    started = time.monotonic()

    outcome = run(config)

    assert way_out(config, outcome) is ExitCode.PASSED
    assert time.monotonic() - started >= 1
    # Nobody knocked while everybody was asked to wait.
    first_refusal = server.refused_at[0]
    assert not [at for at in server.asked_at if first_refusal + 0.3 < at < first_refusal + 0.9]


@pytest.mark.parametrize("verdict", ["fail", "no idea"])
def test_a_judge_that_always_says_the_same(tmp_path: Path, server: OpenaiServer, verdict: str) -> None:
    server.reply = verdict
    config = a_config(
        tmp_path, server, judge=JUDGE % ("judge", server.url), candidate=", params: {seed: 1}", scorer="contains"
    )

    outcome = run(config)

    # The same verdict on both is no difference; a verdict that cannot be read is no evidence.
    expected = {"fail": {ExitCode.PASSED, ExitCode.REGRESSED}, "no idea": {GONE, ExitCode.REGRESSED}}[verdict]
    assert way_out(config, outcome) in expected
    polite = next(
        one
        for one in gate(outcome.baseline, outcome.candidate, the_set().cases, config.gates).verdicts
        if one.rule.metric == "polite"
    )
    assert polite.outcome.value == {"fail": "passed", "no idea": "no evidence"}[verdict]


def test_a_judge_that_is_down_is_named_in_the_verdict(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, judge=JUDGE % ("503", server.url))

    outcome = run(config, the_set(30))

    assert way_out(config, outcome) is GONE
    assert "the judge did not answer: HTTP 503 from openai/503" in headline(config, outcome)


def test_a_disk_that_is_full_loses_nothing_that_was_paid_for(
    tmp_path: Path, server: OpenaiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmci.adapters.stores import journal

    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    written = 0

    def filling(descriptor: int, content: bytes) -> int:
        nonlocal written
        written += 1
        if written > 60:
            raise OSError(28, "No space left on device")
        return os.write(descriptor, content)

    class FullDisk:
        write = staticmethod(filling)

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

    monkeypatch.setattr(journal, "os", FullDisk())
    with pytest.raises(OutsideError, match="No space left"):
        run(config, cache=False)
    monkeypatch.undo()
    asked = len(server.requests)

    outcome = run(config, resume=True, cache=False)

    assert way_out(config, outcome) is ExitCode.PASSED
    # What was in flight when the disk was full is asked again, and nothing else.
    assert len(server.requests) <= 120 + (asked - 30)


def test_a_slice_that_lost_too_much_is_no_evidence_though_the_whole_is(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}", gate=", slice_by: [rare], critical: true")
    rare = [
        replace(case, slices={"rare": "yes" if number < 20 else "no"}) for number, case in enumerate(the_set(196).cases)
    ]
    evalset = an_evalset(rare, sanitize_digest=None)
    outcome = run(config, evalset)
    lost = [
        Unanswered(case_id=answer.case_id, repeat=0, why="HTTP 500 from x", fault="infrastructure")
        if answer.case_id in {"c003", "c007"}
        else answer
        for answer in outcome.candidate.answers
    ]
    scores = [score for score in outcome.candidate.scores if score.case_id not in {"c003", "c007"}]
    candidate = replace(outcome.candidate, answers=tuple(lost), scores=tuple(scores))

    result = gate(outcome.baseline, candidate, evalset.cases, config.gates)

    by_slice = {verdict.slice: verdict for verdict in result.verdicts}
    assert by_slice[None].outcome.value == "passed"
    assert by_slice["rare", "yes"].outcome.value == "no evidence"
    assert "2 of its 20 cases" in by_slice["rare", "yes"].because
    assert result.outcome.value == "no evidence"
