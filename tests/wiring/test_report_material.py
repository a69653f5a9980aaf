"""What a report says of trust is looked up where other commands left it, and what is damaged is as good as none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from builders import a_metric, a_run
from report_builders import a_calibration

from llmci.config import load
from llmci.core.grouping.drift import ClusterShare, Drift
from llmci.core.grouping.newtopics import NewTopic
from llmci.core.reporting.drift import drift_view
from llmci.core.stats.agreement import wilson
from llmci.files import write_json
from llmci.wiring.calibrations import calibrations_of, judged_by, save
from llmci.wiring.drift import DriftReport, remember
from llmci.wiring.drift_seen import last_drift
from llmci.wiring.sanitize_report import REPORT, sanitizing_of

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "llmci.yaml").write_text("project: shop\n")
    return load(tmp_path / "llmci.yaml")


def test_the_calibrations_of_a_run_s_judges_are_found_with_their_slices(config: Config) -> None:
    metric = replace(a_metric("polite"), judge="model-x", digest="other")
    run = replace(
        a_run({"a": 1.0}), metrics=(metric,), environment={"judge digest of polite": f"{'j' * 64},{'k' * 64}"}
    )
    save(config, a_calibration("polite"))

    [found] = calibrations_of(config, run)["polite"]

    assert set(found.figures["slices"]) == {"polite", "retail"}
    assert judged_by([], config) == {}


def test_a_damaged_calibration_is_as_good_as_none(config: Config) -> None:
    metric = replace(a_metric("polite"), judge="model-x", digest="j" * 64)
    save(config, a_calibration("polite")).write_text("{")

    assert calibrations_of(config, replace(a_run({"a": 1.0}), metrics=(metric,))) == {}


def test_drift_is_remembered_with_what_its_drawings_need_and_no_text(config: Config) -> None:
    found = Drift(
        represented=0.88,
        novelty_p=0.01,
        classifier_auc=0.61,
        classifier_p=0.2,
        drifted=True,
        new_topics=(NewTopic(name="gift card", inputs=48, share=0.08, examples=("my gift card is lost",)),),
        psi=0.31,
        clusters=(ClusterShare("refund", wilson(1800, 9000), wilson(1200, 4000)),),
        compared=(900, 600),
    )
    report = DriftReport(
        evalset="main",
        version=1,
        traces=4000,
        traces_before=9000,
        against="traffic",
        other_key=False,
        verdict="moved",
        drift=found,
    )

    remember(config, report, NOW)

    view = drift_view(a_run({"a": 1.0}), last_drift(config))
    assert view is not None
    assert (view.verdict, len(view.clusters), len(view.topics)) == ("moved", 1, 1)
    assert view.represented is not None
    assert "my gift card" not in (config.state / "drift.json").read_text()


def test_what_sanitize_reported_is_shown_only_beside_the_manifest_that_it_is_about(config: Config) -> None:
    assert sanitizing_of(config) is None
    write_json(config.state / "clean" / "manifest.json", {"digest": "one", "rows": 3})
    write_json(config.state / REPORT, {"manifest_digest": "one", "residual": [], "rows": 3})
    both = sanitizing_of(config)

    write_json(config.state / REPORT, {"manifest_digest": "another", "residual": []})

    assert both is not None
    assert "residual" in both
    assert sanitizing_of(config) == {"digest": "one", "rows": 3}
