"""How many cases a gate takes is said before anybody is asked."""

from __future__ import annotations

from builders import a_case

from llmci.core.evalsets.needs import needs
from llmci.core.stats.power import cases_needed
from llmci.domain.verdict import Rule


def cases(count: int, **changes: object) -> list:
    return [
        a_case(f"c{n}", weight=1 / count, slices={"app": "shop" if n % 4 else "bank"}, **changes) for n in range(count)
    ]


def test_every_gate_says_what_it_takes_on_all_cases_and_on_each_slice() -> None:
    rules = [
        Rule(metric="right", role="primary", tolerance=0.05, slice_by=("app",)),
        Rule(metric="safe", role="watch", tolerance=0.05),
    ]

    found = needs(cases(200), rules, discordance=0.1)

    assert [(need.metric, need.slice, need.cases) for need in found] == [
        ("right", None, 200),
        ("right", ("app", "shop"), 150),
        ("right", ("app", "bank"), 50),
    ]
    wanted = cases_needed(0.1, 0.05)
    assert all(abs(need.takes - wanted) <= 1 for need in found)
    assert 0.05 < found[0].notices < found[1].notices < found[2].notices


def test_slices_that_can_fail_a_run_share_its_error_rate() -> None:
    alone = needs(cases(200), [Rule(metric="right", role="primary", tolerance=0.05)], discordance=0.1)
    rule = Rule(metric="right", role="primary", tolerance=0.05, slice_by=("app",), critical=True)

    shared = needs(cases(200), [rule], discordance=0.1)

    assert shared[0].takes > alone[0].takes


def test_cases_that_say_the_same_and_those_kept_for_releases_do_not_count() -> None:
    rule = Rule(metric="right", role="primary", tolerance=0.05)

    [alike] = needs(cases(200, dependence="one conversation") + cases(200), [rule], discordance=0.1)
    [held] = needs(cases(200) + cases(50, holdout=True), [rule], discordance=0.1)

    assert alike.worth < 400
    assert alike.takes > held.takes
    assert held.cases == 200


def test_nothing_is_said_without_gates_or_cases() -> None:
    assert needs(cases(20), [], discordance=0.1) == []
    assert needs([], [Rule(metric="right", role="primary", tolerance=0.05)], discordance=0.1) == []
