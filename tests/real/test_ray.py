"""The adapter of docs/scale.md, as it stands there, on a Ray of this machine. Skipped where Ray is not installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scaled import a_project, left_on_shelves, opened, stages

from llmci import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ray = pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore")]

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")):
        monkeypatch.setenv(name, value)
    tests = str(Path(__file__).parents[1])
    environ = {"PYTHONPATH": f"{PAGE.parents[1]}:{tests}"}
    ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1", runtime_env={"env_vars": environ})
    yield
    ray.shutdown()


def test_the_documented_adapter_leaves_the_same_bytes(
    tmp_path: Path, started: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Any] = {}
    [written] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    exec(written, found)  # noqa: S102  what the page says is what is tried
    before = registry.adapter
    monkeypatch.setattr(
        registry, "adapter", lambda seam, name: found["RayEngine"] if name == "ray" else before(seam, name)
    )
    one, other = (a_project(tmp_path / name, files=3, traces=50) for name in ("one", "ray"))

    stages(opened(one, "inline"))
    stages(opened(other, "ray"))

    assert left_on_shelves(other) == left_on_shelves(one)
