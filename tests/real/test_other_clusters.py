"""The engines of docs/engines on a real Ray and a real Spark of this machine. Skipped where those are not installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scaled import a_project, die_at_three, left_on_shelves, opened, stages

from llmci.seams import Silent, WorkerDied
from llmci.wiring.engine import Crew, engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real, pytest.mark.timeout(400), pytest.mark.filterwarnings("ignore")]

HOUSE = Path(__file__).parents[2]
PATHS = os.pathsep.join(map(str, (HOUSE, HOUSE / "tests", HOUSE / "docs" / "engines")))


@pytest.fixture(params=["ray", "pyspark"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The kind of an engine that an entry point of an installed package names, as a user would have it."""
    if importlib.util.find_spec(request.param) is None or (request.param == "pyspark" and not shutil.which("java")):
        pytest.skip(f"{request.param} is not installed")
    name = request.param.removeprefix("py")
    installed = tmp_path / "installed"
    shutil.copytree(HOUSE / "docs" / "engines", installed)
    about = installed / f"{name}_engine-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-engine\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[llmci.engine]\n{name} = {name}_engine:{name.title()}Engine\n")
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setenv("PYTHONPATH", PATHS)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] --conf spark.ui.port=0 pyspark-shell")
    yield name
    if name == "ray":
        import ray

        ray.shutdown()
    else:
        from pyspark.sql import SparkSession

        SparkSession.builder.getOrCreate().stop()


def test_another_cluster_leaves_the_same_bytes(kind: str, tmp_path: Path) -> None:
    one, other = (a_project(tmp_path / name, files=2, traces=20) for name in ("one", "other"))

    stages(opened(one, "inline"))
    stages(opened(other, kind))

    assert left_on_shelves(other) == left_on_shelves(one)


def test_a_worker_that_is_killed_is_told(kind: str, tmp_path: Path) -> None:
    if kind == "spark":
        pytest.skip("Spark tries a job again by itself, and fails it whole")
    root = a_project(tmp_path / "root", files=1, traces=1)

    with Crew(engine_of(opened(root, kind), "test", {}, [], worth=0), Silent()) as crew:
        found = dict(crew.each(die_at_three, range(6)))

    assert isinstance(found.pop(3), WorkerDied)
    assert found == {number: number for number in (0, 1, 2, 4, 5)}
