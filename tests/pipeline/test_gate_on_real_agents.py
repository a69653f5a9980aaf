"""The gate on recorded agents: 140 tasks, each solved once by two models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import a_case, a_metric, a_run

from llmci.domain.verdict import Outcome, Rule
from llmci.pipeline.gate import gate

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult, Verdict

DATA = Path(__file__).parents[2] / "../shared/data/demo_tau2_sft/traces.parquet"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_file(), reason="shared/data/demo_tau2_sft is not here"),
]
REWARD = Rule(metric="reward", role="primary", tolerance=0.05, slice_by=("app",), critical=True)


@pytest.fixture(scope="module")
def agents() -> tuple[dict[str, Run], list[Case]]:
    import pyarrow.parquet as pq

    rows = pq.read_table(DATA, columns=["item_id", "app", "variant", "reward"]).to_pylist()
    runs = {
        variant: replace(
            a_run(
                {row["item_id"]: row["reward"] for row in rows if row["variant"] == variant},
                metric=a_metric("reward"),
            ),
            run_id=variant,
        )
        for variant in ("sft", "stock")
    }
    items = {row["item_id"]: row["app"] for row in rows}
    cases = [
        # The two telecom apps are two observations of one task; elsewhere numbers repeat across apps.
        a_case(item, slices={"app": app}, dependence=f"{app.removesuffix('_no-user')}/{item.partition('/')[2]}")
        for item, app in items.items()
    ]
    return runs, cases


def _sliced(result: GateResult) -> dict[str, Verdict]:
    return {verdict.slice[1] if verdict.slice else "all": verdict for verdict in result.verdicts}


def test_promoting_the_stock_model_regresses_overall_and_where_it_does(
    agents: tuple[dict[str, Run], list[Case]],
) -> None:
    runs, cases = agents

    result = gate(runs["sft"], runs["stock"], cases, [REWARD])

    found = _sliced(result)
    assert result.outcome is Outcome.REGRESSED
    assert found["all"].outcome is Outcome.REGRESSED
    assert found["telecom"].outcome is Outcome.REGRESSED
    assert found["telecom_no-user"].outcome is Outcome.REGRESSED
    assert found["retail"].outcome is not Outcome.REGRESSED
    assert found["airline"].outcome is Outcome.INCONCLUSIVE


def test_the_figures_are_those_of_the_recording(agents: tuple[dict[str, Run], list[Case]]) -> None:
    runs, cases = agents

    whole = gate(runs["sft"], runs["stock"], cases, [REWARD]).verdicts[0].difference

    assert whole is not None
    assert whole.estimate == pytest.approx(-0.207, abs=5e-4)
    assert (whole.better, whole.worse, whole.unchanged) == (11, 40, 89)
    assert (whole.baseline, whole.candidate) == pytest.approx((111 / 140, 82 / 140))
    assert (whole.cases, whole.groups) == (140, 100)


def test_retail_is_no_proof_of_no_drop_either(agents: tuple[dict[str, Run], list[Case]]) -> None:
    runs, cases = agents

    retail = _sliced(gate(runs["sft"], runs["stock"], cases, [REWARD]))["retail"]

    assert retail.outcome is Outcome.INCONCLUSIVE
    assert retail.difference is not None
    assert retail.difference.estimate == 0
    assert retail.difference.baseline == retail.difference.candidate
    assert retail.needed_cases is not None
    assert retail.needed_cases > 40


def test_promoting_the_tuned_model_passes(agents: tuple[dict[str, Run], list[Case]]) -> None:
    runs, cases = agents

    result = gate(runs["stock"], runs["sft"], cases, [REWARD])

    assert result.outcome is Outcome.PASSED
    assert _sliced(result)["telecom"].outcome is Outcome.PASSED
    assert not [verdict for verdict in result.verdicts if verdict.outcome is Outcome.REGRESSED]
