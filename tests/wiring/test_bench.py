"""`llmci bench` put together: real systems, a real server, real stores, the gate, and the exit code it leads to."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bench_project import ENVIRON, JUDGE, a_config, run, the_set, vouch, way_out
from builders import a_case, an_evalset
from openai_server import OpenaiServer

from llmci.cli.exits import exit_code_of
from llmci.config import load
from llmci.core.judging.labels import Menu
from llmci.core.judging.trust import Use
from llmci.domain.run import Answered, Scored
from llmci.errors import ExitCode, OutsideError, PrivacyStop, UsageError
from llmci.pipeline.gate import gate
from llmci.seams import Silent
from llmci.wiring.bench import open_cache
from llmci.wiring.bench_plan import Ask, forecast, prepare
from llmci.wiring.gate import Contest
from llmci.wiring.judge import check_configured, kept
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


@pytest.mark.parametrize(
    "said",
    [
        "I cannot judge this.",
        '{"verdict": "excellent"}',
        '{"verdicts": []}',
        '{"verdict": null}',
        'The answer says {"verdict": "pass"}, but my verdict: unsure',
        "```json\n{}\n```",
    ],
)
def test_a_judge_that_gives_no_verdict_from_the_menu_is_no_evidence(
    tmp_path: Path, server: OpenaiServer, said: str
) -> None:
    server.reply = said
    config = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url))

    outcome = run(config, the_set(30))

    assert way_out(config, outcome) is ExitCode.OUTSIDE_FAILED


@pytest.mark.parametrize("said", ["pass", "fail"])
def test_a_judge_that_always_says_the_same_is_never_calibrated(tmp_path: Path, server: OpenaiServer, said: str) -> None:
    server.reply = f'{{"verdict": "{said}"}}'
    judge = JUDGE.replace("timeout_s: 20", "timeout_s: 30, human: people") % ("judge", server.url)
    config = a_config(tmp_path, server, judge=judge)
    cases = [replace(case, expectations={"people": n % 2}) for n, case in enumerate(the_set(30).cases)]

    checked = check_configured(
        config, "polite", Menu(), environ=ENVIRON, progress=Silent(), evalset=an_evalset(cases), repeat=2
    )
    kept(config, "polite", checked, asked=True, now=datetime.now(UTC), environ=ENVIRON)

    assert checked.overall.use is Use.REFUSED
    assert checked.overall.consistency is not None
    assert checked.overall.consistency.value == 1
    with pytest.raises(UsageError, match="may not: refused"):
        prepare(config, Ask(), ENVIRON, evalset=the_set())


def test_a_judge_that_is_down_is_not_calibrated_at_all(tmp_path: Path, server: OpenaiServer) -> None:
    judge = JUDGE.replace("timeout_s: 20", "timeout_s: 20, human: people") % ("500", server.url)
    config = a_config(tmp_path, server, judge=judge)
    cases = [replace(case, expectations={"people": 1}) for case in the_set(3).cases]

    with pytest.raises(OutsideError, match="3 of 3 verdicts could not be had"):
        check_configured(config, "polite", Menu(), environ=ENVIRON, progress=Silent(), evalset=an_evalset(cases))


def test_a_judge_that_nobody_has_checked_is_no_primary_gate(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url))
    for path in (tmp_path / "judges").iterdir():
        path.unlink()

    with pytest.raises(UsageError, match="has not been calibrated") as raised:
        prepare(config, Ask(), ENVIRON, evalset=the_set())

    assert "role: watch" in raised.value.fix
    assert not server.requests
    watching = tuple(replace(rule, role="watch" if rule.metric == "polite" else "primary") for rule in config.gates)
    assert prepare(replace(config, gates=watching), Ask(), ENVIRON, evalset=the_set())


def test_another_model_is_another_judge(tmp_path: Path, server: OpenaiServer) -> None:
    a_config(tmp_path, server, judge=JUDGE % ("judge", server.url))
    text = (tmp_path / "llmci.yaml").read_text().replace("openai/judge", "openai/other")
    (tmp_path / "llmci.yaml").write_text(text)

    with pytest.raises(UsageError, match="has not been calibrated"):
        prepare(load(tmp_path / "llmci.yaml"), Ask(), ENVIRON, evalset=the_set())


def test_a_run_remembers_its_judge_and_a_later_gate_asks_for_the_calibration(
    tmp_path: Path, server: OpenaiServer
) -> None:
    server.reply = '{"verdict": "pass"}'
    config = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url), candidate=", params: {seed: 1}")
    outcome = run(config, the_set(30))
    runs = outcome.baseline, outcome.candidate
    stored = Contest(*runs, cases=the_set(30).cases, rules=config.gates, max_lost=0.02, config=config)

    assert any("same verdict on all" in note for note in stored.decide().notes)
    assert "agrees with people 100% of the time" in outcome.candidate.environment["judge of polite"]
    assert stored.decide().verdicts

    vouch(config, "polite", agreeing=70)
    with pytest.raises(UsageError, match="may not: may only watch"):
        stored.decide()


def test_one_answer_to_everything_fails_a_guardrail_that_no_single_answer_could(
    tmp_path: Path, server: OpenaiServer
) -> None:
    (tmp_path / "constant.txt").write_text("It depends on many things.")
    a_config(tmp_path, server, candidate=", prompt: constant.txt")
    text = (tmp_path / "llmci.yaml").read_text()
    text = text.replace("right: {kind: exact}", "empty_words: {kind: degenerate}")
    text = text.replace("metric: right, tolerance: 10pt", "metric: empty_words, role: guardrail, tolerance: 2pt")
    (tmp_path / "llmci.yaml").write_text(text)
    config = load(tmp_path / "llmci.yaml")

    outcome = run(config)

    assert way_out(config, outcome) is ExitCode.REGRESSED
    assert {score.reason for score in outcome.candidate.scores if isinstance(score, Scored)} == {
        "the same answer to every question"
    }


PAIRWISE = "better: {kind: pairwise, model: openai/%s, base_url: %s, api_key_env: KEY, retries: 0, timeout_s: 20}"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        # Whatever stands first: a contradiction, and so a tie.
        ('{"verdict": "A"}', 0.5),
        ('{"verdict": "tie"}', 0.5),
        ('{"verdict": "neither"}', None),
    ],
)
def test_pairs_are_judged_in_both_orders(tmp_path: Path, server: OpenaiServer, said: str, value: float | None) -> None:
    server.reply = said
    (tmp_path / "other.txt").write_text("{{ question }}?")
    config = a_config(tmp_path, server, candidate=", prompt: other.txt, model: openai/tools")
    text = (tmp_path / "llmci.yaml").read_text()
    text = text.replace("  right:", f"  {PAIRWISE % ('judge', server.url)}\n  right:")
    (tmp_path / "llmci.yaml").write_text(text)
    config = load(tmp_path / "llmci.yaml")

    outcome = run(config, the_set(5))

    baseline, candidate = (
        [score for score in one.scores if score.metric == "better"] for one in (outcome.baseline, outcome.candidate)
    )
    assert server.seen["judge"] == 10
    assert {score.value for score in baseline if isinstance(score, Scored)} == {0.5}
    assert {score.value if isinstance(score, Scored) else None for score in candidate} == {value}
    assert outcome.candidate.metrics[0].digest == outcome.baseline.metrics[0].digest


def test_the_same_answer_is_a_tie_that_nobody_is_asked_about(tmp_path: Path, server: OpenaiServer) -> None:
    a_config(tmp_path, server, candidate=", params: {seed: 1}")
    text = (tmp_path / "llmci.yaml").read_text()
    (tmp_path / "llmci.yaml").write_text(text.replace("  right:", f"  {PAIRWISE % ('judge', server.url)}\n  right:"))

    outcome = run(load(tmp_path / "llmci.yaml"), the_set(5))

    assert server.seen["judge"] == 0
    assert {
        score.value for score in outcome.candidate.scores if score.metric == "better" and isinstance(score, Scored)
    } == {0.5}


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


def test_a_bench_that_looks_early_stops_early_and_is_decided_alike_when_it_is_run_again(
    tmp_path: Path, server: OpenaiServer
) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    evalset = the_set(200)

    first, again = run(config, evalset, sequential=True), run(config, evalset, sequential=True)

    assert first.candidate.looks is not None
    assert len(server.requests) == 2 * first.candidate.looks.asked < 200
    assert (again.candidate.case_ids, again.candidate.looks) == (first.candidate.case_ids, first.candidate.looks)
    stored = [runs_of(config).load(made.run_id) for made in (first.baseline, first.candidate)]
    results = [gate(*pair, evalset.cases, config.gates) for pair in (stored, (again.baseline, again.candidate))]
    assert [exit_code_of(result) for result in results] == [ExitCode.PASSED, ExitCode.PASSED]
    assert results[0].verdicts == results[1].verdicts


def test_what_a_bench_will_take_is_known_before_anybody_is_asked(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_config(tmp_path, server, candidate=", params: {seed: 1}")
    run(config, the_set(10), candidate="baseline")
    asked = len(server.requests)
    prepared = prepare(config, Ask(), ENVIRON, evalset=the_set(30))

    with contextlib.ExitStack() as stack:
        before, after = forecast(prepared, open_cache(config, Ask(), stack))

    assert len(server.requests) == asked
    assert (before.cached, before.calls, after.calls) == (10, 20, 30)
    assert after.cost is not None
    assert after.output_tokens == 30 * 20


def test_a_plan_counts_no_request_twice_and_no_verdict_that_is_there(tmp_path: Path, server: OpenaiServer) -> None:
    server.reply = "pass"
    config = a_config(tmp_path, server, judge=JUDGE % ("judge", server.url), candidate=", config: {unused: 1}")
    run(config, the_set(10))
    asked = len(server.requests)

    with contextlib.ExitStack() as stack:
        before, after, polite = forecast(
            prepare(config, Ask(), ENVIRON, evalset=the_set(30)), open_cache(config, Ask(), stack)
        )

    assert len(server.requests) == asked
    assert (before.calls, after.calls, after.cached) == (20, 0, 30)
    assert (polite.calls, polite.cached) == (40, 20)


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
