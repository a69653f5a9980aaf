"""Agreement, kappa and intervals against statsmodels, and what they let a judge do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from llmci.core.judging.labels import Menu, verdict_of
from llmci.core.judging.trust import Labelled, Use, trust_in
from llmci.core.stats.agreement import agreement_of, longer_share, wilson

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(of=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_is_that_of_statsmodels(of: int, share: float) -> None:
    found = wilson(round(of * share), of)

    assert (found.low, found.high) == pytest.approx(
        proportion_confint(round(of * share), of, method="wilson"), abs=1e-9
    )


def test_nothing_seen_is_nothing_known() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


@pytest.mark.parametrize("table", [[[20, 5], [10, 15]], [[45, 15], [25, 15]], [[14, 21], [9, 6]], [[22, 24], [1, 3]]])
def test_kappa_is_that_of_statsmodels(table: list[list[int]]) -> None:
    cells = [(said, right, table[not said][not right]) for said in (True, False) for right in (True, False)]
    judge = [said for said, _, count in cells for _ in range(count)]
    human = [right for _, right, count in cells for _ in range(count)]
    oracle = cohens_kappa(np.array(table))

    kappa = agreement_of(judge, human).kappa

    assert kappa.value == pytest.approx(oracle.kappa)
    assert (kappa.low, kappa.high) == pytest.approx((oracle.kappa_low, oracle.kappa_upp))


@given(PAIRS)
def test_every_interval_holds_its_estimate(pairs: list[tuple[bool, bool]]) -> None:
    found = agreement_of([judge for judge, _ in pairs], [human for _, human in pairs])

    for estimate in (found.agreement, found.kappa, found.sensitivity, found.specificity, found.informedness):
        assert estimate is None or -1 <= estimate.low <= estimate.value + 1e-12 <= estimate.high + 2e-12 <= 1.001


def test_no_verdicts_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="at least one"):
        agreement_of([], [])


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40))
def test_longer_share_is_the_area_under_the_curve(items: list[tuple[int, bool]]) -> None:
    passed, failed = ([size for size, passed in items if passed is wanted] for wanted in (True, False))

    share = longer_share([size for size, _ in items], [passed for _, passed in items])

    if passed and failed:
        assert share == pytest.approx(mannwhitneyu(passed, failed).statistic / (len(passed) * len(failed)))
    else:
        assert share is None


def labelled(right_pass: int, wrong_pass: int, wrong_fail: int, right_fail: int, unread: int = 0) -> list[Labelled]:
    counts = {
        Labelled(judge=True, human=True): right_pass,
        Labelled(judge=True, human=False): wrong_pass,
        Labelled(judge=False, human=True): wrong_fail,
        Labelled(judge=False, human=False): right_fail,
        Labelled(judge=None, human=True): unread,
    }
    return [item for item, count in counts.items() for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "use", "because"),
    [
        ((55, 5, 5, 55), Use.GATE, ""),
        ((40, 2, 2, 40), Use.WATCH, "84 labels are too few"),
        ((80, 20, 20, 30), Use.WATCH, "agreement may be as low as"),
        ((110, 9, 1, 5), Use.WATCH, "of a true difference comes through"),
        ((120, 0, 5, 0), Use.WATCH, "people passed everything"),
        ((55, 5, 5, 55, 5), Use.WATCH, "are not on the menu"),
        ((55, 5, 5, 55, 20), Use.REFUSED, "are not on the menu"),
        ((14, 21, 9, 6), Use.REFUSED, "no more than chance"),
        ((60, 60, 0, 0), Use.REFUSED, "no more than chance"),
        ((0, 0, 0, 0, 9), Use.REFUSED, "no verdict could be read"),
    ],
)
def test_what_a_judge_may_be_used_for(counts: tuple[int, ...], use: Use, because: str) -> None:
    trust = trust_in(labelled(*counts))

    assert trust.use is use
    assert because in "; ".join(trust.because)


@pytest.mark.parametrize(
    ("value", "menu", "expected"),
    [
        (True, Menu(), True),
        (0.0, Menu(), False),
        (1, Menu(), True),
        ("1.0", Menu(), True),
        (0.7, Menu(), None),
        (0.7, Menu(cut=0.5), True),
        ("4", Menu(cut=4), True),
        ("Yes", Menu(), True),
        ('{"verdict": "fail"}', Menu(), False),
        ("satisfied", Menu(), None),
        ("Satisfied", Menu(passing=("satisfied",)), True),
        (None, Menu(), None),
        (float("nan"), Menu(cut=0), None),
        ([], Menu(), None),
        ("", Menu(), None),
    ],
)
def test_labels_as_they_come(value: object, menu: Menu, expected: bool | None) -> None:
    assert verdict_of(value, menu) is expected
