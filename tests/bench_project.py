"""A project whose systems are models of the OpenAI-compatible server: set, configuration, and a bench of both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from builders import a_case, an_evalset

from llmci.cli.exits import exit_code_of
from llmci.config import load
from llmci.core.judging.labels import Menu
from llmci.domain.case import Origin
from llmci.domain.text import declared_clean
from llmci.pipeline.gate import gate
from llmci.pipeline.judge_check import Columns, check_rows
from llmci.seams import Silent
from llmci.wiring.bench import bench
from llmci.wiring.bench_plan import Ask, prepare
from llmci.wiring.judge import kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openai_server import OpenaiServer

    from llmci.config import Config
    from llmci.domain.evalset import EvalSet
    from llmci.errors import ExitCode
    from llmci.wiring.bench import BenchOutcome

ENVIRON = {"KEY": "sk-secret", "PATH": "/usr/bin:/bin"}
HAND = Origin(kind="hand")
JUDGE = (
    "polite: {kind: judge, model: openai/%s, base_url: %s, api_key_env: KEY, scale: binary, retries: 0, timeout_s: 20}"
)


def the_set(count: int = 60) -> EvalSet:
    """Questions that the server's echo answers rightly."""
    return an_evalset(
        [
            a_case(
                f"c{number:03}",
                f"question {number}",
                reference=declared_clean(f"question {number}"),
                rubric=declared_clean("Is it polite?"),
                weight=1 / count,
                origin=HAND,
                slices={"parity": str(number % 2)},
            )
            for number in range(count)
        ],
        sanitize_digest=None,
    )


def a_config(
    root: Path,
    server: OpenaiServer,
    *,
    candidate: str = "",
    judge: str = "",
    more: str = "",
    gate: str = "",
    scorer: str = "exact",
    retries: int = 0,
    timeout_s: float = 20,
) -> Config:
    """A baseline that echoes, a candidate laid over it, and one gate."""
    (root / "prompt.txt").write_text("{{ question }}")
    (root / "llmci.yaml").write_text(
        f"""
systems:
  baseline:
    kind: litellm
    model: openai/fine
    base_url: {server.url}
    api_key_env: KEY
    prompt: prompt.txt
    prompt_role: user
    prices: {{input: 1.0, output: 1.0}}
    params: {{max_tokens: 20}}
  candidate: {{extends: baseline{candidate}}}
scorers:
  right: {{kind: {scorer}}}
  {judge}
gates:
  - {{metric: right, tolerance: 10pt{gate}}}
  {"- {metric: polite, tolerance: 10pt}" if judge else ""}
bench: {{retries: {retries}, timeout_s: {timeout_s}{more}}}
"""
    )
    config = load(root / "llmci.yaml")
    if judge:
        vouch(config, "polite")
    return config


def vouch(config: Config, name: str, *, agreeing: int = 120) -> Path:
    """As if people had judged 120 answers, and agreed with the judge on so many of them."""
    rows = [{"h": n % 2, "j": n % 2 if n < agreeing else 1 - n % 2} for n in range(120)]
    checked = check_rows(rows, Columns(human=("h",), judge="j"), Menu())
    return kept(config, name, checked, asked=False, now=datetime.now(UTC), environ=ENVIRON)


def run(
    config: Config, evalset: EvalSet | None = None, *, environ: Mapping[str, str] = ENVIRON, **ask: Any
) -> BenchOutcome:
    asked = Ask(**ask)
    prepared = prepare(config, asked, environ, evalset=evalset or the_set())
    return bench(
        config,
        asked,
        environ=environ,
        progress=Silent(),
        clock=lambda: datetime.now(UTC),
        prepared=prepared,
    )


def way_out(config: Config, outcome: BenchOutcome) -> ExitCode:
    return exit_code_of(gate(outcome.baseline, outcome.candidate, the_set().cases, config.gates))
