"""Runs a bench in a process of its own, on a set of sixty cases: for tests that kill it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench_builders import scrub, some_cases
from builders import an_evalset

import llmci.wiring.bench as wiring
from llmci.config import load
from llmci.domain.text import declared_clean
from llmci.errors import LlmciError
from llmci.seams import Silent
from llmci.wiring.bench_plan import Ask, prepare


def main() -> None:
    root, flags = Path(sys.argv[1]), set(sys.argv[2:])
    config = load(root / "llmci.yaml")
    ask = Ask(cache="no-cache" not in flags, resume="resume" in flags)
    cases = some_cases(60, reference=declared_clean("even"))
    prepared = prepare(config, ask, os.environ, evalset=an_evalset(cases))
    wiring.LateCleaner.__call__ = lambda self, texts, case: scrub(texts, case)  # type: ignore[method-assign]
    wiring.LateCleaner.ahead = lambda self, texts: None  # type: ignore[method-assign]
    outcome = wiring.bench(
        config,
        ask,
        environ=os.environ,
        progress=Silent(),
        clock=lambda: datetime.now(UTC),
        prepared=prepared,
    )
    sys.stdout.write(f"{outcome.baseline.run_id} {outcome.candidate.run_id} {outcome.result.called}\n")


if __name__ == "__main__":
    try:
        main()
    except LlmciError as error:
        sys.stderr.write(error.message)
        sys.exit(error.exit_code)
