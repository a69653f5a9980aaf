"""From the clean shelf over labels to an eval set, as the commands run it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON, a_message, a_trace
from intents import questions
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.core.bench.schedule import design
from llmci.core.evalsets.digests import evalset_digest
from llmci.core.evalsets.lineage import Keyed
from llmci.core.stats.power import cases_needed
from llmci.domain.label import OTHER
from llmci.errors import NoDecisionError, PrivacyStop, UsageError
from llmci.seams import Silent, Window
from llmci.wiring.build import shelf_of
from llmci.wiring.drift import measure
from llmci.wiring.evalset import build_version, export, import_file, verified
from llmci.wiring.evalset_store import store
from llmci.wiring.label import label

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow


def traffic(count: int = 200, seed: int = 1, **columns: Any) -> list[TraceRow]:
    return [
        a_trace(f"t{seed}-{number}", text, user_id=f"u{number % 20}", session_id=f"s{seed}-{number}", **columns)
        for number, (text, _) in enumerate(questions(count, seed))
    ]


def a_project(path: Path, rows: list[TraceRow], settings: str = "evalset: {size: 40}") -> Config:
    (path / "llmci.yaml").write_text(settings)
    a_clean_shelf(path / ".llmci", rows)
    return load(path / "llmci.yaml")


def labels_of(config: Config) -> list[dict[str, Any]]:
    return [row for batch in shelf_of(config, "labels").batches() for row in batch.to_pylist()]


def test_every_trace_is_labelled_and_every_label_is_in_the_summary(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())

    summary = label(config, now=NOON)

    rows = labels_of(config)
    assert [row["trace_id"] for row in rows] == [f"t1-{number}" for number in range(200)]
    assert sorted(row["anomaly_rank"] for row in rows) == list(range(1, 201))
    assert sum(cluster.traces for cluster in summary.clusters) == summary.traces == 200
    assert sum(cluster.share for cluster in summary.clusters) == pytest.approx(1)


def test_labelling_again_changes_nothing_and_does_nothing(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    first = label(config, now=NOON)

    second = label(config, now=NOON)

    assert (first.fitted, first.unchanged) == (True, False)
    assert (second.fitted, second.unchanged) == (False, True)
    assert second.clusters == first.clusters


@pytest.mark.parametrize("edit", ["edited", "gone"])
def test_labels_that_are_not_what_was_written_are_not_called_right(tmp_path: Path, edit: str) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    file = tmp_path / ".llmci" / "labels" / "test-1.parquet"
    file.write_bytes(file.read_bytes()[::-1])
    if edit == "gone":
        file.unlink()

    with pytest.raises(UsageError, match="damaged or changed"):
        label(config, now=NOON)


def test_old_labels_do_not_move_when_traffic_is_added(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    before = {row["trace_id"]: row["cluster"] for row in labels_of(config)}

    a_clean_shelf(tmp_path / ".llmci", traffic(100, seed=2), "test-2")
    summary = label(config, now=NOON)

    after = {row["trace_id"]: row["cluster"] for row in labels_of(config)}
    assert not summary.fitted
    assert {trace_id: after[trace_id] for trace_id in before} == before
    assert len(after) == 300


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


def test_groups_of_a_first_try_are_said_to_know_little(tmp_path: Path) -> None:
    config, notes = a_project(tmp_path, traffic(30)), Notes()
    label(config, now=NOON, progress=notes)
    a_clean_shelf(tmp_path / ".llmci", traffic(200, seed=2), "test-2")
    assert not notes.said

    label(config, now=NOON, progress=notes)

    assert ["--recluster" in note for note in notes.said] == [True]


def test_names_that_too_few_share_by_now_are_not_shown(tmp_path: Path) -> None:
    first = label(a_project(tmp_path, traffic()), now=NOON)
    stricter, notes = a_project(tmp_path, traffic(), "label: {min_users: 10}"), Notes()

    again = label(stricter, now=NOON, progress=notes)

    shown = [cluster for cluster in again.clusters if cluster.shown and cluster.traces]
    assert shown
    assert all(cluster.name == f"group {cluster.cluster + 1}" for cluster in shown)
    assert "--recluster" in notes.said[0]
    assert [cluster.traces for cluster in again.clusters] == [cluster.traces for cluster in first.clusters]
    assert label(stricter, now=NOON).unchanged


def test_fitting_anew_says_where_the_former_clusters_went(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    first = label(config, now=NOON)
    assert not first.moved

    again = label(config, now=NOON, recluster=True)

    assert again.moved == {c.name: {c.name: c.traces} for c in again.clusters if c.traces}
    assert label(config, now=NOON).moved == again.moved


def test_a_shard_that_is_gone_takes_its_labels_with_it(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    a_clean_shelf(tmp_path / ".llmci", traffic(50, seed=2), "test-2")
    label(config, now=NOON)
    shelf_of(config, "clean").drop("test-2")
    a_clean_shelf(tmp_path / ".llmci", traffic())

    label(config, now=NOON)

    assert list(shelf_of(config, "labels").shards()) == ["test-1"]


def test_groups_fitted_with_other_settings_are_not_taken_silently(tmp_path: Path) -> None:
    label(a_project(tmp_path, traffic()), now=NOON)
    changed = a_project(tmp_path, traffic(), "label: {clusters: 3}")

    with pytest.raises(UsageError, match=r"label\.clusters") as stop:
        label(changed, now=NOON)

    assert "--recluster" in stop.value.fix
    assert label(changed, now=NOON, recluster=True).fitted


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(20))
    labels = shelf_of(config, "labels").path
    labels.mkdir(parents=True, exist_ok=True)
    (labels / ".test-1.parquet.abc.tmp").write_bytes(b"half")

    label(config, now=NOON)

    assert not list(labels.glob(".*.tmp"))


def test_damaged_groups_are_refused_with_the_way_out(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    stored = tmp_path / ".llmci/labels/groups.npz"
    stored.write_bytes(stored.read_bytes()[:1000])

    with pytest.raises(UsageError, match="damaged") as stop:
        label(config, now=NOON)
    assert "--recluster" in stop.value.fix


def test_a_group_of_too_few_users_has_no_name_and_no_stratum_of_its_own(tmp_path: Path) -> None:
    rows = traffic()
    rows += [
        a_trace(f"secret-{n}", f"the merger with zanzibar holdings, part {n}", user_id="u-alone", session_id=f"x{n}")
        for n in range(12)
    ]
    config = a_project(tmp_path, rows)

    summary = label(config, now=NOON)
    evalset = build_version(config, now=NOON).evalset

    hidden = [cluster for cluster in summary.clusters if not cluster.shown and cluster.traces]
    assert hidden
    assert all(cluster.name == OTHER for cluster in hidden)
    said = orjson.dumps([cluster.name for cluster in summary.clusters] + [s.name for s in evalset.strata])
    assert b"zanzibar" not in said
    assert b"zanzibar" not in (tmp_path / "evalsets/main/v0001/CARD.md").read_bytes()
    assert b"zanzibar" not in orjson.dumps(shelf_of(config, "labels").manifest())


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([a_trace()], id="one-trace"),
        pytest.param([a_trace(f"t{n}") for n in range(500)], id="all-identical"),
        pytest.param([a_trace("a", "😀"), a_trace("b", "🎉🎉"), a_trace("c", "привет"), a_trace("d", "")], id="odd"),
        pytest.param([a_trace("big", "word " * 2_000_000), a_trace("small", "hello")], id="ten-megabytes"),
        pytest.param([a_trace(input=None, output=None), a_trace("t2")], id="no-input"),
    ],
)
def test_odd_traffic_becomes_labels_and_a_set(tmp_path: Path, rows: list[TraceRow]) -> None:
    config = a_project(tmp_path, rows)

    label(config, now=NOON)
    evalset = build_version(config, now=NOON).evalset

    assert len(labels_of(config)) == len(rows)
    assert sum(case.weight for case in evalset.cases) == pytest.approx(1)


def test_an_empty_shelf_is_said(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("project: x")

    with pytest.raises(UsageError, match="no clean traces"):
        label(load(tmp_path / "llmci.yaml"), now=NOON)


def test_traces_that_cannot_become_cases_are_counted(tmp_path: Path) -> None:
    rows = [*traffic(50), a_trace("none", input=None), *(a_trace(f"o{n}", variant="other") for n in range(3))]
    for row in rows[:51]:
        row["variant"] = "mine"
    config = a_project(tmp_path, rows, "evalset: {size: 20, variant: mine}")
    label(config, now=NOON)

    parameters = build_version(config, now=NOON).evalset.parameters

    assert parameters["left out"] == {"another variant": 3, "no input": 1}
    assert parameters["traces that could become cases"] == 50


def test_no_trace_with_an_input_is_said(tmp_path: Path) -> None:
    config = a_project(tmp_path, [a_trace(input=None)])
    label(config, now=NOON)

    with pytest.raises(UsageError, match="no input: 1"):
        build_version(config, now=NOON)


def test_cases_without_the_reference_that_was_asked_for_are_counted_aloud(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(40), "evalset: {size: 40, reference: output}")
    label(config, now=NOON)
    heard: list[str] = []

    class Heard(Silent):
        def note(self, message: str) -> None:
            heard.append(message)

    evalset = build_version(config, now=NOON, progress=Heard()).evalset

    count = len(evalset.cases)
    expected = f"{count} of {count} cases have no reference: evalset.reference is output, which takes only answers that users liked"
    assert [note.partition(". Gate on scorers that need none")[0] for note in heard] == [expected]


def test_a_rebuild_without_change_is_no_new_version(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)

    first, second = build_version(config, now=NOON), build_version(config, now=NOON)

    assert (first.new, second.new) == (True, False)
    assert second.evalset == first.evalset
    assert store(config).versions("main") == [1]


def test_shards_in_another_order_give_the_same_set(tmp_path: Path) -> None:
    digests = []
    for name, order in (("one", ("a", "b")), ("two", ("b", "a"))):
        project = tmp_path / name
        project.mkdir()
        config = a_project(project, traffic(100, seed=1)[:0] or [a_trace("first")])
        shutil.rmtree(project / ".llmci")
        for shard, seed in zip(order, (1, 2), strict=True):
            a_clean_shelf(project / ".llmci", traffic(100, seed), shard)
        label(config, now=NOON)
        digests.append(build_version(config, now=NOON).evalset.digest)

    assert digests[0] == digests[1]


def test_unlabelled_or_stale_labels_are_refused(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(50))
    with pytest.raises(UsageError, match="not labelled"):
        build_version(config, now=NOON)
    label(config, now=NOON)
    a_clean_shelf(tmp_path / ".llmci", traffic(60, seed=3))

    with pytest.raises(UsageError, match="as they are now"):
        build_version(config, now=NOON)


def test_a_clean_shelf_that_its_manifest_does_not_vouch_for_stops_everything(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(50))
    label(config, now=NOON)
    shelf = shelf_of(config, "clean")
    shelf.write_manifest({**(shelf.manifest() or {}), "shards": {}})

    for stage in (label, build_version):
        with pytest.raises(PrivacyStop):
            stage(config, now=NOON)
    assert not (tmp_path / "evalsets").exists()


def test_hand_written_cases_are_in_every_version(tmp_path: Path) -> None:
    own = [
        {"question": "May I return a lamp?", "reference": "Within 30 days.", "must_pass": True},
        {"question": questions(1)[0][0], "reference": "Known."},
    ]
    (tmp_path / "own.jsonl").write_bytes(b"\n".join(map(orjson.dumps, own)))
    config = a_project(tmp_path, traffic(), "evalset: {size: 1000, hand_written: [own.jsonl]}")
    label(config, now=NOON)

    cases = build_version(config, now=NOON).evalset.cases

    [written] = [case for case in cases if case.origin.kind == "hand"]
    assert written.must_pass
    assert written.weight == pytest.approx(1 / len(cases))
    assert [case.origin.kind for case in cases if case.reference == "Known."] == ["production"]
    assert sum(case.weight for case in cases) == pytest.approx(1)


def test_a_mistake_in_a_hand_written_file_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"question": "x"}\n{"reference": "y"}\n')
    config = a_project(tmp_path, traffic(20), "evalset: {hand_written: [own.jsonl]}")
    label(config, now=NOON)

    with pytest.raises(UsageError, match=r"own\.jsonl:2"):
        build_version(config, now=NOON)


def test_a_set_can_be_written_by_hand_alone(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"question": "x"}\n{"question": "y"}\n')
    (tmp_path / "llmci.yaml").write_text("evalset: {hand_written: [own.jsonl]}")

    evalset = build_version(load(tmp_path / "llmci.yaml"), now=NOON).evalset

    assert [case.weight for case in evalset.cases] == [0.5, 0.5]
    assert evalset.sanitize_digest is None


def test_reviewed_failures_are_in_the_next_version_and_stay(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(300), "evalset: {size: 10, failures: 0}")
    label(config, now=NOON)
    held = {case.origin.trace_id for case in build_version(config, now=NOON).evalset.cases}
    wanted = next(row["trace_id"] for row in labels_of(config) if row["trace_id"] not in held)
    text = {row["trace_id"]: row["input"] for batch in shelf_of(config, "clean").batches() for row in batch.to_pylist()}
    review = tmp_path / "evalsets/main/review.jsonl"
    review.write_bytes(orjson.dumps({"trace_id": wanted}))

    second = build_version(config, now=NOON).evalset
    review.unlink()
    third = build_version(config, now=NOON)

    asked = text[wanted]["messages"][0]["parts"][0]["text"]
    assert asked in [case.messages[0].parts[0].text for case in second.cases if case.origin.kind == "failure"]
    assert not third.new


def test_near_duplicates_and_conversations_are_one_group(tmp_path: Path) -> None:
    long = "i ordered a kitchen table with four matching chairs a week ago and would like to change the address"
    rows = [a_trace("a", long), a_trace("b", f"{long} please"), a_trace("c", "x y z"), *traffic(40)]
    rows += [a_trace("d", "first of a talk", session_id="talk"), a_trace("e", "second of a talk", session_id="talk")]
    config = a_project(tmp_path, rows, "evalset: {size: 1000}")
    label(config, now=NOON)

    group = {case.origin.trace_id: case.dependence for case in build_version(config, now=NOON).evalset.cases}

    assert group["a"] == group["b"] != group["c"]
    assert group["d"] == group["e"]


def test_a_stated_dependence_is_all_there_is(tmp_path: Path) -> None:
    rows = [
        a_trace(f"t{n}", f"ticket {n} of somebody", metadata=orjson.dumps({"task": n // 2}).decode()) for n in range(8)
    ]
    config = a_project(tmp_path, rows, "evalset: {size: 100, dependence: metadata.task}")
    label(config, now=NOON)

    groups = [case.dependence for case in build_version(config, now=NOON).evalset.cases]

    assert len(set(groups)) == 4


def test_a_holdout_never_splits_a_group(tmp_path: Path) -> None:
    rows = [{**row, "session_id": f"s{number % 30}"} for number, row in enumerate(traffic(200))]
    config = a_project(tmp_path, rows, "evalset: {size: 150, holdout: 0.3, dependence: session_id}")
    label(config, now=NOON)

    cases = build_version(config, now=NOON).evalset.cases

    held = {case.dependence for case in cases if case.holdout}
    assert held.isdisjoint(case.dependence for case in cases if not case.holdout)
    assert 0 < len(held) < 30


def test_export_and_import_give_a_set_of_the_same_cases(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    evalset = build_version(config, now=NOON).evalset

    export(config, tmp_path / "out.jsonl", form="jsonl", name="main", version=None)
    imported = import_file(config, tmp_path / "out.jsonl", name="copy", now=NOON).evalset

    assert {case.case_id for case in imported.cases} == {case.case_id for case in evalset.cases}


def test_a_file_without_a_record_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("{}")
    (tmp_path / "empty.jsonl").write_text("\n")

    with pytest.raises(UsageError, match=r"empty\.jsonl: holds no record"):
        import_file(load(tmp_path / "llmci.yaml"), tmp_path / "empty.jsonl", name="copy", now=NOON)


def test_drift_is_told_from_no_drift(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(), "evalset: {size: 100}")
    label(config, now=NOON)
    build_version(config, now=NOON)
    assert not measure(config, window=Window()).drift.drifted

    news = [
        a_trace(f"n{n}", f"warranty claim number for the broken hinge of model {n}", start=NOON) for n in range(200)
    ]
    a_clean_shelf(tmp_path / ".llmci", news, "test-2")
    label(config, now=NOON)
    found = measure(config, window=Window())

    assert found.drift.drifted
    assert found.drift.represented < 0.8


def elsewhere(config: Config, rows: list[TraceRow]) -> None:
    """Only the set is there, and other traffic: such as in a job that starts from the repository."""
    shutil.rmtree(config.state)
    a_clean_shelf(config.state, rows)
    label(config, now=NOON)


def warranties(count: int, **columns: Any) -> list[TraceRow]:
    return [a_trace(f"n{n}", f"warranty claim number for hinge of model {n}", **columns) for n in range(count)]


def test_drift_is_told_from_no_drift_where_the_traffic_that_the_set_was_drawn_from_is_gone(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(600, start=NOON), "evalset: {size: 60}")
    label(config, now=NOON)
    build_version(config, now=NOON)
    later = NOON + timedelta(days=7)
    same = traffic(300, seed=2, start=later)

    elsewhere(config, same)
    alike = measure(config, window=Window(since=later), environ={config.sanitize.key_env: "another key than then"})
    elsewhere(config, [*same[:270], *warranties(30, start=later)])
    other = measure(config, window=Window(since=later))

    assert (alike.other_key, other.other_key) == (True, False)
    assert (alike.against, alike.drift.drifted, alike.drift.compared) == ("sample", False, (600, 300))
    assert (other.against, other.drift.drifted) == ("sample", True)
    assert other.verdict.endswith("rebuild the set.")
    assert alike.drift.psi < 0.1 < other.drift.psi


def test_what_the_set_keeps_of_the_window_itself_is_not_held_against_it(tmp_path: Path) -> None:
    rows = traffic(200, start=NOON) + traffic(100, seed=2, start=NOON + timedelta(days=1))
    config = a_project(tmp_path, rows, "evalset: {size: 60}")
    label(config, now=NOON)
    build_version(config, now=NOON)

    elsewhere(config, rows[200:])
    found = measure(config, window=Window(since=NOON + timedelta(days=1)))

    assert (found.against, found.drift.compared) == ("sample", (200, 100))


def test_a_set_that_keeps_nothing_of_its_traffic_speaks_for_itself(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(), "evalset: {size: 60, traffic: 0}")
    label(config, now=NOON)
    build_version(config, now=NOON)
    assert not (tmp_path / "evalsets/main/v0001/traffic.parquet").exists()

    elsewhere(config, traffic(200, seed=2))
    found = measure(config, window=Window())

    assert found.against == "set"
    assert "evalset.traffic" in found.verdict


def test_verify_finds_out_changed_traffic(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    build_version(config, now=NOON)
    assert verified(config, "main", None)[0].error is None
    file = tmp_path / "evalsets/main/v0001/traffic.parquet"
    file.write_bytes(file.read_bytes()[:-1])

    assert "traffic.parquet: not what the manifest says" in str(verified(config, "main", None)[0].error)


@pytest.mark.parametrize("drop", [0.2, 0.1, 0.05])
def test_a_set_is_as_large_as_the_drop_to_notice_takes(tmp_path: Path, drop: float) -> None:
    config = a_project(tmp_path, traffic(600), f"evalset: {{detect: {drop}}}")
    label(config, now=NOON)

    evalset = build_version(config, now=NOON).evalset

    independent = len(evalset.cases) / design(evalset.cases)
    needed = cases_needed(0.1, drop)
    # There are not so many distinct inputs, and they are of 20 people: no more are taken than one drop without those takes.
    assert len(evalset.cases) >= min(needed, evalset.parameters["distinct inputs"])  # type: ignore[type-var, operator]
    assert len(evalset.cases) < 2 * needed
    assert (evalset.parameters["detects"] <= drop) == (independent >= needed)


def test_a_window_without_traffic_decides_nothing(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic())
    label(config, now=NOON)
    build_version(config, now=NOON)

    with pytest.raises(NoDecisionError, match="too few"):
        measure(config, window=Window(since=NOON.replace(year=2030)))


def test_messages_of_tools_and_systems_only_are_reported(tmp_path: Path) -> None:
    silent = {"kind": "messages", "messages": [a_message("system", "Look into ticket 5.")]}
    config = a_project(tmp_path, [*traffic(30), *(a_trace(f"q{n}", input=silent) for n in range(6))])

    summary = label(config, now=NOON)

    assert summary.flags["no_user_message"] == 6


def test_a_set_may_rest_in_an_object_store(tmp_path: Path) -> None:
    uri = (tmp_path / "bucket").as_uri()
    config = a_project(tmp_path, traffic(60), f"evalset: {{size: 20, directory: '{uri}'}}")
    label(config, now=NOON)

    built = build_version(config, now=NOON)

    assert (built.new, build_version(config, now=NOON).new) == (True, False)
    assert store(config).load("main").digest == built.evalset.digest
    assert (tmp_path / "bucket/main/v0001/CARD.md").is_file()
    assert not (tmp_path / "evalsets").exists()


def test_a_store_that_is_not_known_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"evalset\.directory.*ftp:// is not a store"):
        a_project(tmp_path, [], "evalset: {directory: 'ftp://here/sets'}")


def test_the_manifest_tells_the_lineage_to_who_holds_the_key(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(60), "evalset: {size: 20}")
    label(config, now=NOON)
    key = {"LLMCI_PRIVACY_KEY": "a secret of the project"}

    evalset = build_version(config, now=NOON, environ=key).evalset

    lineage = orjson.loads((tmp_path / "evalsets/main/v0001/manifest.json").read_bytes())["lineage"]
    keyed = Keyed(key["LLMCI_PRIVACY_KEY"].encode())
    assert lineage["key"] == keyed.fingerprint != Keyed(b"another").fingerprint
    assert lineage["window"]["traces"] == 60
    for case in evalset.cases:
        assert int(lineage["cases"][case.case_id]["trace"], 16) == keyed.of(str(case.origin.trace_id))
    [found] = verified(config, "main", 1, key)
    assert found.error is None


def test_a_case_that_is_said_to_be_of_another_trace_is_found_with_the_key(tmp_path: Path) -> None:
    config = a_project(tmp_path, traffic(60), "evalset: {size: 20}")
    label(config, now=NOON)
    evalset = build_version(config, now=NOON).evalset
    swapped = [replace(case, origin=replace(case.origin, trace_id="t1-9999")) for case in evalset.cases[:1]]
    cases = (*swapped, *evalset.cases[1:])
    forged = replace(evalset, version=2, cases=cases, digest=evalset_digest(cases))
    store(config).save(forged)

    [honest, found] = verified(config, "main", None)

    assert honest.error is None
    assert found.error is not None
    assert evalset.cases[0].case_id in found.error.message
