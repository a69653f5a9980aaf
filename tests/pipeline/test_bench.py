"""The stage `bench` with fakes: what becomes of answers, faults, money and interruptions."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_builders import (
    FakeScorer,
    FakeSystem,
    MemoryCache,
    MemoryJournal,
    a_job,
    a_reply,
    an_entrant,
    run,
    some_cases,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci.domain.run import Answered, Scored, Unanswered, Unscored
from llmci.domain.text import declared_clean
from llmci.domain.verdict import Outcome, Rule
from llmci.errors import PrivacyStop, UsageError
from llmci.pipeline.bench.stage import bench
from llmci.pipeline.gate import gate
from llmci.seams import Failed

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.seams import Reply


def fails_on(case_id: str, failed: Failed) -> Any:
    return lambda case, repeat: failed if case.case_id == case_id else a_reply()


async def test_every_case_of_both_systems_ends_in_a_run_in_the_order_of_the_set() -> None:
    job = a_job(repeat=2)

    result = await run(job, FakeSystem(), FakeSystem(name="candidate"))

    for made in result.runs:
        assert [(answer.case_id, answer.repeat) for answer in made.answers] == [
            (case.case_id, repeat) for case in job.cases for repeat in (0, 1)
        ]
        assert {score.value for score in made.scores if isinstance(score, Scored)} == {1.0}
        assert made.complete
    assert result.called == 16


async def test_answers_are_clean_before_they_are_scored_judged_journaled_and_cached() -> None:
    seen: list[str] = []

    def look(answer: Answered) -> float:
        seen.append(answer.text)
        return 1.0

    cache, journal = MemoryCache(), MemoryJournal()
    system = FakeSystem(lambda case, repeat: a_reply("Ask Ana."))

    await bench(a_job(some_cases(1), scorers=[FakeScorer(look)], cache=cache), [an_entrant(system, journal)])

    assert seen == ["Ask <name>."]
    assert "Ana" not in repr((cache.answers, journal.written))


async def test_an_answer_that_cannot_be_cleaned_is_lost_and_not_kept() -> None:
    def refuse(texts: Any, case: Any) -> Any:
        raise PrivacyStop("no", fix="none")

    result = await run(a_job(some_cases(1), cleaner=refuse), FakeSystem())

    [answer] = result.runs[0].answers
    assert isinstance(answer, Unanswered)
    assert answer.fault == "infrastructure"


async def test_a_judges_words_are_cleaned_as_well() -> None:
    said = Scored(case_id="c000", repeat=0, metric="correct", value=1.0, reason=declared_clean("Ana is right."))

    result = await run(a_job(some_cases(1), scorers=[FakeScorer(lambda a: said, judge="gpt")]), FakeSystem())

    assert result.runs[0].scores == (replace(said, reason="<name> is right."),)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(a_reply(""), "empty", id="nothing"),
        pytest.param(a_reply(" \n"), "empty", id="blank"),
        pytest.param(a_reply("x" * 101), "longer than 100 characters", id="too-long"),
        pytest.param(Failed("it raised ValueError", "system"), "ValueError", id="raised"),
    ],
)
async def test_a_system_that_fails_a_case_earns_the_worst_score(reply: Any, why: str) -> None:
    result = await run(a_job(some_cases(1), max_answer_chars=100), FakeSystem(lambda case, repeat: reply))

    [answer], [score] = result.runs[0].answers, result.runs[0].scores
    assert isinstance(answer, Unanswered)
    assert why in answer.why
    assert isinstance(score, Scored)
    assert (score.value, score.error) == (0.0, answer.why)


async def test_a_fault_of_the_infrastructure_is_no_score_at_all() -> None:
    system = FakeSystem(fails_on("c001", Failed("503", "infrastructure")))

    result = await run(a_job(), system)

    lost = [score for score in result.runs[0].scores if isinstance(score, Unscored)]
    assert [(score.case_id, score.fault) for score in lost] == [("c001", "infrastructure")]
    assert result.unfinished == ("baseline",)


async def test_a_call_that_hangs_is_the_systems_fault() -> None:
    result = await run(a_job(some_cases(1), timeout_s=0.05), FakeSystem(takes_s=30))

    [answer] = result.runs[0].answers
    assert isinstance(answer, Unanswered)
    assert (answer.why, answer.fault) == ("no answer within 0.05 s", "system")


async def test_an_adapter_that_raises_loses_one_case_and_not_the_run() -> None:
    def say(case: Any, repeat: int) -> Any:
        if case.case_id == "c000":
            raise RuntimeError("secret text")
        return a_reply()

    result = await run(a_job(), FakeSystem(say))

    assert [type(answer) for answer in result.runs[0].answers] == [Unanswered, Answered, Answered, Answered]
    assert "secret" not in repr(result)


async def test_a_fault_that_passes_is_tried_again_and_no_other() -> None:
    def say(case: Any, repeat: int) -> Any:
        if case.case_id == "c000" and system.calls["c000"] < 3:
            return Failed("429", "infrastructure", retryable=True, retry_after_s=0.0)
        return Failed("401", "infrastructure") if case.case_id == "c001" else a_reply()

    system = FakeSystem(say)

    result = await run(a_job(retries=3), system)

    assert (system.calls["c000"], system.calls["c001"]) == (3, 1)
    assert isinstance(result.runs[0].answers[0], Answered)


async def test_a_run_whose_every_call_fails_is_given_up_and_says_so_of_the_rest() -> None:
    system = FakeSystem(lambda case, repeat: Failed("401", "infrastructure"))
    other = FakeSystem(name="candidate")

    result = await run(a_job(some_cases(200), concurrency=5), system, other)

    assert result.halted == "given up"
    assert sum(system.calls.values()) < 30
    assert len(result.runs[0].answers) == 200
    assert all(isinstance(a, Unanswered) and a.fault == "infrastructure" for a in result.runs[0].answers)


async def test_a_cached_answer_is_not_asked_for_again() -> None:
    cache = MemoryCache()
    await run(a_job(cache=cache), FakeSystem())
    again = FakeSystem()

    result = await run(a_job(cache=cache), again)

    assert not again.calls
    assert not again.started
    assert all(isinstance(answer, Answered) and answer.cached for answer in result.runs[0].answers)
    assert (result.called, result.reused, result.spent) == (0, 4, 0.0)
    assert result.runs[0].cost == pytest.approx(0.04)


async def test_each_try_has_its_own_cached_answer() -> None:
    system = FakeSystem()

    await run(a_job(some_cases(1), repeat=3, cache=MemoryCache()), system)

    assert system.calls["c000"] == 3


async def test_an_answer_sanitized_under_another_policy_is_not_used() -> None:
    cache = MemoryCache()
    await run(a_job(cache=cache), FakeSystem())
    again = FakeSystem()

    await run(a_job(cache=cache, policy="stricter"), again)

    assert sum(again.calls.values()) == 4


async def test_systems_whose_requests_are_the_same_are_asked_once() -> None:
    first = FakeSystem(request=lambda case: f"request-{case.case_id}", takes_s=0.01)
    second = FakeSystem(name="candidate", request=lambda case: f"request-{case.case_id}", takes_s=0.01)

    result = await run(a_job(cache=MemoryCache()), first, second)

    assert sum(first.calls.values()) + sum(second.calls.values()) == 4
    assert result.reused == 4


async def test_what_names_not_all_that_can_change_it_is_never_cached() -> None:
    cache = MemoryCache()

    await run(a_job(cache=cache), FakeSystem(cacheable=False))

    assert not cache.answers


async def test_the_same_text_is_judged_once_whoever_said_it() -> None:
    judge = FakeScorer(judge="gpt", cost=0.02)

    result = await run(
        a_job(some_cases(1), repeat=3, scorers=[judge], cache=MemoryCache()), FakeSystem(), FakeSystem(name="candidate")
    )

    assert judge.calls == 1
    assert result.runs[1].judge_cost == pytest.approx(0.06)
    assert result.spent == pytest.approx(6 * 0.01 + 0.02)


@pytest.mark.parametrize("concurrency", [1, 7, 50])
async def test_the_budget_is_never_exceeded_however_many_calls_are_in_flight(concurrency: int) -> None:
    system = FakeSystem(lambda case, repeat: a_reply(cost=0.009), worst=0.01, takes_s=0.001)

    result = await run(a_job(some_cases(60), budget_usd=0.25, concurrency=concurrency), system)

    assert result.halted == "budget"
    assert 0.24 < result.spent <= 0.25
    assert not result.runs[0].complete


CALLS = st.sampled_from(["answered", "cheap", "cut off", "refused", "of unknown cost", "passing"])


@given(
    calls=st.lists(CALLS, min_size=1, max_size=40),
    concurrency=st.integers(1, 30),
    budget=st.floats(0, 0.3),
    retries=st.integers(0, 2),
)
@settings(max_examples=60)
def test_nobody_can_charge_more_than_the_budget(
    calls: list[str], concurrency: int, budget: float, retries: int
) -> None:
    """What was really charged, as the other side counts it: cut-off calls and tries again included."""
    turns, charged = itertools.cycle(calls), 0.0

    def say(case: Case, repeat: int) -> Reply | Failed:
        nonlocal charged
        match next(turns):
            case "refused":
                return Failed("401", "infrastructure", charged=False)
            case "passing":
                return Failed("429", "infrastructure", retryable=True, retry_after_s=0.0, charged=False)
            case "cut off":
                charged += 0.01
                return Failed("it broke off", "infrastructure", retryable=True, retry_after_s=0.0)
            case "of unknown cost":
                charged += 0.01
                return a_reply(cost=None)
            case "cheap":
                charged += 0.001
                return a_reply(cost=0.001)
            case _:
                charged += 0.01
                return a_reply(cost=0.01)

    job = a_job(some_cases(20), concurrency=concurrency, budget_usd=budget, retries=retries)
    result = asyncio.run(run(job, FakeSystem(say, worst=0.01), FakeSystem(say, worst=0.01, name="other")))

    assert charged <= result.spent + 1e-9 <= budget + 2e-9


async def test_unknown_costs_are_let_through_on_demand_and_the_budget_holds_for_the_rest() -> None:
    free = FakeSystem(lambda case, repeat: a_reply(cost=None), worst=None)
    priced = FakeSystem(name="priced")

    result = await run(a_job(some_cases(10), budget_usd=0.05, allow_unknown_cost=True), free, priced)

    assert result.halted == "budget"
    assert result.unknown_cost_calls > 0
    assert result.spent <= 0.05


async def test_what_judges_take_is_told_apart() -> None:
    judge = FakeScorer(name="polite", judge="gpt", cost=0.02)

    result = await run(a_job(scorers=[judge]), FakeSystem())

    assert (result.spent, result.spent_on_judges) == (pytest.approx(0.12), pytest.approx(0.08))


async def test_a_budget_without_known_prices_is_refused_before_anything_is_asked() -> None:
    system = FakeSystem(worst=None)

    with pytest.raises(UsageError, match="'baseline'"):
        await run(a_job(budget_usd=1.0), system)

    assert not system.calls


async def test_one_unknown_cost_makes_the_runs_cost_unknown() -> None:
    system = FakeSystem(lambda case, repeat: a_reply(cost=None if case.case_id == "c002" else 0.01))

    result = await run(a_job(), system)

    assert result.runs[0].cost is None
    assert result.unknown_cost_calls == 1


async def test_an_interrupted_bench_brings_home_what_is_in_flight_and_goes_on_from_there() -> None:
    job, journal = a_job(some_cases(30), concurrency=3), MemoryJournal()

    def say(case: Any, repeat: int) -> Any:
        if sum(system.calls.values()) >= 10:
            job.halt("interrupted")
        return a_reply(case.case_id)

    system = FakeSystem(say, takes_s=0.001)
    result = await bench(job, [an_entrant(system, journal)])
    assert result.halted == "interrupted"
    assert system.in_flight == 0
    again = FakeSystem(lambda case, repeat: a_reply(case.case_id))

    resumed = await bench(a_job(job.cases), [an_entrant(again, journal)])

    straight = await run(a_job(job.cases), FakeSystem(lambda case, repeat: a_reply(case.case_id)))
    assert resumed.runs == straight.runs
    assert sum(system.calls.values()) + sum(again.calls.values()) == 30


async def test_only_what_failed_is_asked_again() -> None:
    journal = MemoryJournal()
    system = FakeSystem(fails_on("c001", Failed("503", "infrastructure")))
    await bench(a_job(), [an_entrant(system, journal)])
    again = FakeSystem()

    result = await bench(a_job(retry_errors=True), [an_entrant(again, journal)])

    assert dict(again.calls) == {"c001": 1}
    assert not result.unfinished


async def test_no_more_calls_are_in_flight_than_allowed() -> None:
    system = FakeSystem(takes_s=0.002)

    await run(a_job(some_cases(40), concurrency=6), system)

    assert system.most_in_flight == 6


async def test_a_scorer_that_raises_loses_one_score() -> None:
    def mark(answer: Answered) -> float:
        raise ZeroDivisionError

    result = await run(a_job(some_cases(1), scorers=[FakeScorer(mark), FakeScorer(name="other")]), FakeSystem())

    lost, kept = result.runs[0].scores
    assert isinstance(lost, Unscored)
    assert lost.fault == "infrastructure"
    assert isinstance(kept, Scored)


async def test_lone_surrogates_do_not_reach_the_store() -> None:
    result = await run(a_job(some_cases(1)), FakeSystem(lambda case, repeat: a_reply("a\ud800b")))

    [answer] = result.runs[0].answers
    assert isinstance(answer, Answered)
    assert answer.text == "a?b"


async def test_systems_are_closed_whatever_happens() -> None:
    system = FakeSystem(takes_s=30)
    task = asyncio.create_task(run(a_job(), system))
    await asyncio.sleep(0.01)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert system.closed


def blocking(case: Case, repeat: int) -> Reply:
    """A reply that was timed while the loop stood still."""
    time.sleep(0.1)
    return a_reply(latency_ms=200.0, timed_here=True)


async def test_times_are_refused_where_the_loop_was_too_busy_to_take_them() -> None:
    timer = FakeScorer(lambda answer: answer.latency_ms or -1.0, name="speed", kind="latency")
    system = FakeSystem(blocking, takes_s=0.02)

    result = await run(a_job(scorers=[FakeScorer(), timer]), system)

    [made] = result.runs
    speeds = [score for score in made.scores if score.metric == "speed"]
    assert all(isinstance(score, Unscored) and "the latency is not honest" in score.why for score in speeds)
    assert [answer.latency_ms for answer in made.answers if isinstance(answer, Answered)] == [None] * 4
    assert all(isinstance(score, Scored) for score in made.scores if score.metric == "correct")


async def test_a_gate_on_times_that_were_refused_is_no_evidence_and_says_why() -> None:
    timer = FakeScorer(lambda answer: answer.latency_ms or -1.0, name="speed", kind="latency")
    job = a_job(scorers=[timer])

    result = await run(job, FakeSystem(blocking, takes_s=0.02), FakeSystem(blocking, takes_s=0.02, name="candidate"))
    verdict = gate(*result.runs, job.cases, [Rule(metric="speed", role="guardrail", tolerance=0.1)])

    assert verdict.outcome is Outcome.NO_EVIDENCE
    assert "the latency is not honest: llmci was itself busy" in verdict.headline


@pytest.mark.parametrize("reply", [a_reply(latency_ms=200.0), a_reply(latency_ms=9000.0, timed_here=True)])
async def test_times_that_another_process_took_or_that_dwarf_the_lag_stand(reply: Reply) -> None:
    def say(case: Case, repeat: int) -> Reply:
        time.sleep(0.03)
        return reply

    result = await run(a_job(), FakeSystem(say))

    assert all(answer.latency_ms == reply.latency_ms for answer in result.runs[0].answers)


async def test_what_cleans_is_loaded_before_the_first_call_that_is_timed_here() -> None:
    seen: list[str] = []

    def say(case: Case, repeat: int) -> Reply:
        seen.append("called")
        return a_reply()

    job = replace(a_job(), search_ahead=lambda texts: seen.append("searched"))
    await run(job, FakeSystem(say, endpoint="http://a:80"))

    assert seen[:2] == ["searched", "called"]


async def test_hundreds_of_calls_begin_a_few_in_each_turn_of_the_loop() -> None:
    turn, begun = 0, Counter[int]()

    class Watched(FakeSystem):
        async def answer(self, case: Case, repeat: int) -> Reply | Failed:
            begun[turn] += 1
            return await super().answer(case, repeat)

    async def turning() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(turning())
    await run(a_job(some_cases(100), concurrency=100), Watched(takes_s=0.1))
    counting.cancel()

    assert max(begun.values()) <= 16


async def test_a_bench_that_is_given_up_says_of_every_case_why() -> None:
    gone = FakeSystem(lambda case, repeat: Failed("HTTP 401 from x: the key is not accepted", "infrastructure"))

    result = await run(a_job(some_cases(60), concurrency=2), gone)

    whys = {answer.why for answer in result.runs[0].answers if isinstance(answer, Unanswered)}
    assert all("HTTP 401 from x: the key is not accepted" in why for why in whys)
    assert sum(gone.calls.values()) < 20


async def test_calls_that_wait_for_room_are_not_made_once_the_bench_is_stopped() -> None:
    job = a_job(some_cases(300))

    def say(case: Case, repeat: int) -> Reply:
        job.halt("interrupted")
        return a_reply()

    system = FakeSystem(say, endpoint="http://a:80", takes_s=0.01)
    await run(job, system)

    assert sum(system.calls.values()) == 20
