"""Looks at the gates: which cases each one sees, and that nobody can choose them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from builders import a_case

from llmci.core.bench.schedule import at_once, in_looks, interleaved
from llmci.core.stats.sequential import LOOKS, Look, plan
from llmci.domain.verdict import Rule


def cases(number: int, **changes: Any) -> list[Any]:
    return [a_case(f"c{at:04}", **changes) for at in range(number)]


def a_rule(**changes: Any) -> Rule:
    return Rule(**{"metric": "correct", "role": "primary", "tolerance": 0.1} | changes)


def looks(of: list[Any], *rules: Rule, **changes: Any) -> Any:
    given: dict[str, Any] = {"tries": 1, "discordance": 0.1, "extend": False, "sequential": True, "seeds": ["s", "c"]}
    return in_looks(of, rules or [a_rule()], **given | changes)


def test_the_most_that_is_asked_comes_from_the_tolerance_and_not_from_the_set() -> None:
    planned = looks(cases(2000))

    assert planned.looks[-1] == 186  # 168 cases notice 10 points 9 times in 10, and 11 % for looking early
    assert len(planned.looks) == LOOKS
    assert looks(cases(2000), a_rule(tolerance=0.05)).looks[-1] == 579
    assert looks(cases(2000), a_rule(), a_rule(metric="cost", role="guardrail")).looks[-1] > 186


def test_a_set_that_is_too_small_is_asked_whole_or_twice() -> None:
    assert looks(cases(120)).looks[-1] == 120
    assert looks(cases(120), extend=True).looks[-1] == 186
    assert looks(cases(60), extend=True).looks[-1] == 120
    assert looks(cases(120), extend=True, sequential=False).looks == (120, 186)
    assert looks(cases(2000), extend=True, sequential=False).looks == (2000,)


def test_every_try_is_asked_once_and_second_tries_last() -> None:
    planned = looks(cases(60), extend=True, tries=2)
    asked = [one for at in range(len(planned.looks)) for one in planned.batch(at)]

    assert Counter((case.case_id, repeat) for case, repeat in asked) == Counter(
        {(f"c{at:04}", repeat): 1 for at in range(60) for repeat in range(4)}
    )
    half = planned.looks.index(60)
    assert {repeat for _, repeat in planned.upto(half)} == {0, 1}
    assert (planned.repeats(half), planned.repeats(len(planned.looks) - 1)) == (2, 4)


def test_cases_that_must_pass_are_asked_first_and_weighed_in_their_turn() -> None:
    of = cases(400)
    of[7] = a_case("must", must_pass=True)
    planned = looks(of, a_rule(), a_rule(role="must_pass"))

    assert "must" in {case.case_id for case, _ in planned.batch(0)}
    assert sum(case.case_id == "must" for case, _ in planned.upto(len(planned.looks) - 1)) == 1
    first = planned.looks[0]
    weighed = [case.case_id for case in planned.order[:first]]
    assert planned.case_ids(0) == (*weighed, *(["must"] if "must" not in weighed else []))


def test_the_order_hangs_on_the_digests_and_on_nothing_else() -> None:
    of = cases(300)

    assert interleaved(of, "a") == interleaved(of[::-1], "a") != interleaved(of, "b")


def test_every_beginning_holds_each_stratum_as_often_as_the_whole() -> None:
    of = [a_case(f"c{at:04}", stratum="rare" if at % 10 == 0 else "common") for at in range(300)]

    for asked in (30, 100, 170):
        rare = sum(case.stratum == "rare" for case in interleaved(of, "a")[:asked])
        assert rare == pytest.approx(asked / 10, abs=2)


def test_dependent_cases_are_asked_one_after_the_other() -> None:
    of = [a_case(f"c{at:04}", dependence=f"g{at % 50}") for at in range(200)]
    order = [case.dependence for case in interleaved(of, "a")]

    assert sum(before != after for before, after in pairwise(order)) == 49


def test_one_look_knows_of_no_schedule() -> None:
    planned = at_once(cases(20), tries=3, seed=1)

    assert planned.seen_at(0) is None
    assert len(planned.batch(0)) == 60


@pytest.mark.parametrize("at", [0, 4, 9])
def test_evidence_at_a_look_is_the_rate_whose_boundary_it_reaches(at: int) -> None:
    sizes = [round(186 * (k + 1) / 10) for k in range(10)]
    here = Look(tuple(size / 186 for size in sizes), at)

    for rate in (0.05, 0.025, 0.033, 0.004):
        boundary = plan(sizes, rate)
        assert here.levels(rate) == (boundary.fail[at], boundary.succeed[at])
        assert here.drop(boundary.fail[at]) == pytest.approx(rate, rel=0.01)
        assert here.none(boundary.succeed[at]) == pytest.approx(rate, rel=0.01)
    assert here.drop(0.05) > 0.05
    assert here.drop(1.0) == here.none(0.9999) == 1.0
    assert Look((1.0,), 0).drop(0.0371) == 0.0371
