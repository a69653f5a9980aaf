"""A person is erased from a whole project, and nothing that they wrote is left anywhere in it."""

from __future__ import annotations

import shutil
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow.parquet as pq
import pytest
from builders import NOON, a_run, an_answer
from commands import llmci
from intents import questions

from llmci.adapters.sources.remote.landing import Landing
from llmci.adapters.stores.cache import SqliteCache
from llmci.adapters.stores.erasure import erase_spans
from llmci.adapters.stores.runs import DirectoryRuns
from llmci.config import Config, load
from llmci.core.evalsets.digests import evalset_digest
from llmci.domain.text import declared_clean
from llmci.errors import UsageError
from llmci.files import locked, write_bytes
from llmci.seams import Record, Silent, Window
from llmci.wiring.acts import acts_of
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import build_version
from llmci.wiring.evalset_store import store
from llmci.wiring.forget import forget, hash_of
from llmci.wiring.label import label
from llmci.wiring.pull import pull
from llmci.wiring.refresh import refresh
from llmci.wiring.sanitize import sanitize

if TYPE_CHECKING:
    from pathlib import Path

# What the person wrote, and the text of the answer that they got; neither is anything that sanitize would remove.
WORDS = ("quokkaberry", "zirconium waffle")
YAML = """
sources: {prod: {kind: jsonl, path: ../logs/*.jsonl, fields: {trace_id: id, input: q, output: a, user_id: u}}}
sanitize: {recognizers: [secrets]}
evalset: {size: 1000, holdout: 0}
report: [report.html]
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that llmci keeps, with two traces of the person in it."""
    root = tmp_path_factory.mktemp("forget")
    (root / "logs").mkdir()
    rows = [
        {"id": f"t{number}", "q": text, "a": "Here.", "u": f"user-{number % 20}"}
        for number, (text, _) in enumerate(questions(120, 1))
    ]
    rows += [
        {"id": f"mine-{number}", "q": f"where is my {WORDS[0]} {number}", "a": WORDS[1], "u": "anna@example.org"}
        for number in range(2)
    ]
    (root / "logs" / "a.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    project = root / "project"
    project.mkdir()
    (project / "llmci.yaml").write_text(YAML)
    config = load(project / "llmci.yaml")
    brought(config)
    evalset = build_version(config, now=NOON).evalset
    mine = next(case for case in evalset.cases if (case.origin.trace_id or "").startswith("mine"))
    said = replace(an_answer(mine.case_id), text=declared_clean(f"your {WORDS[0]} is here"))
    answers = [said, *(an_answer(case.case_id) for case in evalset.cases if case is not mine)]
    run = a_run({case.case_id: 1.0 for case in evalset.cases}, answers=answers, run_id="r1")
    DirectoryRuns(config.state / "runs").save(replace(run, evalset_digest=evalset.digest))
    cache = SqliteCache(config.state / "cache" / "answers.sqlite")
    for number, answer in enumerate(answers):
        cache.keep_answer(f"k{number}", answer)
    cache.close()
    journal = config.state / "journal" / "plan.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(orjson.dumps({"answer": {"case_id": mine.case_id, "text": WORDS[0]}}) + b"\n{half")
    (project / "report.html").write_text(f"{mine.case_id}: {WORDS[0]}")
    directory = project / "evalsets" / "main"
    (directory / "review.jsonl").write_bytes(
        orjson.dumps({"trace_id": "mine-1"}) + b"\n" + orjson.dumps({"trace_id": "t3"})
    )
    (directory / "review.md").write_text(WORDS[0])
    return root


@pytest.fixture
def config(prepared: Path, tmp_path: Path) -> Config:
    shutil.copytree(prepared, tmp_path / "copy")
    return load(tmp_path / "copy" / "project" / "llmci.yaml")


def brought(config: Config) -> None:
    pull(config, sources=(), window=Window(), limit=None, environ={}, progress=Silent(), now=NOON)
    sanitize(config, progress=Silent(), environ={}, now=NOON)
    label(config, now=NOON)


def forgotten(config: Config, *, dry_run: bool = False) -> Any:
    user = hash_of(config, "anna@example.org", {})
    return forget(config, user, dry_run=dry_run, environ={}, now=NOON)


def places(root: Path) -> list[str]:
    """Files in which anything that the person wrote or is can be read, whatever they are packed in."""
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and any(word in content(path) for word in (*WORDS, "anna@example.org"))
    ]


def content(path: Path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return path.read_bytes().decode("utf-8", "replace")


def test_nothing_that_they_wrote_is_left_on_shelves_in_a_store(config: Config) -> None:
    bucket = (config.root / "bucket").as_uri()
    shutil.rmtree(config.state)
    (config.root / "llmci.yaml").write_text(f"{YAML}shelves: '{bucket}'\n")
    config = load(config.root / "llmci.yaml")
    brought(config)
    assert {place.split("/")[1] for place in places(config.root) if place.startswith("bucket")} >= {"raw", "clean"}

    done = forgotten(config)

    assert places(config.root) == []
    assert done.counts["raw traces"] == done.counts["clean traces"] == 2
    assert any(line.startswith("file://") and "earlier versions" in line for line in done.remains)
    brought(config)
    assert places(config.root) == []


def test_a_dry_run_counts_what_is_then_erased_and_what_others_said_as_well_stays(config: Config) -> None:
    evalset = build_version(config, now=NOON).evalset
    mine = next(case for case in evalset.cases if (case.origin.trace_id or "").startswith("mine"))
    same = (replace(mine, origin=replace(mine.origin, trace_id="t3"), weight=1.0),)
    twin = replace(evalset, cases=same, digest=evalset_digest(same), name="other")
    store(config).save(twin)

    planned = forgotten(config, dry_run=True)
    done = forgotten(config)

    gone = {name: done.counts[name] for name in ("cases", "inputs kept for drift")}
    assert planned.counts == {"traces": 2, **gone}
    assert planned.evalsets == done.evalsets
    assert len(store(config).load("other", twin.version).cases) == 1


def test_nothing_that_they_wrote_is_left_under_the_project(config: Config) -> None:
    assert len(places(config.root)) >= 8

    done = forgotten(config)

    assert places(config.root) == []
    assert {"raw traces", "clean traces", "labels", "cases", "answers and scores", "cached answers"} <= set(done.counts)
    assert done.counts["raw traces"] == done.counts["clean traces"] == 2
    assert any(line.startswith("source prod: the files still hold") for line in done.remains)


def test_what_is_left_is_whole_and_all_stages_go_on_from_it(config: Config) -> None:
    before = store(config).load("main")

    done = forgotten(config)

    after = store(config).load("main")
    assert sum(case.weight for case in after.cases) == pytest.approx(1)
    assert after.digest != before.digest
    assert len(store(config).traffic("main", 1)) == 120
    assert done.evalsets[0] == {"set": "main", "version": 1, "from": before.digest, "to": after.digest}
    [act] = [act for act in acts_of(config) if act["act"] == "forget"]
    assert act["facts"]["evalsets"] == list(done.evalsets)
    run = DirectoryRuns(config.state / "runs").load("r1")
    assert len(run.answers) == len(run.case_ids) == len(after.cases)
    assert (config.root / "evalsets/main/review.jsonl").read_bytes() == b'{"trace_id":"t3"}\n'
    assert run.evalset_digest == after.digest
    second = build_version(config, now=NOON).evalset
    assert {case.case_id for case in second.cases} == {case.case_id for case in after.cases}
    brought(config)
    assert not build_version(config, now=NOON).new


def test_they_are_not_pulled_again_and_their_id_is_not_kept(config: Config) -> None:
    forgotten(config)
    more = {"id": "mine-9", "q": f"my {WORDS[0]} again", "a": "x", "u": "anna@example.org"}
    log = config.root.parent / "logs" / "a.jsonl"
    log.write_bytes(log.read_bytes() + orjson.dumps(more) + b"\n")

    brought(config)

    assert sum(info.rows for info in shelf_of(config, "raw").shards().values()) == 120
    assert places(config.root) == []


def test_a_dry_run_counts_and_changes_nothing(config: Config) -> None:
    before = {path: path.read_bytes() for path in config.root.rglob("*") if path.is_file()}

    done = forgotten(config, dry_run=True)

    assert done.counts == {"traces": 2, "cases": 2, "inputs kept for drift": 2}
    after = {path: path.read_bytes() for path in config.root.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert not (config.state / "forgotten.txt").exists()


def test_what_a_kill_left_is_finished_by_the_next_one(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("llmci.wiring.forget._Forget._evalsets", killed)
        with pytest.raises(KeyboardInterrupt):
            forgotten(config)
    assert places(config.root)

    forgotten(config)

    assert places(config.root) == []


@pytest.mark.parametrize("last", ["cases.parquet", "traffic.parquet", "CARD.md"])
def test_a_version_that_a_kill_left_half_rewritten_is_finished_by_the_next_one(
    config: Config, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    def killed_after(target: Path, content: bytes) -> None:
        write_bytes(target, content)
        if target.name == last and target.parent.name == "v0001":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("llmci.adapters.stores.evalsets.write_bytes", killed_after)
        with pytest.raises(KeyboardInterrupt):
            forgotten(config)
    with pytest.raises(UsageError):
        store(config).load("main")

    forgotten(config)

    assert places(config.root) == []
    assert len(store(config).traffic("main", 1)) == 120
    assert sum(case.weight for case in store(config).load("main").cases) == pytest.approx(1)
    assert not list((config.root / "evalsets" / "main" / "v0001").glob("*/"))


def test_what_they_asked_is_erased_from_the_kept_traffic_where_their_traces_left_the_shelf_before(
    config: Config,
) -> None:
    for shelf in ("raw", "clean", "labels"):
        shutil.rmtree(config.state / shelf)

    done = forgotten(config)

    assert done.counts["inputs kept for drift"] == 2
    assert not any(WORDS[0] in each.text for each in store(config).traffic("main", 1))


def test_what_was_corrected_for_them_is_erased_where_another_asked_the_same_later(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    fields = "user_id: u, start: at, scores: {correction: {path: c, annotator: human}}"
    (project / "llmci.yaml").write_text(
        YAML.replace("user_id: u", fields).replace("holdout: 0", 'reference: "score:correction"')
    )
    config = load(project / "llmci.yaml")
    later = NOON + timedelta(days=7)
    asked = {"q": "where is the lamp that i bought", "a": "Here."}
    rows = [
        {"id": "a-1", "u": "anna@example.org", "c": WORDS[1], "at": NOON.isoformat(), **asked},
        {"id": "b-1", "u": "user-1", "at": later.isoformat(), **asked},
        *(
            {"id": f"t{n}", "q": text, "a": "Here.", "at": later.isoformat()}
            for n, (text, _) in enumerate(questions(40))
        ),
    ]
    (tmp_path / "logs" / "a.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    brought(config)
    build_version(config, now=NOON)
    refresh(config, window=Window(since=later), now=later, environ={}, write=True)

    def references() -> list[tuple[str | None, str | None]]:
        versions = (store(config).load("main", version) for version in store(config).versions("main"))
        return [(c.origin.trace_id, c.reference) for found in versions for c in found.cases if c.reference]

    assert references() == [("a-1", WORDS[1]), ("b-1", WORDS[1])]
    forgotten(config)

    assert references() == []
    assert places(tmp_path / "project") == []


def test_nobody_is_forgotten_while_a_stage_writes_or_by_a_plain_id(config: Config) -> None:
    with pytest.raises(UsageError, match="no hash"):
        forget(config, "anna@example.org", dry_run=False, environ={}, now=NOON)
    with locked(config.state / "pull.lock"), pytest.raises(UsageError, match="pull is writing"):
        forgotten(config)


def test_the_command_takes_the_id_from_stdin(config: Config) -> None:
    done = llmci("forget", "--user", "-", "--dry-run", cwd=config.root, stdin="anna@example.org\n")

    assert done.returncode == 0, done.stderr
    assert "2  traces" in done.stdout
    assert "anna" not in done.stdout
    assert llmci("forget", "--user", "-", cwd=config.root).returncode == 2


def test_landed_records_of_a_trace_are_erased_and_never_come_again(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    records = [
        Record(trace, f"span-{trace}", "1", NOON, {"text": WORDS[0] if trace == "mine" else "x"})
        for trace in ("mine", "other")
    ]
    with landing.part("spans", "p1") as writer:
        for record in records:
            writer.write(record)
    assert writer.part is not None
    landing.commit("spans", None, [writer.part])

    assert landing.erase(["mine"]) == 1

    [unit] = landing.units()
    assert [spans for spans, _ in landing.grouped(unit.name, unit.parts)] == [[{"text": "x"}]]
    assert landing.news("spans", records) == []
    assert list(landing.unknown(["mine"])) == []
    landing.close()


def test_landings_of_sources_without_a_block_are_erased_too(config: Config) -> None:
    path = config.state / "landing" / "langfuse-0123abcd"
    with closing(Landing(path)) as landing:
        with landing.part("spans", "p1") as writer:
            for trace in ("mine-0", "other"):
                writer.write(Record(trace, f"s-{trace}", "1", NOON, {"text": f"{WORDS[0]} of {trace}"}))
        assert writer.part is not None
        landing.commit("spans", None, [writer.part])

    done = forgotten(config)

    assert done.counts["landed records"] == 1
    with closing(Landing(path)) as landing:
        [unit] = landing.units()
        assert [spans for spans, _ in landing.grouped(unit.name, unit.parts)] == [[{"text": f"{WORDS[0]} of other"}]]


def test_a_call_through_a_proxy_is_erased_though_its_trace_has_another_id(config: Config) -> None:
    attributes = {"litellm.call_id": "call-1", "gen_ai.operation.name": "acompletion", "llm.user": "anna@example.org", "gen_ai.prompt": WORDS[0]}  # fmt: skip
    logged = {
        "traceId": "aa",
        "spanId": "bb",
        "name": "litellm_request",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    proxy = {"traceId": "aa", "spanId": "cc", "name": "Received Proxy Server Request"}
    inbox = config.state / "landing" / "otlp-received"
    inbox.mkdir(parents=True)
    (inbox / "1.jsonl").write_bytes(
        orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [logged, proxy]}]}]}) + b"\n"
    )

    forgotten(config)

    with closing(Landing(inbox)) as landing:
        assert [spans for unit in landing.units() for spans, _ in landing.grouped(unit.name, unit.parts)] == []
    assert list(inbox.glob("*.jsonl")) == []


def test_received_spans_and_log_records_of_a_trace_are_erased(tmp_path: Path) -> None:
    spans = [{"traceId": name, "name": name} for name in ("mine", "other")]
    file = tmp_path / "a.jsonl"
    exports = [
        {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]},
        {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": spans[:1]}]}]},
    ]
    file.write_bytes(b"".join(orjson.dumps(export) + b"\n" for export in exports))

    assert erase_spans(file, {"mine"}) == 2
    assert b"mine" not in file.read_bytes()
    assert b"other" in file.read_bytes()
