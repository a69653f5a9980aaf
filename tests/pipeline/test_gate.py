"""What the gate says of two runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from builders import a_case, a_metric, a_run, an_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci.domain.run import Scored, Unanswered, Unscored
from llmci.domain.system import SystemSpec
from llmci.domain.verdict import Outcome, Rule
from llmci.errors import UsageError
from llmci.pipeline.gate import gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult

RULE = Rule(metric="correct", role="primary", tolerance=0.05)
COST = a_metric("cost", kind="ratio", higher_is_better=False, unit="USD")


def a_rule(**changes: Any) -> Rule:
    return replace(RULE, **changes)


def cases_of(size: int, **changes: Any) -> list[Case]:
    return [a_case(f"c{at}", **changes) for at in range(size)]


def run_of(values: Sequence[float], **changes: Any) -> Run:
    return a_run({f"c{at}": value for at, value in enumerate(values)}, **changes)


def right(count: int, of: int) -> list[float]:
    return [1.0] * count + [0.0] * (of - count)


def said(baseline: Sequence[float], candidate: Sequence[float], rule: Rule = RULE, **case: Any) -> GateResult:
    return gate(run_of(baseline), run_of(candidate), cases_of(len(baseline), **case), [rule])


@pytest.mark.parametrize(
    ("before", "after", "of", "outcome"),
    [
        pytest.param(100, 100, 100, Outcome.PASSED, id="unchanged"),
        pytest.param(100, 70, 100, Outcome.REGRESSED, id="thirty-points-worse"),
        pytest.param(70, 100, 100, Outcome.PASSED, id="thirty-points-better"),
        pytest.param(10, 10, 10, Outcome.INCONCLUSIVE, id="too-few-cases"),
        pytest.param(1, 0, 1, Outcome.INCONCLUSIVE, id="one-case"),
        pytest.param(100, 97, 100, Outcome.INCONCLUSIVE, id="three-points-worse"),
        pytest.param(0, 0, 100, Outcome.PASSED, id="both-always-wrong"),
    ],
)
def test_outcomes(before: int, after: int, of: int, outcome: Outcome) -> None:
    assert said(right(before, of), right(after, of)).outcome is outcome


def test_a_regression_is_told_in_words_and_figures() -> None:
    result = said(right(100, 100), right(70, 100))

    assert result.headline == ("correct fell by about 30 points (at least 21.8, 95 % sure)")


def test_an_inconclusive_gate_says_what_would_settle_it() -> None:
    [verdict] = said(right(90, 120), right(87, 120)).verdicts

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "120 cases show a drop of" in verdict.because
    assert verdict.needed_cases is not None
    assert verdict.needed_cases > 120
    assert "would settle a tolerance of 5 points" in verdict.because


def test_counts_and_changes_name_every_case_worst_first() -> None:
    result = said([1, 1, 0, 0], [0, 1, 1, 0])

    [verdict] = result.verdicts
    assert verdict.difference is not None
    assert (verdict.difference.better, verdict.difference.worse, verdict.difference.unchanged) == (1, 1, 2)
    assert [(change.case_id, change.difference) for change in result.changes] == [
        ("c0", -1.0),
        ("c1", 0.0),
        ("c3", 0.0),
        ("c2", 1.0),
    ]


def test_the_weights_of_production_count() -> None:
    # The drop is in cases that stand for a hundredth of the traffic.
    cases = [a_case(f"c{at}", weight=0.99 / 150 if at < 150 else 0.01 / 50) for at in range(200)]

    result = gate(run_of(right(200, 200)), run_of(right(150, 200)), cases, [RULE])

    assert result.verdicts[0].difference is not None
    assert result.verdicts[0].difference.estimate == pytest.approx(-0.01)
    assert result.outcome is not Outcome.REGRESSED


def test_cases_that_depend_on_each_other_are_fewer_observations() -> None:
    before, after = right(120, 120), right(108, 120)
    alone = gate(run_of(before), run_of(after), cases_of(120), [RULE])
    one_conversation_in_six = [a_case(f"c{at}", dependence=f"d{at // 6}") for at in range(120)]

    together = gate(run_of(before), run_of(after), one_conversation_in_six, [RULE])

    assert alone.outcome is Outcome.REGRESSED
    assert together.outcome is Outcome.INCONCLUSIVE
    assert together.verdicts[0].difference is not None
    assert together.verdicts[0].difference.groups == 20
    assert any("20 independent groups" in note for note in together.notes)


# --- slices


def by_app(size: int, apps: Sequence[str]) -> list[Case]:
    return [a_case(f"c{at}", slices={"app": apps[at % len(apps)]}) for at in range(size)]


def test_a_critical_slice_fails_the_run_alone() -> None:
    before = [1.0] * 400
    after = [0.0 if at % 4 == 0 and at < 160 else 1.0 for at in range(400)]
    cases = by_app(400, ["mail", "web", "chat", "voice"])
    beyond = a_rule(fail_on="beyond-margin", tolerance=0.15, slice_by=("app",))

    watched = gate(run_of(before), run_of(after), cases, [beyond])
    critical = gate(run_of(before), run_of(after), cases, [replace(beyond, critical=True)])

    assert watched.outcome is Outcome.PASSED
    assert any("correct in app mail is regressed" in note for note in watched.notes)
    assert critical.outcome is Outcome.REGRESSED
    assert critical.headline.startswith("correct in app mail: correct fell by about 40 points")


def test_every_slice_has_its_own_outcome() -> None:
    cases = by_app(300, ["mail", "web", "chat"])
    after = [0.0 if at % 3 == 0 and at < 90 else 1.0 for at in range(300)]

    result = gate(run_of([1.0] * 300), run_of(after), cases, [a_rule(slice_by=("app",), critical=True)])

    assert {verdict.slice: verdict.outcome for verdict in result.verdicts} == {
        None: Outcome.REGRESSED,
        ("app", "chat"): Outcome.PASSED,
        ("app", "mail"): Outcome.REGRESSED,
        ("app", "web"): Outcome.PASSED,
    }


def test_a_thin_slice_has_too_few_cases_and_cannot_fail_the_run() -> None:
    cases = [a_case(f"c{at}", slices={"app": "rare" if at < 6 else "common"}) for at in range(300)]
    after = [0.0] * 6 + [1.0] * 294

    result = gate(
        run_of([1.0] * 300), run_of(after), cases, [a_rule(slice_by=("app",), critical=True, fail_on="beyond-margin")]
    )

    rare = next(verdict for verdict in result.verdicts if verdict.slice == ("app", "rare"))
    assert rare.outcome is Outcome.INCONCLUSIVE
    assert rare.because == "too few cases: 6, and a slice needs at least 10"
    assert not rare.gating
    assert result.outcome is Outcome.PASSED


def test_a_label_that_no_case_has_is_not_silently_gated() -> None:
    result = gate(
        run_of([1.0] * 100), run_of([1.0] * 100), cases_of(100), [a_rule(slice_by=("region",), critical=True)]
    )

    assert result.outcome is Outcome.NO_EVIDENCE
    assert "no case has a label called region" in result.headline


def test_many_slices_of_an_unchanged_system_raise_no_more_alarms_than_one_gate() -> None:
    random = np.random.default_rng(17)
    cases = by_app(350, ["a", "b", "c", "d", "e", "f", "g"])
    rule = a_rule(slice_by=("app",), critical=True)
    runs = 300
    alarms = 0
    for _ in range(runs):
        hard = random.random(350)
        before, after = ((random.random(350) < 0.6 + 0.4 * (hard < 0.7)).astype(float) for _ in range(2))
        alarms += gate(run_of(before), run_of(after), cases, [rule]).outcome is Outcome.REGRESSED

    assert alarms <= runs * 0.055 + 4.9 * np.sqrt(runs * 0.055)


# --- roles


def test_a_guardrail_fails_only_beyond_its_tolerance_and_does_not_hold_up_a_pass() -> None:
    guardrail = a_rule(role="guardrail", tolerance=0.1)

    assert said(right(100, 100), right(93, 100), guardrail).outcome is Outcome.PASSED
    assert said(right(100, 100), right(70, 100), guardrail).outcome is Outcome.REGRESSED
    assert said(right(10, 10), right(9, 10), guardrail).outcome is Outcome.PASSED


def test_a_watched_metric_decides_nothing() -> None:
    result = said(right(100, 100), right(10, 100), a_rule(role="watch"))

    assert result.outcome is Outcome.PASSED
    assert result.verdicts[0].outcome is Outcome.REGRESSED
    assert any(note.startswith("watch correct is regressed") for note in result.notes)


def test_fail_on_beyond_margin_lets_a_proven_small_drop_be_inconclusive() -> None:
    before, after = right(400, 400), right(384, 400)

    assert said(before, after, a_rule(tolerance=0.03)).outcome is Outcome.REGRESSED
    assert said(before, after, a_rule(tolerance=0.03, fail_on="beyond-margin")).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [("error", Outcome.INCONCLUSIVE), ("pass", Outcome.PASSED), ("fail", Outcome.REGRESSED)],
)
def test_a_rule_says_what_an_inconclusive_verdict_counts_as(policy: str, outcome: Outcome) -> None:
    result = said(right(10, 10), right(10, 10), a_rule(on_inconclusive=policy))

    assert result.outcome is outcome
    assert result.verdicts[0].outcome is Outcome.INCONCLUSIVE
    assert "the change in correct lies between" in result.headline


def test_one_broken_case_that_must_pass_fails_the_run() -> None:
    rule = a_rule(role="must_pass")
    cases = [a_case(f"c{at}", must_pass=at < 3) for at in range(100)]
    after = [1.0] * 100
    after[2] = 0.0

    result = gate(run_of([1.0] * 100), run_of(after), cases, [rule])

    assert result.outcome is Outcome.REGRESSED
    assert result.headline == "1 case that must pass is broken: c2"


def test_a_case_that_must_pass_may_fail_one_try_of_three() -> None:
    cases = [a_case("a", must_pass=True)]
    tries = [Scored(case_id="a", repeat=at, metric="correct", value=value) for at, value in enumerate([1.0, 0.0, 1.0])]
    run = a_run({"a": 1}, scores=tries, repeats=3)

    assert gate(run, run, cases, [a_rule(role="must_pass")]).outcome is Outcome.PASSED


def test_a_must_pass_rule_without_such_cases_is_not_green() -> None:
    assert said(right(9, 9), right(9, 9), a_rule(role="must_pass")).outcome is Outcome.NO_EVIDENCE


# --- costs and latency


def costs(factor: float, size: int = 400) -> list[float]:
    return [factor * (1 + at % 7) / 100 for at in range(size)]


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(1.0, Outcome.PASSED), (1.02, Outcome.PASSED), (1.3, Outcome.REGRESSED), (0.5, Outcome.PASSED)],
)
def test_a_cost_guardrail_is_a_share_of_the_baseline(factor: float, outcome: Outcome) -> None:
    rule = Rule(metric="cost", role="guardrail", tolerance=0.10)

    result = gate(run_of(costs(1), metric=COST), run_of(costs(factor), metric=COST), cases_of(400), [rule])

    [verdict] = result.verdicts
    assert verdict.difference is not None
    assert result.outcome is outcome
    assert verdict.difference.estimate == pytest.approx(1 - factor)
    assert verdict.difference.low < 1 - factor < verdict.difference.high


def test_a_dearer_candidate_is_told_in_percent() -> None:
    rule = Rule(metric="cost", role="guardrail", tolerance=0.10)

    result = gate(run_of(costs(1), metric=COST), run_of(costs(1.3), metric=COST), cases_of(400), [rule])

    assert result.headline.startswith("cost rose by about 30 % (at least ")
    assert result.headline.endswith("%, 95 % sure), and 10 % are tolerated")


def test_an_unknown_cost_is_neither_zero_nor_a_pass() -> None:
    unknown = [Unscored(case_id=f"c{at}", repeat=0, metric="cost", why="no price", fault="case") for at in range(400)]
    both = (a_metric(), COST)
    scores = [Scored(case_id=f"c{at}", repeat=0, metric="correct", value=1) for at in range(400)]
    priced = [Scored(case_id=f"c{at}", repeat=0, metric="cost", value=0.01) for at in range(400)]
    before = replace(run_of([1.0] * 400), metrics=both, scores=(*scores, *unknown))
    after = replace(run_of([1.0] * 400), metrics=both, scores=(*scores, *priced))

    guarded = gate(before, after, cases_of(400), [RULE, Rule(metric="cost", role="guardrail", tolerance=0.1)])
    required = gate(before, after, cases_of(400), [RULE, Rule(metric="cost", role="primary", tolerance=0.1)])

    cost = guarded.verdicts[1]
    assert cost.outcome is Outcome.NO_EVIDENCE
    assert (
        cost.because == "cost is unknown for 400 cases of the baseline (of 400): no price (400 cases of the baseline)"
    )
    assert cost.difference is None
    assert guarded.outcome is Outcome.PASSED
    assert any("cost is unknown" in note for note in guarded.notes)
    assert required.outcome is Outcome.NO_EVIDENCE


def test_latency_counts_slow_answers() -> None:
    metric = a_metric("latency", kind="latency", higher_is_better=False, unit="ms")
    random = np.random.default_rng(2)
    before, after = random.gamma(4, 100, 500), random.gamma(4, 100, 500)
    rule = Rule(metric="latency", role="guardrail", tolerance=0.05)

    same = gate(run_of(before, metric=metric), run_of(after, metric=metric), cases_of(500), [rule])
    slower = gate(run_of(before, metric=metric), run_of(after * 2, metric=metric), cases_of(500), [rule])

    assert same.outcome is Outcome.PASSED
    assert slower.outcome is Outcome.REGRESSED
    assert "the share of slow answers (latency above" in slower.headline


# --- no evidence, not comparable, nothing changed


def test_answers_that_the_system_failed_to_give_count_against_it() -> None:
    lost = [Unanswered(case_id=f"c{at}", repeat=0, why="timed out", fault="system") for at in range(30)]
    given = [an_answer(f"c{at}") for at in range(30, 100)]
    scores = [Scored(case_id=f"c{at}", repeat=0, metric="correct", value=1) for at in range(30, 100)]
    after = run_of([1.0] * 100, answers=[*lost, *given], scores=scores)

    result = gate(run_of([1.0] * 100), after, cases_of(100), [RULE])

    assert result.outcome is Outcome.REGRESSED
    assert any("failed to answer 30 cases" in note for note in result.notes)


@pytest.mark.parametrize(
    ("lost", "outcome"), [(2, Outcome.PASSED), (3, Outcome.NO_EVIDENCE), (100, Outcome.NO_EVIDENCE)]
)
def test_too_many_cases_lost_to_the_infrastructure_are_no_evidence(lost: int, outcome: Outcome) -> None:
    gone = [
        Unscored(case_id=f"c{at}", repeat=0, metric="correct", why="key revoked", fault="infrastructure")
        for at in range(lost)
    ]
    scores = [Scored(case_id=f"c{at}", repeat=0, metric="correct", value=1) for at in range(lost, 100)]

    result = gate(run_of([1.0] * 100), run_of([1.0] * 100, scores=[*gone, *scores]), cases_of(100), [RULE])

    assert result.outcome is outcome
    assert lost > 2 or any("2 cases left out: no value" in note for note in result.notes)


def test_the_share_that_may_be_lost_is_a_setting() -> None:
    scores = [Scored(case_id=f"c{at}", repeat=0, metric="correct", value=1) for at in range(10, 100)]
    runs = run_of([1.0] * 100), run_of([1.0] * 100, scores=scores)

    assert gate(*runs, cases_of(100), [RULE], max_infrastructure_failures=0.1).outcome is Outcome.PASSED


def test_runs_on_different_sets_are_not_comparable() -> None:
    result = gate(run_of([1.0]), run_of([1.0], evalset_digest="other", evalset_version=2), cases_of(1), [RULE])

    assert result.outcome is Outcome.NOT_COMPARABLE
    assert result.headline == "the eval sets differ: main v1 before, main v2 now"
    assert result.verdicts == ()


def test_a_swapped_judge_is_not_comparable() -> None:
    after = run_of([1.0] * 100, metric=a_metric(judge="another"))

    result = gate(run_of([1.0] * 100), after, cases_of(100), [RULE])

    assert result.outcome is Outcome.NOT_COMPARABLE
    assert "judged by no model before and by another now" in result.headline


def test_a_score_out_of_its_range_is_no_evidence() -> None:
    result = said([1.0] * 100, [1.0] * 99 + [7.0])

    assert result.outcome is Outcome.NO_EVIDENCE
    assert "in case c99" in result.headline


def test_weights_that_sum_to_zero_are_no_evidence() -> None:
    assert said([1.0] * 100, [1.0] * 100, weight=0.0).outcome is Outcome.NO_EVIDENCE


def test_negative_weights_are_refused() -> None:
    with pytest.raises(UsageError, match="weights"):
        said([1.0, 1.0], [1.0, 1.0], weight=-1.0)


def test_zero_cases_are_no_evidence() -> None:
    assert gate(run_of([]), run_of([]), [], [RULE]).outcome is Outcome.NO_EVIDENCE


def test_without_a_rule_nothing_is_decided() -> None:
    with pytest.raises(UsageError, match="no gate"):
        gate(run_of([1.0]), run_of([1.0]), cases_of(1), [])


def _live(values: Sequence[float]) -> Run:
    answers = [an_answer(f"c{at}", request_digest=f"request {at}") for at in range(len(values))]
    system = SystemSpec(name="s", kind="litellm", parameters={}, digest="d")
    return run_of(values, answers=answers, system=system)


def test_equal_requests_pass_at_once_because_nothing_changed() -> None:
    result = gate(_live(right(4, 5)), _live(right(3, 5)), cases_of(5), [RULE])

    assert result.outcome is Outcome.PASSED
    assert result.headline == "nothing changed: every request is the same as before"


def test_equal_requests_with_much_worse_answers_pass_with_a_warning() -> None:
    result = gate(_live(right(100, 100)), _live(right(50, 100)), cases_of(100), [RULE])

    assert result.outcome is Outcome.PASSED
    assert any("and yet: correct fell by about 50 points" in note for note in result.notes)


def test_the_first_proven_drop_is_said_even_where_another_gate_has_no_evidence() -> None:
    rules = [RULE, Rule(metric="missing", role="primary", tolerance=0.05)]

    result = gate(run_of(right(100, 100)), run_of(right(50, 100)), cases_of(100), rules)

    assert result.outcome is Outcome.REGRESSED
    assert result.verdicts[1].outcome is Outcome.NOT_COMPARABLE


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0]), st.floats(0, 1)),
        min_size=0,
        max_size=40,
    ),
    st.sampled_from(["primary", "guardrail", "must_pass", "watch"]),
)
def test_any_two_runs_get_an_answer_or_a_refusal(rows: list[tuple[float, float, float]], role: Any) -> None:
    cases = [
        a_case(f"c{at}", weight=row[2], stratum=f"s{at % 3}", dependence=f"d{at // 2}", slices={"app": f"a{at % 2}"})
        for at, row in enumerate(rows)
    ]
    metric = a_metric(kind="graded")
    runs = (run_of([row[side] for row in rows], metric=metric) for side in (0, 1))

    result = gate(*runs, cases, [a_rule(role=role, slice_by=("app",), critical=True, min_cases=1)])

    assert result.headline
    for verdict in result.verdicts:
        if verdict.difference is not None:
            assert -1 <= verdict.difference.low <= verdict.difference.estimate + 1e-9
            assert verdict.difference.estimate - 1e-9 <= verdict.difference.high <= 1


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.001, 1.0, 1e6]), st.sampled_from([0.0, 0.001, 1.0, 1e6])),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["ratio", "latency"]),
    st.sampled_from(["primary", "guardrail", "watch"]),
    st.booleans(),
)
def test_any_two_bills_get_an_answer(rows: list[tuple[float, float]], kind: Any, role: Any, up: object) -> None:
    metric = a_metric(kind=kind, higher_is_better=bool(up))
    runs = (run_of([row[side] for row in rows], metric=metric) for side in (0, 1))

    result = gate(*runs, cases_of(len(rows)), [a_rule(role=role, tolerance=0.1)])

    [verdict] = result.verdicts
    assert verdict.because
    assert verdict.difference is not None
    assert verdict.difference.low <= verdict.difference.high


def test_what_was_free_and_is_not_any_more_is_dearer_without_a_percentage() -> None:
    rule = Rule(metric="cost", role="guardrail", tolerance=0.10)

    result = gate(run_of([0.0] * 50, metric=COST), run_of([0.01] * 50, metric=COST), cases_of(50), [rule])

    assert result.headline == "cost rose from 0 to $0.010"


@pytest.mark.parametrize(("lost", "said_so"), [((0, 12), True), ((12, 0), True), ((6, 6), False), ((0, 5), False)])
def test_faults_of_nobody_that_hit_one_system_alone_are_told(lost: tuple[int, int], said_so: bool) -> None:
    def losing(first: int, last: int) -> Run:
        gone = range(first, last)
        values = {f"c{at}": 1.0 for at in range(1000) if at not in gone}
        answers = [
            Unanswered(case_id=f"c{at}", repeat=0, why="429", fault="infrastructure")
            if at in gone
            else an_answer(f"c{at}")
            for at in range(1000)
        ]
        return a_run(values, answers=answers, case_ids=tuple(f"c{at}" for at in range(1000)))

    result = gate(losing(0, lost[0]), losing(500, 500 + lost[1]), cases_of(1000), [RULE])

    assert result.outcome is Outcome.PASSED
    assert any("may not be a fair sample" in note for note in result.notes) is said_so
