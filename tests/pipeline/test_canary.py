from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from builders import NOON, a_trace

from llmci.core.stats.live import Traffic, traffic_of
from llmci.core.stats.records import records_of_rows
from llmci.core.stats.watch import watch
from llmci.domain.rollout import Action, Criterion, Decision, Exposure, RolloutPlan, Stage
from llmci.pipeline.canary import PAIRED as HALF
from llmci.pipeline.canary import decide, decide_shadow

ERRORS = Criterion(name="errors", kind="error", margin=0.05, base_rate=0.05)
PLAN = RolloutPlan(
    name="bot",
    control="old",
    treatment="new",
    stages=tuple(Stage(share=share) for share in (0.05, 0.25, 1.0)),
    criteria=(ERRORS,),
)


def traffic(rows: list[dict[str, Any]], plan: RolloutPlan, **told: Any) -> Traffic:
    return traffic_of(records_of_rows(rows, plan), plan, **told)


def decided(
    rows: list[dict[str, Any]], plan: RolloutPlan, *, share: float, held_hours: float | None = None
) -> Decision:
    return decide(watch(traffic(rows, plan), plan, share=share), plan, held_hours=held_hours)


def decided_in_pairs(rows: list[dict[str, Any]]) -> Decision:
    return decide_shadow(watch(traffic(rows, PAIRED, in_pairs=True), PAIRED, share=HALF), PAIRED)


def live(n: int, *, old: float, new: float, share: float = 0.25, seed: int = 3) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(n):
        treated = rng.random() < share
        failed = rng.random() < (new if treated else old)
        rows.append(
            a_trace(
                f"t{index}",
                variant="new" if treated else "old",
                start=NOON + timedelta(seconds=index),
                status="error" if failed else "ok",
            )
        )
    return rows


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param(0.05, Action.EXPAND, id="unchanged"),
        pytest.param(0.30, Action.ROLL_BACK, id="much-worse"),
    ],
)
def test_decision_on_enough_traffic(new: float, expected: Action) -> None:
    decision = decided(live(8000, old=0.05, new=new), PLAN, share=0.25)

    assert decision.action is expected


def test_little_traffic_holds() -> None:
    decision = decided(live(60, old=0.05, new=0.05), PLAN, share=0.25)

    assert decision.action is Action.HOLD
    assert decision.next_share == 0.25


def test_no_treatment_traffic_is_no_evidence() -> None:
    rows = [row for row in live(500, old=0.05, new=0.05) if row["variant"] == "old"]

    decision = decided(rows, PLAN, share=0.25)

    assert decision.action is Action.NO_EVIDENCE
    assert "'new'" in decision.because


def test_a_split_that_is_not_the_intended_one_is_no_evidence() -> None:
    decision = decided(live(4000, old=0.05, new=0.05, share=0.4), PLAN, share=0.05)

    assert decision.action is Action.NO_EVIDENCE
    assert "split" in decision.because


def test_a_score_that_nobody_gave_is_never_a_pass() -> None:
    thumbs = Criterion(name="thumbs", kind="score", score="thumbs", margin=0.05)
    plan = RolloutPlan(name="bot", control="old", treatment="new", stages=PLAN.stages, criteria=(ERRORS, thumbs))

    decision = decided(live(4000, old=0.05, new=0.05), plan, share=0.25)

    assert decision.action is Action.NO_EVIDENCE
    assert "thumbs" in decision.because


def test_duplicates_count_once_and_other_variants_are_named() -> None:
    rows = live(100, old=0.05, new=0.05)

    units = traffic([*rows, *rows[:10], a_trace("x", variant="other")], PLAN)

    assert (units.units, units.duplicates, units.strangers) == (100, 10, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (live(400, old=0.05, new=0.05, share=0.5), Action.DONE),
        (live(400, old=0.05, new=0.05, share=1.0), Action.DONE),
        (live(2000, old=0.05, new=0.4, share=0.5), Action.ROLL_BACK),
        (live(400, old=0.05, new=0.05, share=0.0), Action.NO_EVIDENCE),
    ],
    ids=["nothing worse", "nothing left to compare with", "still worse", "none of the candidate"],
)
def test_with_all_of_the_traffic_it_is_done_unless_it_is_worse_or_not_there(
    rows: list[dict[str, Any]], expected: Action
) -> None:
    assert decided(rows, PLAN, share=1.0).action is expected


def by_users(n: int, *, users: int) -> list[dict[str, Any]]:
    """Requests of heavy users, who fail always or never."""
    rng = np.random.default_rng(4)
    fails, arm = rng.random(users) < 0.05, rng.random(users) < 0.25
    who = rng.integers(0, users, n)
    return [
        a_trace(
            f"t{at}",
            variant="new" if arm[user] else "old",
            user_id=f"u{user}",
            start=NOON + timedelta(seconds=at),
            status="error" if fails[user] else "ok",
        )
        for at, user in enumerate(who)
    ]


def test_a_user_counts_once_where_users_are_assigned() -> None:
    units = traffic(by_users(4000, users=400), replace(PLAN, unit="user"))

    assert units.split[1] == units.units == 400
    assert units.mixed == 0


def test_a_look_at_more_traffic_keeps_the_units_seen_before() -> None:
    rows, plan = by_users(4000, users=400), replace(PLAN, unit="user")

    early, late = traffic(rows[:1000], plan).whole(), traffic(rows, plan).whole()

    assert late.values["errors"][: len(early.treated)].tolist() == early.values["errors"].tolist()


