"""How far a report says that its numbers can be trusted: drift of the set, judges, privacy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import a_metric
from report_builders import a_drift, a_report

from llmci.core.judging.calibration import Calibration, calibration_of
from llmci.core.judging.trust import Labelled, Use, trust_in
from llmci.core.reporting.bars import tallies
from llmci.core.reporting.compose import view_of
from llmci.core.reporting.privacy import PrivacyView, privacy_view

DRIFT = a_drift("refund") | {
    "verdict": "main v1 represents 88% of this traffic; 1 new topic; rebuild the set.",
    "measured_at": "2026-01-02T00:00:00+00:00",
    "new_topics": [{"name": "gift card", "inputs": 48, "share": 0.08}],
}


def a_calibration(**changes: object) -> Calibration:
    labelled = [Labelled(number % 10 > 0, number % 9 > 0) for number in range(200)]
    given = {"judge": "j" * 64, "scorer": "polite", "model": "model-x", "checked_at": "2026-01-02T00:00:00Z"}
    slices = {"airline": trust_in(labelled[:90]), "retail": trust_in(labelled[90:])}
    return replace(calibration_of(trust_in(labelled), **given, asked=True, slices=slices), **changes)


# --- drift --------------------------------------------------------------------------------------


def test_drift_shows_shares_before_and_now_with_their_ranges_on_one_scale() -> None:
    drift = view_of(replace(a_report(9), drift=DRIFT)).drift

    assert drift is not None
    assert drift.about == "4,000 traces held against 9,000 traces that the set was drawn from, 2026-01-02 00:00 UTC"
    refund, delivery = drift.clusters
    assert refund.words == "20.0 % (19.2 % … 20.8 %) → 30.0 % (28.6 % … 31.4 %)"
    assert refund.before is not None
    low, was, high = refund.before
    assert low < was < high < refund.low < refund.value < refund.high < delivery.value < 1
    assert "a shift" in drift.tests


def test_a_new_topic_has_a_range_from_the_inputs_that_were_compared() -> None:
    drift = view_of(replace(a_report(9), drift=DRIFT)).drift

    assert drift is not None
    [topic] = drift.topics
    assert topic.words == "8.0 % of the window (6.1 % … 10.4 %): 48 of the 600 inputs compared"


def test_what_an_older_version_kept_of_drift_is_shown_without_drawings() -> None:
    old = {name: DRIFT[name] for name in ("verdict", "measured_at", "traces")}

    drift = view_of(replace(a_report(9), drift=old)).drift

    assert drift is not None
    assert drift.verdict == DRIFT["verdict"]
    assert (drift.represented, drift.clusters, drift.topics, drift.tests) == (None, (), (), "")


def test_a_set_that_no_traffic_was_held_against_says_so() -> None:
    drift = view_of(a_report(9)).drift

    assert drift is not None
    assert "llmci evalset drift" in drift.verdict


# --- judges -------------------------------------------------------------------------------------


def judged(**of: object) -> object:
    report = a_report(9)
    metric = replace(a_metric("polite"), judge="model-x")
    run = replace(report.candidate, metrics=(*report.candidate.metrics, metric), environment={})
    return replace(report, candidate=run, **of)


def test_a_judge_shows_each_figure_over_all_labels_and_by_slice() -> None:
    [judge] = view_of(judged(calibrations={"polite": [a_calibration()]})).judges

    shown = [(bar.name, bar.note) for bar in judge.figures]
    assert shown[3:6] == [("kappa", "agreement beyond chance"), ("kappa", "airline"), ("kappa", "retail")]
    assert len({name for name, _ in shown}) == 4
    assert all(0 <= bar.low <= bar.value <= bar.high <= 1 for bar in judge.figures)
    assert "from 200" in judge.figures[0].words
    assert judge.about == "Held against 200 verdicts of people on 2026-01-02 00:00 UTC; llmci asked it."


@pytest.mark.parametrize(("use", "tone"), [(Use.GATE, "good"), (Use.WATCH, "unsure"), (Use.REFUSED, "bad")])
def test_what_a_judge_may_be_used_for_is_a_word_and_a_tone(use: Use, tone: str) -> None:
    [judge] = view_of(judged(calibrations={"polite": [a_calibration(use=use)]})).judges

    assert (judge.mark.word, judge.mark.tone) == (use.value, tone)


def test_a_calibration_without_slices_is_read_and_a_judge_without_one_says_so() -> None:
    found = a_calibration()
    old = replace(found, figures={name: value for name, value in found.figures.items() if name != "slices"})

    [judge] = view_of(judged(calibrations={"polite": [old]})).judges
    [unknown] = view_of(judged()).judges

    assert len(judge.figures) == 4
    assert (unknown.mark.word, unknown.figures) == ("not calibrated", ())


# --- privacy ------------------------------------------------------------------------------------

SANITIZED = {
    "rows": 1200,
    "rejected": 2,
    "counts": {"PERSON": 30, "EMAIL_ADDRESS": 70},
    "detectors": {"presidio": 100},
    "fields": {"input": 60, "output": 40},
    "digest": "m" * 64,
    "canaries": [{"kind": "PERSON", "planted": 30, "removed": 30, "low": 0.8843}],
    "second_pass": {"texts": 1200, "passed_over": 5, "candidates": {"ID": 3}},
    "residual": [{"kind": "ID", "shape": "AA-0000", "texts": 3}],
    "rare_attributes": [{"kinds": ["LOCATION", "ORGANIZATION"], "combinations": 40, "users": 90, "alone": 4, "few": 7}],
    "quarantine": [{"where": "a.jsonl:7", "why": "too long"}, {"where": "a.jsonl:9", "why": "too long"}],
    "policy": {"operator": "surrogate", "policy": {"SECRET": "placeholder", "URL": "keep"}, "deny": ["Acme Anna"]},
}


def private(**changes: object) -> PrivacyView:
    found = privacy_view({**SANITIZED, **changes})
    assert found is not None
    return found


def test_privacy_begins_with_one_sentence_and_counts_by_type_detector_and_field() -> None:
    view = private()

    assert view.headline == "1,200 traces are clean: 100 values were replaced, 2 were held back."
    assert [(title, [(row.name, row.count) for row in rows]) for title, rows in view.removed] == [
        ("By type", [("EMAIL_ADDRESS", 70), ("PERSON", 30)]),
        ("By detector", [("presidio", 100)]),
        ("By field", [("input", 60), ("output", 40)]),
    ]


def test_canaries_have_their_exact_bound_and_a_survivor_is_a_warning() -> None:
    [kept] = private().canaries
    lost = private(canaries=[{"kind": "PERSON", "planted": 30, "removed": 29, "low": 0.8278}])

    assert (kept.low, kept.value, kept.high) == (0.8843, 1.0, 1.0)
    assert (private().tone, lost.tone) == ("unsure", "bad")
    assert lost.warnings == ("1 planted value survived: such values may be in the texts.",)
    assert lost.canaries[0].value < lost.canaries[0].high == pytest.approx(0.99915, abs=1e-4)


def test_shapes_rare_attributes_and_the_quarantine_are_listed() -> None:
    view = private()

    assert [(row.kind, row.shape, row.texts) for row in view.shapes] == [("ID", "AA-0000", 3)]
    assert [(row.kinds, row.users, row.few, row.alone) for row in view.rare] == [
        ("LOCATION and ORGANIZATION", 90, 7, 4)
    ]
    assert view.held == (("a.jsonl:7", "too long"), ("a.jsonl:9", "too long"))
    assert [(row.name, row.count) for row in view.reasons] == [("too long", 2)]


def test_words_of_the_deny_list_are_counted_and_never_shown() -> None:
    view = private()

    assert dict(view.facts)["always removed"] == "1 entry of the deny list"
    assert "Anna" not in repr(view)


def test_a_bare_manifest_of_an_older_version_is_shown_as_far_as_it_goes() -> None:
    view = privacy_view({"counts": {"PERSON": 1}, "rows": 1, "rejected": 0, "policy_digest": "ab"})

    assert view is not None
    assert view.headline == "1 trace is clean: 1 value was replaced, none was held back."
    assert (view.canaries, view.second_pass, view.held) == ((), "", ())
    assert any("sanitize.json" in warning for warning in view.warnings)


def test_a_set_that_was_built_from_other_traces_says_so() -> None:
    evalset = a_report(9).evalset
    assert evalset is not None

    view = privacy_view(SANITIZED, replace(evalset, sanitize_digest="e" * 64))
    by_hand = privacy_view(None, replace(evalset, sanitize_digest=None))

    assert view is not None
    assert any("earlier run" in warning for warning in view.warnings)
    assert by_hand is not None
    assert by_hand.headline == "Every case was written by hand."


@pytest.mark.parametrize("wrong", [None, [], "x", {"PERSON": "many", "ID": -1}])
def test_what_is_no_count_is_left_out(wrong: object) -> None:
    assert tallies(wrong) == ()
