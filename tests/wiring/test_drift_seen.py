"""A verdict says what was last seen of its eval set's drift."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builders import NOON, a_case, an_evalset

from llmci.config import load
from llmci.files import write_json
from llmci.wiring.drift_seen import on_drift

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config

RUN = "2026-11-20T12:00:00+00:00"


def a_project(path: Path) -> Config:
    (path / "llmci.yaml").write_text("project: x\n")
    return load(path / "llmci.yaml")


def test_the_last_look_at_this_version_is_told(tmp_path: Path) -> None:
    config, evalset = a_project(tmp_path), an_evalset([a_case()])
    told = {"evalset": evalset.name, "version": evalset.version, "verdict": "it represents 71 %."}
    write_json(config.state / "drift.json", told | {"measured_at": NOON.isoformat()})

    assert list(on_drift(config, evalset, run_at=RUN)) == [f"drift, as of {NOON:%Y-%m-%d}: it represents 71 %."]
    assert not list(on_drift(config, replace(evalset, version=99, created_at=RUN), run_at=RUN))


def test_an_old_set_of_production_traffic_that_nobody_looked_at_is_told(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    old = replace(an_evalset([a_case()]), created_at="2026-05-01T00:00:00+00:00", sanitize_digest="d")

    assert "203 days before this run" in next(on_drift(config, old, run_at=RUN))
    assert not list(on_drift(config, replace(old, sanitize_digest=None), run_at=RUN))


def test_a_damaged_note_says_nothing(tmp_path: Path) -> None:
    config, evalset = a_project(tmp_path), replace(an_evalset([a_case()]), created_at="not a time")
    config.state.mkdir()
    (config.state / "drift.json").write_text("[")

    assert not list(on_drift(config, evalset, run_at=RUN))
