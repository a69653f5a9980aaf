"""Stored runs to a verdict, by the configuration's rules and the set that they ran on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import a_case, a_run, an_evalset

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.runs import DirectoryRuns
from llmci.config import load
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.core.gating.reading import Reading
from llmci.domain.verdict import Outcome, Rule
from llmci.errors import NoDecisionError, UsageError
from llmci.wiring.evalset_store import store
from llmci.wiring.gate import Contest, contest, gate_runs

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.run import Run

YAML = """
scorers:
  correct: {kind: exact}
gates:
  - {metric: correct, tolerance: 5pt}
"""
SIZE = 100


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "llmci.yaml").write_text(YAML)
    return load(tmp_path / "llmci.yaml")


@pytest.fixture
def runs(config: Config) -> tuple[Run, Run]:
    """A perfect baseline and a candidate that fails a fifth of the cases, both stored with their set."""
    drafts = [a_case(question=f"Question {at}?", weight=1 / SIZE, dependence=f"d{at}") for at in range(SIZE)]
    cases = [replace(case, case_id=case_id_of(case.messages, case.tools, case.key)) for case in drafts]
    digest, fingerprint = evalset_digest(cases), schema_fingerprint(CASES)
    evalset = an_evalset(cases, digest=digest, schema_fingerprint=fingerprint)
    store(config).save(evalset)
    before = replace(
        a_run({case.case_id: 1.0 for case in evalset.cases}), run_id="before", evalset_digest=evalset.digest
    )
    after = replace(
        a_run({case.case_id: float(at >= SIZE / 5) for at, case in enumerate(evalset.cases)}),
        run_id="after",
        evalset_digest=evalset.digest,
    )
    for run in (before, after):
        DirectoryRuns(config.state / "runs").save(run)
    return before, after


def found(config: Config, before: str, after: str, *, by_flags: bool = False) -> Contest:
    lenient = [Rule(metric="correct", role="primary", tolerance=0.5)]
    return contest(before, after, config=lambda: config, reading=Reading(), rules=lambda _: lenient, by_flags=by_flags)


def test_what_a_tolerance_takes_is_priced_by_what_an_answer_cost(config: Config, runs: tuple[Run, Run]) -> None:
    known = replace(found(config, "before", "after"), candidate=replace(runs[1], cost=1.0, judge_cost=0.5, repeats=2))
    unknown = replace(found(config, "before", "after"), candidate=replace(runs[1], cost=None, judge_cost=0.5))

    for price in known.prices():
        assert price.cases is not None
        assert price.calls == 2 * price.cases
        assert price.cost == pytest.approx(price.calls * 1.5 / SIZE)
    assert {price.cost for price in unknown.prices()} == {None}


def test_two_runs_are_gated_by_the_configuration(config: Config, runs: tuple[Run, Run]) -> None:
    assert gate_runs(config, *runs).outcome is Outcome.REGRESSED


def test_runs_are_found_by_id_and_by_directory(config: Config, runs: tuple[Run, Run]) -> None:
    by_path = found(config, str(config.state / "runs" / "before"), "after")

    assert by_path.decide() == gate_runs(config, *runs)


def test_rules_of_the_command_line_take_the_place_of_the_configuration(config: Config, runs: tuple[Run, Run]) -> None:
    assert found(config, "before", "after").decide().outcome is Outcome.REGRESSED
    assert found(config, "before", "after", by_flags=True).decide().outcome is Outcome.PASSED


def test_a_run_that_is_not_there_is_refused(config: Config, runs: tuple[Run, Run]) -> None:
    with pytest.raises(UsageError, match="there is no run 'never'"):
        found(config, "before", "never")


def test_plan_and_self_test_need_comparable_runs(config: Config, runs: tuple[Run, Run]) -> None:
    before, after = runs
    apart = Contest(before, replace(after, evalset_digest="other"), [], config.gates, 0.02)

    with pytest.raises(NoDecisionError):
        apart.plan()
    with pytest.raises(NoDecisionError):
        apart.self_test(draws=10, seed=1)


def test_the_plan_looks_at_every_gate(config: Config, runs: tuple[Run, Run]) -> None:
    [sight] = found(config, "before", "after").plan()

    assert (sight.metric, sight.cases, sight.tolerance) == ("correct", SIZE, 0.05)
    assert sight.noticed is not None
    assert 0 < sight.noticed < 1
