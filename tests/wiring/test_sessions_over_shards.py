"""What a trace tells is removed from every trace of its session, in whatever shard and on whatever engine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from builders import NOON, a_batch, a_trace
from sanitize_project import KEY, a_project, clean_rows, files_of, run
from scaled import opened

from llmci.config import load
from llmci.core.privacy.detect import Detector
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.notes import Notes, unpacked
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.spread import heard, spread_of, told
from llmci.domain.finding import Leaf, Span
from llmci.pipeline import sanitize as stage
from llmci.seams import Silent, WorkerDied
from llmci.wiring import sanitize as sanitizing
from llmci.wiring import sanitize_work
from llmci.wiring.build import shelf_of
from llmci.wiring.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from llmci.core.privacy.batch import Session

WORD = "qz81x7lmw"
TOLD = a_trace("told", question=f"It is login={WORD}", session_id="s1")
ASKED = a_trace("asked", question=f"Who moves {WORD}?", session_id="s1")
STRANGER = a_trace("stranger", question=f"Who moves {WORD}?", session_id="s2")
ALONE = a_trace("alone", question=f"Who moves {WORD}?")
SHARDS = {"a": [ASKED, ALONE], "b": [TOLD], "c": [STRANGER], "d": [ASKED | {"trace_id": "again"}]}


def questions_in(config: Any) -> dict[str, str]:
    return {row["trace_id"]: row["input"]["messages"][-1]["parts"][0]["text"] for row in clean_rows(config)}


def shards_at(root: Path) -> dict[str, bytes]:
    return {name: content for name, content in files_of(root / ".llmci" / "clean").items() if name != "manifest.json"}


def tell_or_die(work: Any, tells: Callable[[Any], None]) -> None:
    if work.shard_id == "b":
        raise WorkerDied
    tells(work)


def test_a_secret_told_in_one_shard_is_removed_from_its_session_in_others_and_nowhere_else(tmp_path: Path) -> None:
    config = a_project(tmp_path, SHARDS)

    run(config)

    found = questions_in(config)
    assert {name for name, text in found.items() if WORD in text} == {"stranger", "alone"}
    assert found["asked"] == found["again"]
    left = {name: content for name, content in files_of(config.state).items() if name.startswith("clean")}
    assert not any(WORD.encode() in content for name, content in left.items() if not name.endswith(".parquet"))
    assert not (config.state / "clean.staging").exists()


def test_a_session_becomes_the_same_however_it_is_cut_into_shards(tmp_path: Path) -> None:
    cuts: Sequence[dict[str, Any]] = ({"a": [TOLD, ASKED]}, {"a": [TOLD], "b": [ASKED]})
    found = []
    for number, shards in enumerate(cuts):
        (tmp_path / str(number)).mkdir()
        config = a_project(tmp_path / str(number), shards)
        run(config)
        found.append(questions_in(config))

    assert found[0] == found[1]


def test_processes_tell_each_other_the_same(tmp_path: Path) -> None:
    roots = [tmp_path / "inline", tmp_path / "processes"]
    for root in roots:
        root.mkdir()
        a_project(root, SHARDS)
        config = opened(root, root.name, workers=2 if root.name == "processes" else None)
        sanitizing.sanitize(config, progress=Silent(), environ=KEY, now=NOON)

    assert shards_at(roots[0]) == shards_at(roots[1])


def test_a_later_shard_of_a_session_has_the_earlier_ones_done_again_and_no_other(tmp_path: Path) -> None:
    config = a_project(tmp_path, {name: rows for name, rows in SHARDS.items() if name != "b"})
    run(config)
    assert WORD in questions_in(config)["asked"]
    a_project(tmp_path, {"b": SHARDS["b"]})

    planned = sanitizing.planned(config, KEY)
    summary = run(config)

    assert set(planned.stale) == {"a", "b", "d"}
    assert (summary.shards, summary.shards_unchanged) == (3, 1)
    assert WORD not in questions_in(config)["asked"]
    again = run(config)
    assert (again.shards, again.shards_unchanged) == (0, 4)
    assert sanitizing.planned(config, KEY).stale == ()


def test_nothing_is_asked_of_shards_where_nothing_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = a_project(tmp_path, SHARDS)
    run(config)
    monkeypatch.setattr(sanitizing, "Passes", None)

    assert run(config).shards == 0


def test_traces_are_held_back_where_a_shard_of_their_session_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = a_project(tmp_path, SHARDS, settings="  max_quarantine: 0.9\n")
    with monkeypatch.context() as patched:
        tells = sanitize_work._tell
        patched.setattr(sanitize_work, "_tell", lambda work: tell_or_die(work, tells))
        held = run(config)

    assert set(questions_in(config)) == {"stranger", "alone"}
    assert any("is not known" in one.why for one in held.quarantined_first)
    again = run(config)
    assert (again.quarantined, again.shards) == (0, 3)
    assert WORD not in questions_in(config)["asked"]


def test_a_text_of_a_shard_is_searched_once_though_every_step_runs_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = a_project(tmp_path, {name: [row for row in rows if row is not ALONE] for name, rows in SHARDS.items()})
    found, searched = Detector._searched, list[tuple[str, str]]()

    def in_a_new_process(work: Any) -> Any:
        sanitize_work._made.clear()
        privacy = sanitize_work.privacy_at(work)

        def noted(self: Detector, leaves: list[Leaf]) -> Any:
            if self is privacy.redactor.detector:
                searched.extend((work.shard_id, str(leaf)) for leaf in leaves)
            return found(self, leaves)

        monkeypatch.setattr(Detector, "_searched", noted)
        return privacy

    monkeypatch.setattr(sanitizing, "privacy_at", in_a_new_process)
    tells = sanitize_work._tell
    monkeypatch.setattr(sanitize_work, "_tell", lambda work: (in_a_new_process(work), tells(work)))

    run(config)

    assert len(searched) == len(set(searched)) > 0
    assert WORD not in questions_in(config)["asked"]


def test_what_is_kept_of_a_session_is_let_go_behind_its_last_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A shelf is read by 1024 rows.
    rows = [a_trace(f"t{n}", question=f"It is login={WORD}{n // 2}", session_id=f"s{n // 2}") for n in range(2100)]
    config = a_project(tmp_path, {"a": rows}, recognizers="secrets")
    known: list[tuple[int, int]] = []
    sanitizes = stage.sanitize_batch

    def counting(batch: Any, redactor: Any, sessions: dict[str, Session], second: Any) -> Any:
        known.append((len(sessions), sum(len(session.heard) for session in sessions.values())))
        return sanitizes(batch, redactor, sessions, second)

    monkeypatch.setattr(stage, "sanitize_batch", counting)

    run(config)

    assert known[0] == (1050, 0)
    assert known[-1][0] <= 27


@pytest.mark.parametrize("damage", [lambda notes: notes[:-1], lambda notes: b"x" + notes, lambda notes: b""])
def test_notes_say_where_and_never_what_and_are_not_believed_once_they_are_damaged(
    damage: Callable[[bytes], bytes],
) -> None:
    keyed, leaf = Keyed(b"k"), Leaf("I am Zebulon Quagmire", None, "user")
    spans = [Span(5, 12, "PERSON", 0.85, "names"), Span(13, 21, "PERSON", 1.0, "cues")]
    notes = Notes(keyed)
    notes.take(leaf, spans)
    notes.take(Leaf("nothing"), [])

    packed = notes.packed()
    again = unpacked(packed, keyed)

    assert (again.of(leaf), again.of(Leaf("nothing")), again.of(leaf._replace(role=None))) == (spans, [], None)
    assert b"Zebulon" not in packed
    assert not len(unpacked(damage(packed), keyed))
    assert not len(unpacked(packed, Keyed(b"another")))


def test_an_explanation_knows_what_the_session_told_elsewhere(tmp_path: Path) -> None:
    config = a_project(tmp_path, SHARDS)

    asked, alone = (explain(config, name, environ=KEY) for name in ("asked", "alone"))

    assert any(found.detector == "memory" for found in asked)
    assert not any(found.detector == "memory" for found in alone)


def test_what_is_told_is_heard_as_it_was() -> None:
    memory = Memory()
    memory.learn([("PERSON", "Zebulon Quagmire"), ("PHONE_NUMBER", "212-867-5309")])
    memory.learn([("PERSON", "Wake")], sure=False)
    memory.doubt(["Paris"])
    again: dict[int, Memory] = {}

    for wanted in ([7], [9]):
        heard(io.BytesIO(b"".join(told({2**63: Memory(), 7: memory}))), np.array(wanted, np.uint64), again)
    heard(io.BytesIO(b"".join(told({}))), np.array([7], np.uint64), again)

    assert again == {7: memory}


def test_shards_with_sessions_in_common_are_found_as_by_comparing_all_pairs() -> None:
    dice = np.random.default_rng(1)
    sessions = {f"s{n}": np.unique(dice.integers(0, 400, 30).astype(np.uint64)) for n in range(12)}

    spread = spread_of(sessions)

    for name, mine in sessions.items():
        theirs = {other: np.intersect1d(mine, its) for other, its in sessions.items() if other != name}
        assert spread.others.get(name, ()) == tuple(sorted(other for other, both in theirs.items() if len(both)))
        wanted = sorted({int(one) for both in theirs.values() for one in both})
        assert [int(one) for one in spread.split.get(name, [])] == wanted
    assert spread_of({"a": np.array([1, 2], np.uint64)}).split == {}


def test_shards_in_a_store_tell_each_other_too(tmp_path: Path) -> None:
    uri = (tmp_path / "bucket").as_uri()
    (tmp_path / "llmci.yaml").write_text(
        f"shelves: '{uri}'\nsanitize: {{recognizers: [structured, secrets], canaries: 0}}\n"
    )
    config = load(tmp_path / "llmci.yaml")
    for name, rows in SHARDS.items():
        with shelf_of(config, "raw").writer(name, "fingerprint") as writer:
            writer.write(a_batch(rows))

    run(config)

    found = {row["trace_id"]: str(row) for batch in shelf_of(config, "clean").batches() for row in batch.to_pylist()}
    assert {name for name, text in found.items() if WORD in text} == {"stranger", "alone"}
    assert not [path for path in (tmp_path / "bucket").rglob("*told*") if path.is_file()]
