"""Versions of a set are written whole or not at all, never twice, and a changed one is found out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import NOON, a_case, a_message
from commands import ROOT, environment

from llmci.adapters.stores.casefile import CASES, table_of
from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.adapters.stores.lease import leased
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.domain.case import Case, Document, Message, Origin, Part, Tool
from llmci.domain.evalset import EvalSet, Stratum, TrafficInput
from llmci.domain.text import declared_clean
from llmci.errors import ExitCode, PrivacyStop, UsageError
from llmci.storage import place

if TYPE_CHECKING:
    from pathlib import Path


def a_full_case(question: str) -> Case:
    text = declared_clean
    call = Part(type="tool_call", tool_call_id="1", tool_name="track", tool_arguments=text('{"id": 1'), is_error=False)
    messages = (
        Message(role="user", parts=(Part(type="text", text=text(question)),)),
        Message(role="assistant", name="bot", parts=(call, Part(type="image", uri="blob:x", mime_type="image/png"))),
    )
    tools = (Tool(name="track", description=text("Finds it."), parameters=text("{}")),)
    return replace(
        a_case(),
        case_id=case_id_of(messages, tools, f"key of {question}"),
        key=f"key of {question}",
        messages=messages,
        tools=tools,
        documents=(Document(id="d1", content=text("Lyon is a city."), score=0.5, rank=1),),
        reference=text("In Lyon. 😀"),
        reference_origin="score:correction",
        expectations={"documents": ["d1"], "nested": {"a": None, "b": 1.5}},
        rubric=text("Be right."),
        slices={"cluster": "parcel", "app": "retail"},
        must_pass=True,
        holdout=True,
        origin=Origin(kind="failure", trace_id="t1", pulled_at=NOON.isoformat(), set_version=2),
    )


def a_set(version: int = 1, questions: tuple[str, ...] = ("Where?", "When?", "Why?"), **changes: object) -> EvalSet:
    cases = tuple(
        sorted((replace(a_full_case(q), weight=1 / len(questions)) for q in questions), key=lambda c: c.case_id)
    )
    evalset = EvalSet(
        name="main",
        version=version,
        parent=None,
        digest=evalset_digest(cases),
        schema_fingerprint=schema_fingerprint(CASES),
        sanitize_digest="clean",
        created_at=NOON.isoformat(),
        seed=7,
        strata=(Stratum(name="all", share=1.0, traces=3, cases=len(cases)),),
        cases=cases,
        parameters={"size": 3, "slices": {"cluster": "cluster"}},
    )
    return replace(evalset, **changes)  # type: ignore[arg-type]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)

    sets.save(a_set())

    assert sets.load("main") == a_set()
    assert (list(sets.names()), list(sets.versions("main"))) == (["main"], [1])


def test_what_its_traffic_asked_is_kept_beside_it(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    asked = [
        TrafficInput(trace_id="t2", text=declared_clean("Where? 😀"), user=2**64 - 1, cluster="places", start=NOON),
        TrafficInput(trace_id="t1", text=declared_clean("When?"), user=None, cluster="times", start=None),
    ]

    sets.save(a_set(), asked)
    sets.save(a_set(2))

    assert sets.traffic("main", 1) == tuple(asked)
    assert sets.traffic("main", 2) == ()
    assert sets.load("main", 1) == a_set()


def test_the_same_set_is_the_same_bytes(tmp_path: Path) -> None:
    one, two = DirectoryEvalSets(tmp_path / "one"), DirectoryEvalSets(tmp_path / "two")

    one.save(a_set())
    two.save(replace(a_set(), cases=a_set().cases[::-1]))

    for name in ("cases.parquet", "manifest.json", "CARD.md"):
        assert (tmp_path / "one/main/v0001" / name).read_bytes() == (tmp_path / "two/main/v0001" / name).read_bytes()


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())

    with pytest.raises(UsageError, match="another build"):
        sets.save(a_set(questions=("Other?",)))

    assert sets.load("main") == a_set()
    assert not list((tmp_path / "main").glob(".*"))


def test_the_newest_saved_is_current_until_another_is_chosen(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set(1))
    sets.save(a_set(2, ("Else?",)))

    assert sets.load("main").version == 2
    sets.use("main", 1)
    assert sets.load("main").version == 1


def damage_truncate(version: Path) -> None:
    path = version / "cases.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_edit_rows(version: Path) -> None:
    table = pq.read_table(version / "cases.parquet")
    pq.write_table(table.slice(1), version / "cases.parquet")


def damage_edit_rows_and_digest(version: Path) -> None:
    """An edit by someone who also mends the file's digest: the content's digest still tells."""
    damage_edit_rows(version)
    from llmci.files import sha256_of

    manifest = orjson.loads((version / "manifest.json").read_bytes())
    manifest["sha256"] = sha256_of(version / "cases.parquet")
    (version / "manifest.json").write_bytes(orjson.dumps(manifest))


def damage_manifest(version: Path) -> None:
    (version / "manifest.json").write_text("{")


def damage_drop_key(version: Path) -> None:
    manifest = orjson.loads((version / "manifest.json").read_bytes())
    del manifest["strata"]
    (version / "manifest.json").write_bytes(orjson.dumps(manifest))


def damage_edit_seed(version: Path) -> None:
    path = version / "manifest.json"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "seed": 8}))


def damage_edit_parameter(version: Path) -> None:
    path = version / "manifest.json"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "parameters": {"size": 4}}))


def damage_newer(version: Path) -> None:
    manifest = orjson.loads((version / "manifest.json").read_bytes())
    (version / "manifest.json").write_bytes(orjson.dumps({**manifest, "schema": "evalset/2"}))


def damage_missing(version: Path) -> None:
    (version / "cases.parquet").unlink()


def damage_other_columns(version: Path) -> None:
    from llmci.files import sha256_of

    pq.write_table(pa.table({"x": [1]}), version / "cases.parquet")
    manifest = orjson.loads((version / "manifest.json").read_bytes())
    manifest["sha256"] = sha256_of(version / "cases.parquet")
    (version / "manifest.json").write_bytes(orjson.dumps(manifest))


def damage_edit_card(version: Path) -> None:
    card = version / "CARD.md"
    card.write_text(card.read_text().replace("cases", "good cases", 1))


def damage_drop_card(version: Path) -> None:
    (version / "CARD.md").unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_edit_card,
        damage_drop_card,
        damage_truncate,
        damage_edit_rows,
        damage_edit_rows_and_digest,
        damage_manifest,
        damage_drop_key,
        damage_edit_seed,
        damage_edit_parameter,
        damage_newer,
        damage_missing,
        damage_other_columns,
    ],
    ids=lambda damage: damage.__name__,
)
def test_a_changed_version_is_refused(tmp_path: Path, damage: object) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())

    damage(tmp_path / "main/v0001")  # type: ignore[operator]

    with pytest.raises(UsageError) as stop:
        sets.load("main")
    assert stop.value.exit_code is ExitCode.USAGE


def test_a_version_from_before_manifests_had_a_digest_is_still_read(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    path = tmp_path / "main/v0001/manifest.json"
    manifest = orjson.loads(path.read_bytes())
    del manifest["manifest_digest"]
    path.write_bytes(orjson.dumps(manifest))

    assert sets.load("main") == a_set()


def test_ends_of_lines_as_git_writes_them_on_windows_are_no_damage(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    for path in (tmp_path / "main").rglob("*"):
        if path.suffix in (".md", ".json") or path.name == "CURRENT":
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert sets.load("main") == a_set()


def test_a_version_that_was_copied_or_renamed_is_not_taken_for_another(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    shutil.copytree(tmp_path / "main/v0001", tmp_path / "main/v0002")

    assert sets.load("main", 1) == a_set()
    with pytest.raises(UsageError, match="v0002: its manifest is of version 1"):
        sets.load("main", 2)


def test_production_text_that_nothing_vouches_for_is_a_privacy_stop(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set(sanitize_digest=None))

    with pytest.raises(PrivacyStop):
        sets.load("main")


@pytest.mark.parametrize("name", ["../other", "a/b", "", ".hidden", "x" * 65])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        DirectoryEvalSets(tmp_path).versions(name)


@pytest.mark.parametrize("content", ["nine", "9", ""])
def test_a_current_that_points_nowhere_is_refused(tmp_path: Path, content: str) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    (tmp_path / "main/CURRENT").write_text(content)

    with pytest.raises(UsageError, match="CURRENT"):
        sets.load("main")


def test_without_current_the_newest_counts(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    (tmp_path / "main/CURRENT").unlink()

    assert sets.load("main") == a_set()


def test_no_set_is_said_with_a_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no eval set") as stop:
        DirectoryEvalSets(tmp_path).load("main")
    assert "llmci evalset build" in stop.value.fix


def test_a_set_of_no_cases_can_be_stored(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    empty = a_set(cases=(), digest=evalset_digest(()), strata=())

    sets.save(empty)

    assert sets.load("main") == empty


def test_the_card_holds_no_text_of_a_case(tmp_path: Path) -> None:
    DirectoryEvalSets(tmp_path).save(a_set())

    card = (tmp_path / "main/v0001/CARD.md").read_text()
    assert "Lyon" not in card
    assert "Where?" not in card
    assert "| all | 100.00% | 3 | 3 |" in card


def test_messages_become_rows_that_other_tools_can_read() -> None:
    row = table_of(a_set().cases).to_pylist()[0]

    assert row["messages"][0]["parts"][0]["text"] in ("Where?", "When?", "Why?")
    assert a_message("user", "x")["role"] == row["messages"][0]["role"]


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = ["tests", "tests/adapters"]
from test_evalsets import DirectoryEvalSets, a_set
sets = DirectoryEvalSets(Path(sys.argv[1]))
version = 2
while True:
    sets.save(a_set(version, tuple(f"Question {n} of {version}?" for n in range(50))))
    print("saved", flush=True)
    version += 1
"""


