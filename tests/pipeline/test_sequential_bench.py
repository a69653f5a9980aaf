"""A bench that stops as soon as its gates are decided, with fakes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_builders import FakeScorer, FakeSystem, MemoryCache, a_job, a_reply, an_entrant, some_cases

from llmci.adapters.stores.runs import DirectoryRuns
from llmci.core.bench.schedule import in_looks
from llmci.core.gating.conclude import settled
from llmci.domain.verdict import Outcome, Rule
from llmci.pipeline.bench.stage import bench
from llmci.pipeline.gate import gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from llmci.domain.case import Case
    from llmci.domain.verdict import GateResult
    from llmci.pipeline.bench.job import BenchResult

CORRECT = Rule(metric="correct", role="primary", tolerance=0.1)


def marks(answer: Any) -> float:
    return float("wrong" not in answer.text)


def a_candidate(wrong: Callable[[Case], bool], **changes: Any) -> FakeSystem:
    return FakeSystem(lambda case, repeat: a_reply("wrong" if wrong(case) else "right"), name="candidate", **changes)


async def staged(
    cases: Sequence[Case], candidate: FakeSystem, rules: Sequence[Rule] = (CORRECT,), **changes: Any
) -> tuple[BenchResult, GateResult]:
    plan = {"tries": 1, "discordance": 0.1, "extend": False, "sequential": True, "seeds": ["set", "candidate"]}
    schedule = in_looks(cases, rules, **{**plan, **changes.pop("plan", {})})
    result = await bench(
        a_job(
            cases,
            scorers=[FakeScorer(marks)],
            schedule=schedule,
            decided=lambda runs: settled(gate(*runs, cases, rules), rules, cases),
            **changes,
        ),
        [an_entrant(FakeSystem()), an_entrant(candidate)],
    )
    return result, gate(*result.runs, cases, rules)


async def test_an_unchanged_system_passes_early_and_the_savings_are_said() -> None:
    cases = some_cases(400)
    candidate = a_candidate(lambda case: False)

    result, said = await staged(cases, candidate)

    assert said.outcome is Outcome.PASSED
    assert 29 <= sum(candidate.calls.values()) < 100
    [run, _] = result.runs
    assert run.complete
    assert run.looks is not None
    assert run.looks.asked == len(run.case_ids) == sum(candidate.calls.values())
    [note] = [note for note in said.notes if "decided early" in note]
    assert f"after {run.looks.asked} of 186 planned cases" in note
    assert "saved" in note
    assert "$" in note


async def test_a_broken_system_stops_after_the_first_batches() -> None:
    cases = some_cases(400)
    candidate = a_candidate(lambda case: int(case.case_id[-1]) % 2 == 0)

    result, said = await staged(cases, candidate)

    assert said.outcome is Outcome.REGRESSED
    assert result.runs[0].looks is not None
    assert result.runs[0].looks.taken <= 3


async def test_a_rerun_asks_the_same_cases_and_says_the_same() -> None:
    cases, cache = some_cases(400), MemoryCache()
    wrong = {case.case_id for case in cases[::25]}
    first, said = await staged(cases, a_candidate(lambda case: case.case_id in wrong), cache=cache, seed=1)
    again, then = await staged(cases[::-1], a_candidate(lambda case: case.case_id in wrong), cache=cache, seed=2)

    assert again.called == 0
    assert (again.runs[1].case_ids, again.runs[1].looks) == (first.runs[1].case_ids, first.runs[1].looks)
    assert (then.outcome, then.headline, then.verdicts) == (said.outcome, said.headline, said.verdicts)


async def test_stored_runs_are_gated_again_to_the_same_verdict(tmp_path: Path) -> None:
    cases = some_cases(400)
    result, said = await staged(cases, a_candidate(lambda case: case.case_id.endswith("7")))
    store = DirectoryRuns(tmp_path)
    for run in result.runs:
        store.save(run)
    stored = [store.load(run.run_id) for run in result.runs]

    assert stored[1].looks == result.runs[1].looks
    assert gate(*stored, cases, [CORRECT]) == said


async def test_a_gate_that_is_still_open_is_waited_for() -> None:
    cases = some_cases(400, slices={"app": "retail"})
    sliced = Rule(metric="correct", role="primary", tolerance=0.1, slice_by=("app",), critical=True, min_cases=50)

    alone, _ = await staged(cases, a_candidate(lambda case: False))
    together, said = await staged(cases, a_candidate(lambda case: False), [sliced])

    assert said.outcome is Outcome.PASSED
    assert together.runs[0].looks is not None
    assert alone.runs[0].looks is not None
    assert together.runs[0].looks.asked >= max(alone.runs[0].looks.asked, 50)


async def test_what_was_not_asked_may_have_changed() -> None:
    """Equal requests so far are no proof that nothing changed."""
    cases = some_cases(400)

    def request(case: Case) -> str:
        return case.case_id

    _, said = await staged(cases, a_candidate(lambda case: False, request=request))

    assert "nothing changed" not in said.headline


async def test_too_few_cases_are_asked_a_second_time() -> None:
    cases = some_cases(60)
    wrong = {case.case_id for case in cases[::20]}
    candidate = FakeSystem(
        lambda case, repeat: a_reply("wrong" if case.case_id in wrong and repeat == 0 else "right"), name="candidate"
    )

    result, said = await staged(cases, candidate, plan={"extend": True, "sequential": False})

    assert result.runs[0].repeats == 2
    assert sum(candidate.calls.values()) == 120
    assert said.verdicts[0].difference is not None
    assert said.verdicts[0].difference.estimate == pytest.approx(-0.025)


async def test_a_case_that_must_pass_is_asked_however_early_the_rest_is_decided() -> None:
    cases = some_cases(400)
    cases.append(replace(cases[0], case_id="must", dependence="must", must_pass=True))
    rules = [CORRECT, Rule(metric="correct", role="must_pass", tolerance=0.1)]
    broken = a_candidate(lambda case: case.case_id == "must")

    result, said = await staged(cases, broken, rules)

    assert said.outcome is Outcome.REGRESSED
    assert result.runs[0].looks is not None
    assert result.runs[0].looks.taken == 1


async def test_runs_that_were_stopped_by_different_plans_are_not_compared() -> None:
    cases = some_cases(400)
    result, _ = await staged(cases, a_candidate(lambda case: False))
    other, _ = await staged(cases, a_candidate(lambda case: False), plan={"discordance": 0.11})

    said = gate(result.runs[0], other.runs[1], cases, [CORRECT])

    assert said.outcome is Outcome.NOT_COMPARABLE
    assert "looks at the gates differ" in said.because[0]


async def test_a_budget_that_is_spent_before_a_look_decides_nothing() -> None:
    cases = some_cases(400)

    cut, said = await staged(cases, a_candidate(lambda case: False), budget_usd=0.5)

    assert cut.halted == "budget"
    assert not cut.runs[0].complete
    assert said.outcome is Outcome.NOT_COMPARABLE
