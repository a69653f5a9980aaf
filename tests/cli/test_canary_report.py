"""`llmci canary report`: the page of a rollout."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest
from canary_project import CONFIG, project
from commands import llmci

from llmci.core.reporting.curves import HEIGHT, WIDTH, evidence_curve, exposure_curve
from llmci.core.stats.watch import ThinnedPath

if TYPE_CHECKING:
    from pathlib import Path


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_the_page_shows_exposure_evidence_segments_and_decisions_without_script(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05)
    text = CONFIG.replace("s, scores", "s, metadata: {p: p}, scores").replace(
        "criteria:", "segment: metadata.p\n  segments: [mobile, <desktop>]\n  criteria:"
    )
    (tmp_path / "llmci.yaml").write_text(text)
    rows = [json.loads(line) for line in (tmp_path / "live.jsonl").read_text().splitlines()]
    rows = [{**row, "p": ("mobile", "<desktop>", "anna@example.org")[at % 3]} for at, row in enumerate(rows)]
    (tmp_path / "live.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    llmci("canary", "stop", "--reason", "<b>too early</b>", "--by", "anna", cwd=tmp_path)
    (tmp_path / "flags.json").write_text('{"bot": {"share": 0.25}}')

    done = llmci("canary", "report", "--since", "2026-01-01", "-q", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    page = (tmp_path / "rollout.html").read_text()
    seen = _Seen()
    seen.feed(page)
    assert "script" not in seen.tags
    assert not {name for name, _ in seen.attributes} & {"style", "onclick", "src"}
    assert any(value and value.startswith("default-src 'none'; style-src 'sha256-") for _, value in seen.attributes)
    # Exposure, all criteria together, and each of the two.
    assert seen.tags.count("polyline") == 4
    assert "<h3>mobile</h3>" in page
    assert "&lt;desktop&gt;" in page
    assert "&lt;b&gt;too early&lt;/b&gt;" in page
    assert "anna@example.org" not in page
    assert "Where?" not in page
    assert re.search(r'word">Expand:<', page)


def test_a_page_without_evidence_says_so(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05, requests=10)

    llmci("pull", "-q", cwd=tmp_path)

    done = llmci("canary", "report", "--pulled", "--share", "0.9", "--json", "-o", "a.html", cwd=tmp_path)

    assert json.loads(done.stdout)["decision"]["action"] in {"no evidence", "hold"}
    assert (tmp_path / "a.html").exists()


def test_a_path_that_is_thinned_keeps_its_peak_and_its_curve_stays_within_its_drawing() -> None:
    values = np.ones(100_000)
    values[77_777] = 1e9
    path = ThinnedPath(100_000)
    for some in np.split(np.arange(100_000), [5, 70_000]):
        path.add(some, values[some])

    curve = evidence_curve(path.points(), boundary=20.0)

    points = [tuple(map(float, point.split(","))) for point in curve.points.split()]
    assert len(points) <= 402
    assert min(y for _, y in points) == 0.0
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert curve.boundary < curve.one


@pytest.mark.parametrize(("moves", "points"), [([], 0), ([(5.0, 0.1)], 1), ([(0.0, 0.1), (1.0, 1.0), (3.0, 1.0)], 5)])
def test_exposure_goes_in_steps(moves: list[tuple[float, float]], points: int) -> None:
    assert len(exposure_curve(moves).split()) == points