def test_a_kill_leaves_only_whole_versions(tmp_path: Path) -> None:
    sets = DirectoryEvalSets(tmp_path)
    sets.save(a_set())
    for delay in (0.02, 0.05, 0.11):
        command = [sys.executable, "-c", KILLED.replace("version = 2", f"version = {sets.versions('main')[-1] + 1}")]
        with subprocess.Popen(
            [*command, str(tmp_path)], stdout=subprocess.PIPE, env=environment(), cwd=ROOT
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"saved\n"
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        for version in sets.versions("main"):
            assert sets.load("main", version).version == version
        assert sets.load("main").version in sets.versions("main")
    assert len(sets.versions("main")) > 3


def test_sets_in_an_object_store_are_those_of_a_directory(tmp_path: Path) -> None:
    stored = DirectoryEvalSets(place((tmp_path / "bucket").as_uri(), tmp_path))
    local = DirectoryEvalSets(tmp_path / "local")
    for sets in (stored, local):
        sets.save(a_set())
        sets.save(a_set(2))
        sets.use("main", 1)

    assert (stored.names(), stored.versions("main"), stored.current("main")) == (["main"], [1, 2], 1)
    assert stored.load("main", 2) == local.load("main", 2)
    for name in ("cases.parquet", "manifest.json", "CARD.md"):
        assert (tmp_path / "bucket/main/v0001" / name).read_bytes() == (
            tmp_path / "local/main/v0001" / name
        ).read_bytes()


def test_a_version_in_an_object_store_is_never_overwritten_nor_written_by_two(tmp_path: Path) -> None:
    stored = DirectoryEvalSets(place((tmp_path / "bucket").as_uri(), tmp_path))
    stored.save(a_set())
    before = (tmp_path / "bucket/main/v0001/manifest.json").read_bytes()

    with pytest.raises(UsageError, match="exists"):
        stored.save(a_set(created_at="later"))
    with leased(stored.path / "main" / "leases"), pytest.raises(UsageError, match="another build"):
        stored.save(a_set(2))

    assert (tmp_path / "bucket/main/v0001/manifest.json").read_bytes() == before
    assert stored.versions("main") == [1]


def test_a_version_in_an_object_store_is_replaced_whole(tmp_path: Path) -> None:
    stored = DirectoryEvalSets(place((tmp_path / "bucket").as_uri(), tmp_path))
    asked = TrafficInput(trace_id="t1", text=declared_clean("Why?"), user=5, cluster="all", start=NOON)
    stored.save(a_set(), [asked])
    after = a_set(questions=("Where?", "When?"))

    stored.rewrite(after, ())

    assert (stored.load("main"), stored.traffic("main", 1)) == (after, ())
    left = {path.name for path in (tmp_path / "bucket/main/v0001").rglob("*") if path.is_file()}
    assert left == {"cases.parquet", "manifest.json", "CARD.md"}


def test_what_an_interrupted_upload_left_is_no_version(tmp_path: Path) -> None:
    stored = DirectoryEvalSets(place((tmp_path / "bucket").as_uri(), tmp_path))
    stored.save(a_set())
    (tmp_path / "bucket/main/v0002").mkdir()
    (tmp_path / "bucket/main/v0002/cases.parquet").write_bytes(b"half")
    (tmp_path / "bucket/main/v0002/traffic.parquet").write_bytes(b"half")

    assert stored.versions("main") == [1]
    stored.save(a_set(2))
    assert stored.load("main", 2).version == 2
    assert not (tmp_path / "bucket/main/v0002/traffic.parquet").exists()
