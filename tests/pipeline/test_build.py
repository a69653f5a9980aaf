"""What a set says of its traffic: shares, references, sides and groups, whatever the order that the traffic came in."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_batch, a_message, a_trace

from llmci.core.bench.schedule import design
from llmci.core.evalsets.cases import LabelledTrace
from llmci.core.evalsets.dependence import dependence_groups
from llmci.core.evalsets.holdout import held_out, question_id, sides_before
from llmci.core.evalsets.standing import Standing
from llmci.core.evalsets.survey import surveyed
from llmci.core.privacy.mint import sanitized_batch
from llmci.core.stats.power import cases_needed
from llmci.domain.settings import EvalsetSettings
from llmci.pipeline.build import Lineage, asked_of, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet

CORRECTION = "score:correction"
# A batch for each trace would take most of the time.
VOUCHES = sanitized_batch(a_batch([a_trace()]))


def labelled(
    trace_id: str,
    question: str,
    *,
    rank: int = 10**6,
    cluster: str = "all",
    flags: Sequence[str] = (),
    near: str | None = None,
    **columns: Any,
) -> LabelledTrace:
    trace = a_trace(trace_id, question, **columns)
    label = {
        "cluster_name": cluster,
        "topic_name": "t",
        "flags": list(flags),
        "anomaly_rank": rank,
        "near_duplicate_of": near,
        "verdicts": [],
        "feedback": columns.get("feedback"),
    }
    return LabelledTrace(trace=trace, label=label, batch=VOUCHES)


def corrected(trace_id: str, question: str, text: str, **columns: Any) -> LabelledTrace:
    said = [{"name": "correction", "text": text, "annotator": "human"}]
    return labelled(trace_id, question, scores=said, **columns)


def built(
    found: Sequence[LabelledTrace],
    previous: EvalSet | None = None,
    reviewed: frozenset[str] = frozenset(),
    **settings: Any,
) -> EvalSet:
    chosen = EvalsetSettings(**settings)
    lineage = Lineage(
        version=1 if previous is None else previous.version + 1,
        previous=previous,
        sanitize_digest="d",
        schema_fingerprint="f",
        now=NOON.isoformat(),
        reviewed=reviewed,
        sides=sides_before([] if previous is None else [previous], share=chosen.holdout),
    )
    return build(surveyed(found, asked_of(chosen, lineage)), lambda _: found, chosen, [], lineage)


def asked(evalset: EvalSet, question: str) -> Case:
    [case] = [case for case in evalset.cases if case.messages[0].parts[0].text == question]
    return case


def test_the_order_of_the_traffic_changes_nothing() -> None:
    found = [
        corrected(
            f"t{n}",
            f"question {n % 70}",
            f"answer {n}",
            cluster=f"c{n % 5}",
            session_id=f"s{n % 90}",
            user_id=f"u{n % 40}",
            metadata=f'{{"task": "{n % 50}"}}',
            start=NOON + timedelta(minutes=n % 7),
        )
        for n in range(300)
    ]
    for settings in ({}, {"key": "metadata.task"}, {"reference": CORRECTION, "holdout": 0.2}):
        shuffled = found[:]
        random.Random(3).shuffle(shuffled)
        assert built(shuffled, size=40, **settings).digest == built(found, size=40, **settings).digest


def test_a_correction_goes_before_a_liked_answer_of_another_trace_and_the_newest_before_older_ones() -> None:
    found = [
        labelled("a", "where", feedback=1.0),
        corrected("b", "where", "In Rome.", start=NOON - timedelta(days=2)),
        corrected("c", "where", "In Lyon.", start=NOON),
        corrected("d", "where", "In Nice.", start=NOON - timedelta(days=1)),
    ]
    case = asked(built(found, reference=[CORRECTION, "output"]), "where")

    assert (case.reference, case.reference_origin) == ("In Lyon.", CORRECTION)


def test_an_answer_that_was_liked_stays_the_reference_when_newer_ones_are_liked_too() -> None:
    found = [
        labelled(f"t{n}", "where", feedback=1.0, answer=f"Answer {n}.", start=NOON + timedelta(days=n))
        for n in range(5)
    ]

    assert asked(built(found, reference="output"), "where").reference == "Answer 0."


def test_a_correction_of_an_earlier_version_goes_before_a_liked_answer_of_today() -> None:
    from llmci.core.evalsets.said import said_before, with_what_was_said

    places = (CORRECTION, "output")
    before = built([corrected("b", "where", "In Rome.")], reference=list(places))
    now = asked(built([labelled("a", "where", feedback=1.0)], reference=list(places)), "where")
    assert now.reference_origin == "output"

    kept = with_what_was_said(now, said_before([before], places, ()), places)

    assert (kept.reference, kept.reference_origin) == ("In Rome.", CORRECTION)


def test_the_most_unusual_of_a_part_of_the_labelled_traffic_are_found() -> None:
    # Ranks are those among all that was labelled; this window holds none of the first thousand.
    found = [labelled(f"t{n}", f"question {n}", rank=1001 + n) for n in range(500)]

    evalset = built(found, size=50)

    unusual = {f"question {n}" for n in range(10)}
    assert sum(case.messages[0].parts[0].text in unusual for case in evalset.cases) == 10


def test_a_case_never_changes_the_side_that_it_is_kept_on() -> None:
    def week(number: int) -> list[LabelledTrace]:
        # The same questions each week; other people ask them, and some new ones, so that groups change.
        return [
            labelled(
                f"{number}-{n}", f"question {n if n < 150 else n + 1000 * number}", user_id=f"u{(n * number) % 60}"
            )
            for n in range(300)
        ]

    before = built(week(1), size=200, holdout=0.2)
    after = built(week(7), before, size=200, holdout=0.2)

    sides = {case.case_id: case.holdout for case in before.cases}
    stay = [case for case in after.cases if case.case_id in sides]
    assert len(stay) > 50
    assert all(case.holdout == sides[case.case_id] for case in stay)
    assert 0.1 < sum(case.holdout for case in after.cases) / len(after.cases) < 0.3


def test_a_new_system_prompt_moves_no_question_to_the_other_side() -> None:
    def under(prompt: str) -> list[LabelledTrace]:
        return [
            labelled(
                f"{prompt}-{n}",
                f"question {n}",
                input={
                    "kind": "messages",
                    "messages": [a_message("system", prompt), a_message("user", f"question {n}")],
                },
            )
            for n in range(100)
        ]

    before = built(under("Be kind."), size=80, holdout=0.3)
    after = built(under("Be brief."), before, size=80, holdout=0.3)

    sides = {question_id(case): case.holdout for case in before.cases}
    again = [case for case in after.cases if question_id(case) in sides]
    assert len(again) > 50
    assert not {case.case_id for case in before.cases} & {case.case_id for case in after.cases}
    assert all(case.holdout == sides[question_id(case)] for case in again)


def test_what_was_reviewed_is_asked_before_a_release() -> None:
    found = [labelled(f"t{n}", f"question {n}") for n in range(60)]
    reviewed = frozenset(f"t{n}" for n in range(20))

    evalset = built(found, reviewed=reviewed, size=60, holdout=0.5)

    assert sum(case.holdout for case in evalset.cases) == 30
    assert not any(case.holdout for case in evalset.cases if case.origin.trace_id in reviewed)


def test_the_hold_out_is_as_large_as_was_asked_although_groups_are_few_and_unequal() -> None:
    groups = {f"{group}-{n}": str(group) for group in range(40) for n in range(1 + group % 9)}

    for seed in range(20):
        held = held_out(groups, {}, share=0.1, seed=seed)
        assert len(held) == pytest.approx(0.1 * len(groups), abs=1)
        assert all(
            (other in held) == (case_id in held)
            for case_id in groups
            for other in groups
            if groups[case_id] == groups[other]
        )


def test_what_hangs_together_with_a_case_that_was_asked_is_not_held_out() -> None:
    groups = {"asked": "g", "new": "g", "kept": "h", "other": "h"}

    assert held_out(groups, {"asked": False, "kept": True}, share=0.5, seed=1) == {"kept", "other"}


def test_conversations_of_one_user_are_one_group_but_not_those_of_a_service_account() -> None:
    found = [labelled(f"t{n}", f"question {n}", session_id=f"s{n}", user_id=f"u{n // 4}") for n in range(100)]
    found += [labelled(f"b{n}", f"bot {n}", session_id=f"b{n // 2}", user_id="bot") for n in range(40)]

    groups = [case.dependence for case in built(found).cases]

    assert len(set(groups)) == 25 + 20


def test_ties_join_through_others() -> None:
    ties = {"a": ["group 1"], "b": ["group 1", "input 2"], "c": ["input 2"], "d": ["group 3"]}

    assert dependence_groups(ties, dict.fromkeys(ties, 0.25)) == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_a_case_whose_traffic_is_gone_is_in_the_slice_of_the_cluster_that_it_stands_for_now() -> None:
    before = built([labelled(f"a{n}", f"old {n}", cluster="money back") for n in range(5)])
    stays = {case.case_id: Standing(stratum="refunds", topic="t", failed=False) for case in before.cases}
    lineage = Lineage(
        version=2,
        previous=before,
        sanitize_digest="d",
        schema_fingerprint="f",
        now=NOON.isoformat(),
        standing=stays,
    )
    now = [labelled(f"b{n}", f"new {n}", cluster="refunds") for n in range(20)]

    settings = EvalsetSettings(size=8)
    evalset = build(surveyed(now, asked_of(settings, lineage)), lambda _: now, settings, [], lineage)

    assert sum(case.case_id in stays for case in evalset.cases) == 5
    assert {case.slices["cluster"] for case in evalset.cases} == {"refunds"}


@pytest.mark.parametrize("where", ["written", "drawn"])
def test_a_hand_written_case_that_is_kept_for_releases_is_kept_when_traffic_asks_it_too(where: str) -> None:
    from dataclasses import replace

    from llmci.core.evalsets.further import with_further

    [case] = built([labelled("a", "where")]).cases
    drawn, written = replace(case, holdout=where == "drawn"), replace(case, holdout=where == "written")

    [merged], _ = with_further([drawn], (), [written], "hand-written")

    assert merged.holdout


def test_a_set_that_is_to_notice_a_drop_does_so_without_what_is_kept_for_releases() -> None:
    found = [labelled(f"t{n}", f"question {n}", cluster=f"c{n % 7}", session_id=f"s{n}") for n in range(700)]

    evalset = built(found, detect=0.15, holdout=0.3)

    asked = [case for case in evalset.cases if not case.holdout]
    needed = cases_needed(0.1, 0.15)
    assert needed <= len(asked) / design(asked) < 1.3 * needed
    assert evalset.parameters["detects"] <= 0.15  # type: ignore[operator]


def test_cases_of_the_same_few_conversations_are_not_paid_for_twice() -> None:
    found = [labelled(f"t{n}", f"question {n}", session_id=f"s{n % 30}") for n in range(700)]

    evalset = built(found, detect=0.15)

    assert len(evalset.cases) < 1.5 * cases_needed(0.1, 0.15)
    assert evalset.parameters["detects"] > 0.15  # type: ignore[operator]


def test_questions_that_many_ask_do_not_make_one_group_of_all_users() -> None:
    found = [
        labelled(f"t{n}", f"question {n}", user_id=f"u{n % 80}", near=f"popular {n % 40}" if n % 2 else None)
        for n in range(300)
    ]

    shares = Counter(case.dependence for case in built(found, size=300).cases)

    assert max(shares.values()) <= 300 / 30
    assert len(shares) > 40
