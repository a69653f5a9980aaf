"""The spread of cost, time and length is shown for what both systems say, and for nothing else."""

from __future__ import annotations

from builders import a_run, an_answer

from llmci.core.reporting.spreads import FEWEST, spreads
from llmci.domain.run import Unanswered


def answers(latencies: list[float | None]) -> tuple[object, ...]:
    return tuple(an_answer(f"case-{at}", latency_ms=latency) for at, latency in enumerate(latencies))


def test_both_systems_share_one_scale() -> None:
    fast, slow = a_run({}, answers=answers([100.0] * 50)), a_run({}, answers=answers([400.0] * 50))

    row = next(row for row in spreads(fast, slow) if row.name == "latency")

    assert set(row.baseline.at) == {0.25}
    assert set(row.candidate.at) == {1.0}
    assert row.candidate.words == "median 400 ms, half within 400 ms … 400 ms, 9 in 10 within 400 ms … 400 ms"


def test_few_answers_are_not_drawn() -> None:
    run = a_run({}, answers=answers([100.0] * (FEWEST - 1) + [None] * 50))

    assert "latency" not in [row.name for row in spreads(run, run)]


def test_unanswered_cases_have_no_time() -> None:
    failed = tuple(
        Unanswered(case_id=f"f{at}", repeat=0, why="timeout", fault="system", latency_ms=9e9) for at in range(9)
    )
    run = a_run({}, answers=(*answers([100.0] * 50), *failed))

    assert max(next(row for row in spreads(run, run) if row.name == "latency").baseline.at) == 1.0
