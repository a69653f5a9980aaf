"""On a real Dask cluster of this machine: the same bytes, and deaths made good. Skipped where Dask is not installed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON
from commands import environment
from scaled import KEY, a_project, die_at_three, left_on_shelves, opened, pull_all, stages

from llmci.errors import OutsideError, UsageError
from llmci.seams import Silent, WorkerDied
from llmci.wiring.engine import Crew, engine_of
from llmci.wiring.evalset import build_version

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'llmci-loop[dask]'")
pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore")]

TESTS = Path(__file__).parents[1]
PATHS = os.pathsep.join((str(TESTS.parent), str(TESTS)))


class Noted(Silent):
    """Progress that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


class Cluster:
    """A scheduler with two workers, each a process of its own."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._started: list[subprocess.Popen[bytes]] = []
        place = logs / "scheduler.json"
        told = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", place)
        self.scheduler = self._start("scheduler", *map(str, told))
        deadline = time.monotonic() + 30
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.address = json.loads(place.read_text())["address"]
        for _ in range(2):
            self.add_worker()

    def add_worker(self) -> None:
        told = ("--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "30")
        self._start("worker", self.address, *told)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{len(self._started)}-{words[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                env=environment(PYTHONPATH=PATHS, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1"),
                stdout=log,
                stderr=log,
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self._logs.glob("*.log"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    logs = tmp_path / "cluster"
    logs.mkdir()
    made = Cluster(logs)
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = a_project(tmp_path_factory.mktemp("one") / "undisturbed", files=6, traces=200)
    stages(opened(root, "inline"))
    return left_on_shelves(root)


def on_dask(root: Path, address: str) -> Any:
    return opened(root, "dask", scheduler=address)


def test_a_scheduler_leaves_the_same_bytes_as_one_process_and_no_key_in_a_log(
    tmp_path: Path, cluster: Cluster, undisturbed: dict[str, bytes]
) -> None:
    root, progress = a_project(tmp_path / "dask", files=6, traces=200), Noted()

    stages(on_dask(root, cluster.address), progress)

    assert left_on_shelves(root) == undisturbed
    built = build_version(on_dask(root, cluster.address), now=NOON, environ=KEY).evalset
    assert built.digest == build_version(opened(root, "inline"), now=NOON, environ=KEY).evalset.digest
    assert any("http://127.0.0.1" in note for note in progress.notes)
    cluster.close()
    assert "a key for tests" not in cluster.logs()
    assert "Quagmire" not in cluster.logs()


def test_a_cluster_of_this_machine_leaves_the_same_bytes(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    root = a_project(tmp_path / "dask", files=6, traces=200)

    stages(opened(root, "dask", workers=2))

    assert left_on_shelves(root) == undisturbed


def test_a_worker_that_is_killed_is_made_good(tmp_path: Path, cluster: Cluster, undisturbed: dict[str, bytes]) -> None:
    root = a_project(tmp_path / "dask", files=6, traces=200)
    killed: list[int] = []
    killer = threading.Thread(target=kill_a_worker, args=(cluster, root / ".llmci" / "raw", killed))
    killer.start()

    stages(on_dask(root, cluster.address))

    killer.join()
    assert killed
    assert left_on_shelves(root) == undisturbed


def kill_a_worker(cluster: Cluster, shelf: Path, killed: list[int]) -> None:
    deadline = time.monotonic() + 60
    while not list(shelf.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    nanny = cluster._started[1]
    children = [task.read_text().split() for task in Path(f"/proc/{nanny.pid}/task").glob("*/children")]
    for child in itertools.chain(*children):
        if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
            os.kill(int(child), signal.SIGKILL)
            killed.append(int(child))


def test_a_scheduler_that_goes_stops_with_what_to_do_and_the_rest_is_done_elsewhere(
    tmp_path: Path, cluster: Cluster, undisturbed: dict[str, bytes]
) -> None:
    root = a_project(tmp_path / "dask", files=6, traces=200)

    def kill() -> None:
        while not list((root / ".llmci" / "raw").glob("*.json")):
            time.sleep(0.005)
        cluster.scheduler.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(OutsideError, match="is gone") as stopped:
        stages(on_dask(root, cluster.address))
    killer.join()

    assert "run the same command again" in stopped.value.fix
    stages(opened(root, "processes", workers=2))
    assert left_on_shelves(root) == undisturbed


def test_a_driver_that_is_killed_is_finished_by_the_next(
    tmp_path: Path, cluster: Cluster, undisturbed: dict[str, bytes]
) -> None:
    root = a_project(
        tmp_path / "dask", files=6, traces=200, settings=f"engine: {{kind: dask, scheduler: '{cluster.address}'}}\n"
    )
    script = f"from pathlib import Path\nfrom scaled import opened, stages\nstages(opened(Path({str(root)!r}), None))"
    driver = subprocess.Popen([sys.executable, "-c", script], env=environment(PYTHONPATH=PATHS))
    while driver.poll() is None and not list((root / ".llmci" / "raw").glob("*.json")):
        time.sleep(0.005)
    driver.kill()
    driver.wait()

    stages(on_dask(root, cluster.address))

    assert left_on_shelves(root) == undisturbed
    assert pull_all(on_dask(root, cluster.address)).shards_read == 0


def test_what_ends_its_worker_is_given_up_and_the_rest_goes_on(tmp_path: Path, cluster: Cluster) -> None:
    root = a_project(tmp_path / "dask", files=1, traces=1)

    with Crew(engine_of(on_dask(root, cluster.address), "test", {}, [], worth=0), Silent()) as crew:
        found = dict(crew.each(die_at_three, range(6)))

    assert isinstance(found.pop(3), WorkerDied)
    assert found == {number: number for number in (0, 1, 2, 4, 5)}


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmci.adapters.engines.dask._CONNECT_S", 1)
    root = a_project(tmp_path / "dask", files=1, traces=1)

    with pytest.raises(OutsideError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        pull_all(on_dask(root, "tcp://127.0.0.1:9"))
    with pytest.raises((UsageError, OutsideError)):
        pull_all(on_dask(root, "nonsense"))
