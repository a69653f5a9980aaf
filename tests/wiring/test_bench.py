"""`llmci bench` put together: real systems, a real server, real stores, the gate, and the exit code it leads to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_project import ENVIRON, JUDGE, a_config, run, the_set, way_out
from builders import a_case, an_evalset
from openai_server import OpenaiServer

from llmci.domain.run import Answered, Scored
from llmci.errors import ExitCode, OutsideError, PrivacyStop, UsageError
from llmci.wiring.bench import open_cache
from llmci.wiring.bench_plan import Ask, forecast, prepare
from llmci.wiring.runs import runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenaiServer]:
    with OpenaiServer().running() as server:
        yield server


@pytest.fixture
def server(openai: OpenaiServer) -> OpenaiServer:
    openai.forget()
    return openai


@pytest.mark.parametrize(
    ("candidate", "code"),
    [
        (", params: {seed: 1}", ExitCode.PASSED),
        (", prompt_role: system, prompt: worse.txt", ExitCode.PASSED),
        (", model: openai/gpt-4o, prompt: worse.txt", ExitCode.REGRESSED),
        (", model: openai/empty", ExitCode.REGRESSED),
        (", model: openai/400", ExitCode.REGRESSED),
        (", model: openai/401", ExitCode.OUTSIDE_FAILED),
        (", model: openai/402", ExitCode.OUTSIDE_FAILED),
        (", model: openai/404", ExitCode.OUTSIDE_FAILED),
        (", model: openai/429", ExitCode.OUTSIDE_FAILED),
        (", model: openai/500", ExitCode.OUTSIDE_FAILED),
        (", model: openai/broken", ExitCode.OUTSIDE_FAILED),
        (", base_url: 'http://127.0.0.1:9/v1'", ExitCode.OUTSIDE_FAILED),
    ],
)
def test_what_the_shell_sees(tmp_path: Path, server: OpenaiServer, candidate: str, code: ExitCode) -> None:
    (tmp_path / "worse.txt").write_text("Say something else.")
    config = a_config(tmp_path, server, candidate=candidate)

    outcome = run(config)

    assert way_out(config, outcome) is code
    assert [load_again.run_id for load_again in map(runs_of(config).load, runs_of(config).list())]


def test_a_key_that_is_revoked_on_the_way_is_no_evidence_and_can_be_mended(
    tmp_path: Path, server: OpenaiServer
) -> None:
    config = a_config(tmp_path, server, candidate=", model: openai/401-late")
    outcome = run(config)
    assert outcome.result.halted == "given up"
    assert way_out(config, outcome) is ExitCode.OUTSIDE_FAILED

    server.mend()
    mended = run(config, retry_errors=True)

    assert way_out(config, mended) is ExitCode.PASSED
    # Nothing is paid twice, but for what was in flight when the key was revoked.
    assert len(server.requests) < 120 + 60
    assert mended.result.halted is None


def test_a_judge_that_is_down_is_no_evidence(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, judge=JUDGE % ("500", server.url))

    outcome = run(config, the_set(30))

    assert way_out(config, outcome) is ExitCode.OUTSIDE_FAILED


def test_a_judge_is_asked_once_for_the_same_text_and_its_words_are_kept(tmp_path: Path, server: OpenaiServer) -> None:
    server.reply = '{"verdict": "pass"}'
    config = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url), candidate=", params: {seed: 1}")

    outcome = run(config, the_set(10))

    scores = [score for score in outcome.candidate.scores if score.metric == "polite"]
    assert {score.value for score in scores if isinstance(score, Scored)} == {1.0}
    assert server.seen["judge"] == 10
    assert outcome.candidate.metrics[1].judge == "openai/judge"


def test_a_budget_that_is_spent_first_is_no_decision_and_goes_on(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")

    outcome = run(config, budget=0.0015, cache=False)

    assert outcome.result.halted == "budget"
    assert outcome.result.spent <= 0.0015
    assert way_out(config, outcome) is ExitCode.NO_DECISION
    spent = len(server.requests)
    resumed = run(config, resume=True, cache=False)
    assert way_out(config, resumed) is ExitCode.PASSED
    assert len(server.requests) == 120
    assert 0 < spent < 120


def test_unchanged_requests_are_asked_once_and_pass(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server)

    outcome = run(config)

    assert len(server.requests) == 60
    assert way_out(config, outcome) is ExitCode.PASSED


def test_what_a_bench_will_take_is_known_before_anybody_is_asked(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    run(config, the_set(10), candidate="baseline")
    asked = len(server.requests)
    prepared = prepare(config, Ask(), ENVIRON, evalset=the_set(30))

    import contextlib

    with contextlib.ExitStack() as stack:
        before, after = forecast(prepared, open_cache(config, Ask(), stack))

    assert len(server.requests) == asked
    assert (before.cached, before.calls, after.calls) == (10, 20, 30)
    assert after.cost is not None
    assert after.output_tokens == 30 * 20


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"candidate": "absent"}, "no system called 'absent'"),
        ({"filters": {"colour": "red"}}, "no case has a slice label 'colour'"),
        ({"filters": {"parity": "7"}}, "no case is left"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_spent(
    tmp_path: Path, server: OpenaiServer, ask: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(a_config(tmp_path, server), **ask)

    assert not server.requests


def test_a_missing_key_costs_nothing(tmp_path: Path, server: OpenaiServer) -> None:
    judge = JUDGE.replace("api_key_env: KEY", "api_key_env: ABSENT") % ("judge", server.url)

    with pytest.raises(UsageError, match="ABSENT must be set"):
        run(a_config(tmp_path, server, judge=judge))

    assert not server.requests


def test_production_text_that_nobody_vouches_for_is_not_used(tmp_path: Path, server: OpenaiServer) -> None:
    with pytest.raises(PrivacyStop):
        run(a_config(tmp_path, server), an_evalset([a_case()], sanitize_digest=None))


def test_a_sample_and_a_slice(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server)

    first, second = (run(config, limit=7, filters={"parity": "1"}) for _ in range(2))

    assert len(first.baseline.case_ids) == 7
    assert first.baseline.case_ids == second.baseline.case_ids
    assert all(int(case_id[1:]) % 2 for case_id in first.baseline.case_ids)


def test_a_disk_that_is_full_is_an_outside_failure(
    tmp_path: Path, server: OpenaiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmci.adapters.stores import journal

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal.os, "write", full)

    with pytest.raises(OutsideError, match="No space left"):
        run(a_config(tmp_path, server), the_set(5))


def test_answers_are_sanitized_by_the_projects_own_recognizers(tmp_path: Path, server: OpenaiServer) -> None:
    server.reply = "Write to maria.keller@mailhouse.de or call 030 901820."

    outcome = run(a_config(tmp_path, server), the_set(2))

    [answer, _] = outcome.baseline.answers
    assert isinstance(answer, Answered)
    assert "maria.keller" not in answer.text
    stored = b"".join(path.read_bytes() for path in (tmp_path / ".llmci").rglob("*") if path.is_file())
    assert b"maria.keller" not in stored


def test_an_answer_is_not_paid_twice_though_the_set_has_a_new_version(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    run(config, the_set(20))
    asked = len(server.requests)
    grown = the_set(30)

    outcome = run(config, replace(grown, version=2, digest="another"))

    assert len(server.requests) == asked + 2 * 10
    assert (outcome.result.cached, outcome.result.called) == (40, 20)


def test_what_it_took_last_time_is_what_it_will_likely_take(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    first = run(config, the_set(10))

    [before, after] = forecast(prepare(config, Ask(), ENVIRON, evalset=the_set(30)), None, [first.candidate])

    assert before.likely_cost is None
    assert after.likely_cost == pytest.approx(30 * (11 + 7) / 1e6)
    assert after.cost is not None
    assert after.likely_cost < after.cost


@pytest.mark.parametrize(("flag", "code"), [({}, None), ({"allow_unknown_cost": True}, ExitCode.PASSED)])
def test_a_price_that_nobody_knows_needs_leave(
    tmp_path: Path, server: OpenaiServer, flag: dict[str, Any], code: ExitCode | None
) -> None:
    config = a_config(tmp_path, server, candidate=", prices: null, params: {seed: 1}")
    if code is None:
        with pytest.raises(UsageError, match="nobody knows what a call of the system 'candidate' may cost"):
            run(config, budget=5.0)
        assert not server.requests
    else:
        assert way_out(config, run(config, budget=5.0, **flag)) is code