def test_feedback_that_may_still_come_is_waited_for_so_that_later_looks_change_nothing() -> None:
    patient = replace(ERRORS, name="thumbs", kind="score", score="thumbs", wait_minutes=10)
    plan = replace(PLAN, criteria=(ERRORS, patient))
    rows = live(1800, old=0.05, new=0.05)

    def seen_after(minutes: int) -> dict[str, Any]:
        """Everybody says something, nine minutes later."""
        told = [
            {**row, "scores": [{"name": "thumbs", "num": 1.0}] if at < 60 * (minutes - 9) else None}
            for at, row in enumerate(rows[: 60 * minutes])
        ]
        return traffic(told, plan, now=NOON + timedelta(minutes=minutes)).whole().values

    early, late = seen_after(20), seen_after(30)

    assert np.isfinite(early["errors"]).sum() == 1200
    assert np.isfinite(early["thumbs"]).sum() == 601
    assert early["thumbs"][:601].tolist() == late["thumbs"][:601].tolist()


def test_users_of_both_variants_are_left_out_and_counted() -> None:
    rows = [a_trace(f"t{at}", variant=arm, user_id="u", start=NOON) for at, arm in enumerate(("old", "new"))]

    units = traffic(rows, replace(PLAN, unit="user"))

    assert (units.mixed, units.split) == (1, (0, 0))


def test_requests_from_the_future_are_left_out() -> None:
    rows = [a_trace("a", variant="old", start=NOON), a_trace("b", variant="old", start=NOON + timedelta(hours=1))]

    assert traffic(rows, PLAN, now=NOON).ahead == 1


@pytest.mark.parametrize(("when_overdue", "expected"), [("hold", Action.HOLD), ("roll back", Action.ROLL_BACK)])
def test_a_stage_that_takes_too_long_asks_for_somebody_or_ends(when_overdue: Any, expected: Action) -> None:
    stages = (Stage(share=0.25, max_hours=24),)
    plan = replace(PLAN, stages=stages, when_overdue=when_overdue)
    rows = live(60, old=0.05, new=0.05)

    assert decided(rows, plan, share=0.25, held_hours=23).action is Action.HOLD
    late = decided(rows, plan, share=0.25, held_hours=25)

    assert late.action is expected
    assert "25 h, longer than the 24 h" in " ".join((*late.notes, late.because))


def test_the_next_stage_is_the_one_after_whatever_the_candidate_has() -> None:
    inside = Stage(share=0.5, only=("internal",))
    plan = replace(PLAN, stages=(inside, *PLAN.stages))

    following = {
        Exposure(0.0): Exposure(0.5, ("internal",)),
        Exposure(0.5, ("internal",)): Exposure(0.05),
        Exposure(0.05): Exposure(0.25),
        Exposure(0.5): Exposure(1.0),
        Exposure(0.3, ("internal",)): Exposure(0.5, ("internal",)),
        Exposure(1.0): Exposure(1.0),
    }

    assert {present: plan.after(present).exposure for present in following} == following
    assert [plan.earlier(present) for present in following] == [0, 0, 1, 3, 0, 3]


PAIRED = replace(PLAN, pair_by="metadata.request")


def mirrored(n: int, *, new: float, alone: int = 0) -> list[dict[str, Any]]:
    """Requests of very different difficulty, answered by both; the candidate also fails at `new` of the others."""
    rng = np.random.default_rng(5)
    rows = []
    for index in range(n):
        hard = rng.random() < 0.3
        for variant in ("old", "new") if index >= alone else ("old",):
            failed = hard or (variant == "new" and rng.random() < new)
            rows.append(
                a_trace(
                    f"t{index}-{variant}",
                    variant=variant,
                    start=NOON + timedelta(seconds=index),
                    status="error" if failed else "ok",
                    metadata=f'{{"request": "r{index}"}}',
                    user_id="anna",
                )
            )
    return rows


@pytest.mark.parametrize(("new", "expected"), [(0.0, Action.EXPAND), (0.15, Action.ROLL_BACK)])
def test_mirrored_answers_are_compared_in_pairs(new: float, expected: Action) -> None:
    decision = decided_in_pairs(mirrored(500, new=new))

    assert decision.action is expected
    assert decision.next_share == (0.05 if expected is Action.EXPAND else 0.0)


def test_pairs_need_far_fewer_requests_than_separate_traffic() -> None:
    apart = decided(live(500, old=0.3, new=0.3, share=0.5), PLAN, share=0.5)
    together = decided_in_pairs(mirrored(250, new=0.0))

    assert together.evidence[0].in_favour > 3 * apart.evidence[0].in_favour


def test_answers_without_a_partner_are_left_out_and_counted() -> None:
    rows = mirrored(100, new=0.0, alone=30)

    units = traffic(rows, PAIRED, in_pairs=True)

    assert (units.split, units.alone) == ((70, 140), 30)
    assert units.whole().treated.tolist() == [False, True] * 70
    assert "30 answers have no partner" in decided_in_pairs(rows).notes[0]


def test_nothing_mirrored_is_no_evidence() -> None:
    decision = decided_in_pairs(mirrored(5, new=0.0, alone=5))

    assert decision.action is Action.NO_EVIDENCE
