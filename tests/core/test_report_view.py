from __future__ import annotations

import base64
import gzip
from dataclasses import replace

import orjson
import pytest
from builders import a_case, a_metric, a_run, an_evalset
from report_builders import a_difference, a_report, a_result, a_verdict

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.packing import Packing
from llmci.core.reporting.view import Change
from llmci.domain.run import Looks, PastScores, Unanswered, Unscored
from llmci.domain.verdict import Outcome
from llmci.seams import ReportInput


def two_runs(before: float | None, after: float | None, **metric: object) -> ReportInput:
    def run(value: float | None) -> object:
        unscored = [Unscored(case_id="c1", repeat=0, metric="correct", why="no judge", fault="infrastructure")]
        measured = a_metric(**metric)
        return a_run({"c1": value or 0.0}, metric=measured, scores=unscored if value is None else None)

    return ReportInput(result=a_result(), baseline=run(before), candidate=run(after), evalset=an_evalset([a_case()]))


@pytest.mark.parametrize(
    ("before", "after", "metric", "expected"),
    [
        pytest.param(1.0, 0.0, {}, Change.REGRESSED, id="right-then-wrong"),
        pytest.param(0.0, 1.0, {}, Change.IMPROVED, id="wrong-then-right"),
        pytest.param(0.0, 0.0, {}, Change.FAILING, id="wrong-both-times"),
        pytest.param(1.0, 1.0, {}, Change.UNCHANGED, id="right-both-times"),
        pytest.param(1.0, None, {}, Change.UNSCORED, id="not-scored"),
        pytest.param(0.2, 0.4, {"kind": "graded", "higher_is_better": False}, Change.REGRESSED, id="less-is-better"),
    ],
)
def test_how_a_case_fared(
    before: float | None, after: float | None, metric: dict[str, object], expected: Change
) -> None:
    [case] = view_of(two_runs(before, after, **metric)).cases

    assert case.change is expected


def test_a_case_that_got_no_answer_any_more_is_told_apart_from_a_wrong_one() -> None:
    failed = Unanswered(case_id="c1", repeat=0, why="timed out", fault="system")
    report = ReportInput(
        result=a_result(), baseline=a_run({"c1": 1.0}), candidate=a_run({"c1": 0.0}, answers=[failed]), evalset=None
    )

    [case] = view_of(report).cases

    assert case.change is Change.ERRORED


def test_cases_come_worst_first_and_always_in_the_same_order() -> None:
    view = view_of(a_report())

    order = [list(Change).index(case.change) for case in view.cases]
    assert order == sorted(order)
    assert [case.case_id for case in view.cases] == [case.case_id for case in view_of(a_report()).cases]


def test_the_counts_of_changes_add_up_to_the_cases() -> None:
    view = view_of(a_report())

    assert sum(count for _, count in view.counts) == len(view.cases)


def test_slices_are_ranked_by_damage_with_proven_drops_first() -> None:
    verdicts = (
        a_verdict(Outcome.INCONCLUSIVE, slice=("app", "unsure"), difference=a_difference(-0.5, -0.9, 0.1)),
        a_verdict(Outcome.REGRESSED, slice=("app", "small"), difference=a_difference(-0.1, -0.2, -0.01, cases=10)),
        a_verdict(Outcome.REGRESSED, slice=("app", "large"), difference=a_difference(-0.1, -0.2, -0.01, cases=90)),
    )
    view = view_of(a_report(result=a_result(verdicts=verdicts)))

    assert [row.value for row in view.slices[:3]] == ["large", "small", "unsure"]


def test_a_slice_without_a_gate_is_described_and_not_judged() -> None:
    rows = [row for row in view_of(a_report()).slices if row.label == "language"]

    assert {row.value for row in rows} == {"en", "fr"}
    assert all(row.mark is None for row in rows)


def test_a_dearer_candidate_reads_as_a_rise_of_the_cost() -> None:
    found = a_difference(-0.04, -0.06, -0.02, baseline=0.0071, candidate=0.0074)
    report = two_runs(0.0071, 0.0074, kind="ratio", unit="USD", higher_is_better=False)
    result = a_result(verdicts=(a_verdict(Outcome.PASSED, difference=found),))

    [row] = view_of(
        ReportInput(result=result, baseline=report.baseline, candidate=report.candidate, evalset=None)
    ).gates

    assert (row.baseline, row.candidate, row.change) == ("$0.0071", "$0.0074", "+4 %")
    assert row.plausible == "+2 … +6 %"


def test_an_unknown_cost_is_unknown_and_not_free() -> None:
    [row] = [row for row in view_of(a_report()).spending if row.name == "cost of all answers"]

    assert (row.baseline, row.candidate, row.change) == ("$0.85", "unknown", "-")


def test_without_texts_no_question_answer_or_reason_is_in_the_view() -> None:
    report = a_report(10, texts=("SECRET",))
    bare = view_of(
        ReportInput(result=report.result, baseline=report.baseline, candidate=report.candidate, evalset=None),
        texts=False,
    )

    assert "SECRET" not in repr(bare)


def test_a_list_of_all_cases_holds_no_texts_and_each_gives_its_own_on_request() -> None:
    view = view_of(a_report(9))

    assert not any(case.tries or case.turns or case.reference for case in view.cases)
    whole = view.whole(view.cases[0])
    assert whole.tries
    assert whole.turns
    assert (whole.case_id, whole.change) == (view.cases[0].case_id, view.cases[0].change)


def test_texts_that_do_not_fit_are_left_out_the_least_telling_first() -> None:
    view = view_of(a_report(600))
    whole = Packing(view, 10_000_000)
    chunks = list(whole.chunks())

    part = Packing(view, whole.index_chars + sum(map(len, chunks[:2])))

    assert list(part.chunks()) == chunks[:2]
    assert (whole.kept, part.kept) == (600, 200)


# --- how far to trust it, and what came before ----------------------------------------------------


def test_earlier_runs_stand_oldest_first_under_the_metric_of_the_lists() -> None:
    report = a_report(9)
    ids, name = report.candidate.case_ids, view_of(report).deciding or ""
    past = tuple(
        PastScores(
            run_id=f"run-{day}",
            system="app",
            finished_at=f"2026-01-0{day}T00:00:00+00:00",
            metric=metric,
            values={ids[0]: day / 10},
        )
        for day in (2, 1)
        for metric in (name, "another")
    )

    view = view_of(replace(report, history=past))

    assert view.history is not None
    assert [when for when, _ in view.history.runs] == ["2026-01-01 00:00 UTC", "2026-01-02 00:00 UTC"]
    [chunk] = Packing(view, 10_000_000).chunks()
    fields = orjson.loads(gzip.decompress(base64.b64decode(chunk)))
    row = next(at for at, case in enumerate(view.cases) if case.case_id == ids[0])
    assert fields[row]["h"] == [0.1, 0.2]
    assert sum("h" in case for case in fields) == 1


def test_a_sequential_bench_tells_its_path_and_what_it_did_not_need() -> None:
    report = a_report(9)
    looks = Looks(planned=(3, 6, 9), taken=2, order="x")

    rows = view_of(replace(report, candidate=replace(report.candidate, looks=looks))).looks

    assert [(row.cases, row.taken) for row in rows] == [(3, True), (6, True), (9, False)]
    assert rows[0].worse + rows[0].better <= rows[1].worse + rows[1].better <= 6
    assert view_of(report).looks == ()
