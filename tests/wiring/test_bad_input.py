"""What traffic and files may be like at their worst: a sensible result, or a clear error and nothing overwritten."""

from __future__ import annotations

import multiprocessing
import shutil
from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_message, a_trace
from commands import llmci
from intents import questions
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.errors import LlmciError, UsageError
from llmci.files import locked
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import build_version
from llmci.wiring.evalset_store import store
from llmci.wiring.label import label

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from pathlib import Path

    from llmci.domain.trace import TraceRow

CODE = "def f(x):\n    return x  # 🚀\n"
MIXED = (
    "Where is my parcel?",
    "¿Dónde está mi pedido?",
    "荷物はどこですか",
    "Где моя посылка?",
    "أين طردي؟",
    "🎉🎉🎉",
    f"```python\n{CODE}```",
    '{"json": [1, 2, {"a": null}]}',
    "\u202e\u200b\x00",
    "a" * 5000,
)


def a_project(path: Path, rows: list[TraceRow]) -> Config:
    (path / "llmci.yaml").write_text("evalset: {size: 20}")
    a_clean_shelf(path / ".llmci", rows)
    return load(path / "llmci.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 40 labelled traces with one version of a set."""
    path: Path = tmp_path_factory.mktemp("built")
    rows = [a_trace(f"t{n}", text, user_id=f"u{n}") for n, (text, _) in enumerate(questions(40, 1))]
    label(config := a_project(path, rows), now=NOON)
    build_version(config, now=NOON)
    return path


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([a_trace(f"t{n}-{i}", text) for i, text in enumerate(MIXED) for n in range(6)], id="mixed"),
        pytest.param([a_trace(f"t{n}", text) for n, (text, _) in enumerate(questions(60, 1))], id="no-user-ids"),
        pytest.param([a_trace("a", input={"kind": "none"}, output={"kind": "none"}), a_trace("b")], id="empty-trace"),
        pytest.param(
            [a_trace("a", input={"kind": "messages", "messages": [a_message("user", "")]}), a_trace("b")],
            id="empty-text",
        ),
        pytest.param(
            [a_trace("a", output=None, steps=[{"kind": "llm"}], replay_kind="agent", status="error"), a_trace("b")],
            id="bare-step",
        ),
    ],
)
def test_odd_traffic_is_labelled_whole_and_built_from(tmp_path: Path, rows: list[TraceRow]) -> None:
    config = a_project(tmp_path, rows)

    summary = label(config, now=NOON)
    evalset = build_version(config, now=NOON).evalset

    assert sum(cluster.traces for cluster in summary.clusters) == len(rows)
    assert all(cluster.users is None for cluster in summary.clusters)
    assert sum(case.weight for case in evalset.cases) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_identical_traces_are_one_case(tmp_path: Path) -> None:
    config = a_project(tmp_path, [a_trace(f"t{n}") for n in range(100_000)])

    summary = label(config, now=NOON)

    assert [cluster.traces for cluster in summary.clusters if cluster.traces] == [100_000]
    assert len(build_version(config, now=NOON).evalset.cases) == 1


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("file", "command", "code"),
    [
        (".llmci/clean/test-1.parquet", ("label", "--recluster"), 5),
        (".llmci/clean/test-1.parquet", ("evalset", "build"), 5),
        (".llmci/labels/test-1.parquet", ("evalset", "build"), 2),
        ("evalsets/main/v0001/cases.parquet", ("evalset", "verify"), 2),
        ("evalsets/main/v0001/cases.parquet", ("evalset", "refresh", "--write"), 2),
    ],
)
def test_an_edited_parquet_file_is_found_and_nothing_is_overwritten(
    project: Path, file: str, command: tuple[str, ...], code: int
) -> None:
    flipped(project / file)
    before = {path: path.read_bytes() for path in (project / "evalsets").rglob("*") if path.is_file()}

    done = llmci(*command, cwd=project)

    assert done.returncode == code, done.stderr
    assert "fix:" in done.stderr
    assert {path: path.read_bytes() for path in (project / "evalsets").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (".llmci/labels/manifest.json", '"label/2"', '"label/9"'),
        ("evalsets/main/v0001/manifest.json", '"evalset/1"', '"evalset/9"'),
    ],
)
def test_what_a_newer_llmci_wrote_is_refused_by_name(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(UsageError, match=new.strip('"')) as stop:
        build_version(load(project / "llmci.yaml"), now=NOON)

    assert "pgrade llmci" in stop.value.fix


def build_once(path: Path, start: object, found: Queue[str]) -> None:
    start.wait()  # type: ignore[attr-defined]  # an Event
    try:
        built = build_version(load(path / "llmci.yaml"), now=NOON)
        found.put(f"v{built.evalset.version} {built.new}")
    except LlmciError as error:
        found.put(f"exit {error.exit_code}")


def test_of_two_builds_at_once_each_is_whole_or_refused(project: Path) -> None:
    a_clean_shelf(
        project / ".llmci", [a_trace(f"n{n}", text) for n, (text, _) in enumerate(questions(30, 2))], "test-2"
    )
    label(load(project / "llmci.yaml"), now=NOON)
    spawning = multiprocessing.get_context("fork")
    start, found = spawning.Event(), spawning.Queue()
    builds = [spawning.Process(target=build_once, args=(project, start, found)) for _ in range(2)]
    for process in builds:
        process.start()
    start.set()
    outcomes = sorted(found.get(timeout=60) for _ in builds)
    for process in builds:
        process.join()

    # The second comes to nothing new, or to a version that is there by then.
    assert outcomes in (["exit 2", "v2 True"], ["v2 False", "v2 True"])
    assert store(load(project / "llmci.yaml")).versions("main") == [1, 2]


def test_of_two_labellings_at_once_the_second_is_refused(project: Path) -> None:
    config = load(project / "llmci.yaml")
    before = shelf_of(config, "labels").shards()

    with locked(config.state / "label.lock"), pytest.raises(UsageError, match="another run is labelling"):
        label(config, now=NOON, recluster=True)

    assert shelf_of(config, "labels").shards() == before
