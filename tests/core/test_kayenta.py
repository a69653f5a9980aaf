"""Kayenta's verdicts, held against its own test suite's expectations where that data is at hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from llmci.core.stats.kayenta import KayentaRule, hodges_lehmann, kayenta_verdict, mean_inequality

FIXTURES = Path(__file__).parents[3] / "shared" / "data" / "kayenta_fixtures" / "cases.parquet"
RNG = np.random.default_rng(11)


def test_the_interval_covers_the_shift_as_often_as_it_says() -> None:
    covered = [
        low <= 0.5 <= high
        for low, _, high in (hodges_lehmann(RNG.normal(0, 1, 40), RNG.normal(0.5, 1, 50), 0.9) for _ in range(400))
    ]

    assert 0.86 <= np.mean(covered) <= 0.94


def test_an_interval_that_leaves_out_zero_agrees_with_the_test() -> None:
    for _ in range(50):
        control, experiment = RNG.normal(0, 1, 30), RNG.normal(0.5, 1, 30)
        low, _, high = hodges_lehmann(control, experiment, 0.95)
        value = stats.mannwhitneyu(experiment, control, method="asymptotic", use_continuity=False).pvalue
        if abs(value - 0.05) > 0.01:
            assert (low > 0 or high < 0) == (value < 0.05)


def test_no_data_is_never_a_pass() -> None:
    values = np.array([1.0, 2.0, 3.0])

    assert kayenta_verdict(values, np.array([]), KayentaRule()) == "Nodata"
    assert kayenta_verdict(np.array([np.nan]), values, KayentaRule()) == "Nodata"


@pytest.mark.real
@pytest.mark.skipif(not FIXTURES.exists(), reason="kayenta_fixtures are not at hand")
def test_it_says_what_kayenta_expects_in_at_least_34_of_36_cases() -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(FIXTURES).to_pylist()

    said = {row["test"]: _said(row) for row in rows}

    assert sum(said[row["test"]] == row["expected"] for row in rows) >= 34
    assert sum(verdict == "Nodata" for verdict in said.values()) == 2


def _said(row: dict[str, str]) -> str:
    def numbers(name: str) -> tuple[float, ...] | None:
        found = re.search(name + r"\s*=\s*\(?([\d., ]+)", row["params"])
        return tuple(float(n) for n in found[1].strip(" ,").split(",") if n.strip()) if found else None

    control, experiment = (np.array(row[arm], dtype=float) for arm in ("control", "experiment"))
    if row["classifier"] == "MeanInequalityClassifier":
        return mean_inequality(control, experiment)
    rule = KayentaRule(
        direction=row["direction"],
        tolerance=numbers("tolerance")[0],
        level=numbers("confLevel")[0],
        effect="cles" if "cles" in row["params"] else "meanRatio",
        effect_limits=numbers("effectSizeThresholds"),
        critical_limits=numbers("criticalThresholds"),
        zeros_for_missing="NaN Replacement" in row["test"],
    )
    return kayenta_verdict(control, experiment, rule)
