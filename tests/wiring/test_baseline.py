"""Where a bench takes its baseline from: the chain, what does not fit, what is said of it, and what it leaves."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from builders import a_case, an_evalset
from github_api import GithubApi, github_api

from llmci.adapters.stores.scores import scores_document, scores_run
from llmci.config import load
from llmci.domain.case import Origin
from llmci.domain.run import SCORES_ONLY, Answered, Scored
from llmci.domain.text import declared_clean
from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError, UsageError
from llmci.seams import Silent
from llmci.wiring.baseline import committed_file, fetch, keep_scores
from llmci.wiring.bench import bench
from llmci.wiring.bench_plan import Ask, prepare
from llmci.wiring.evalset import store
from llmci.wiring.promote import promote
from llmci.wiring.stored_report import report_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.config import Config
    from llmci.domain.run import Run
    from llmci.wiring.bench import BenchOutcome

START = datetime(2026, 11, 1, tzinfo=UTC)
ENVIRON = {"PATH": "/usr/bin:/bin"}
BOTH, ONE = ("baseline", "candidate"), ("candidate",)


def a_project(root: Path, systems: tuple[str, ...] = BOTH, *, cases: int = 40, scorer: str = "exact") -> Config:
    """Systems that answer with a file's rows; the eval set is stored. Candidate and baseline answer alike."""
    evalset = an_evalset(
        [
            a_case(f"c{n:02}", f"question {n}", reference=declared_clean("yes"), weight=1 / cases, origin=Origin(kind="hand"))
            for n in range(cases)
        ],
        sanitize_digest=None,
    )
    blocks = "\n".join(f"  {name}: {{kind: python, path: app.py, function: {name}}}" for name in systems)
    (root / "app.py").write_text(
        "def baseline(case):\n    return {'text': 'yes'}\n\n\ndef candidate(case):\n    return {'text': 'yes', 'metadata': {}}\n"
    )
    (root / "llmci.yaml").write_text(
        f"""
systems:
{blocks}
scorers:
  right: {{kind: {scorer}}}
gates:
  - {{metric: right, tolerance: 10pt}}
evalset: {{name: {evalset.name}}}
"""
    )
    config = load(root / "llmci.yaml")
    if not store(config).names():
        store(config).save(evalset)
    return config


def benched(config: Config, source: str = "auto", *, at: datetime = START, limit: int | None = None) -> BenchOutcome:
    ask = Ask(baseline_from=source, limit=limit, cache=False)
    return bench(config, ask, environ=ENVIRON, progress=Silent(), clock=lambda: at)
