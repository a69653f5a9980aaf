"""`a_world`: a job's workspace for the composite action, with an `llmci` that leaves with any exit code."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from composite_action import run_action

if TYPE_CHECKING:
    from composite_action import Job

ROOT = Path(__file__).parents[1]
# Exit code of llmci to what its result says (None: there is none) and what the action calls it.
CODES = {
    0: ("passed", "passed"),
    1: ("regressed", "regressed"),
    2: (None, "error"),
    3: ("inconclusive", "inconclusive"),
    4: (None, "infra"),
    5: (None, "error"),
    70: (None, "error"),
    130: (None, "interrupted"),
}
FAKE_LLMCI = """#!/usr/bin/env bash
printf '%s\\0' "$@" > "$FAKE/arguments-of-$1"
printf '%s' "${PROVIDER_KEY:-}" > "$FAKE/key-of-$1"
printf '%s' "${GITHUB_TOKEN:-}" > "$FAKE/token-of-$1"
if [[ "$1" == comment ]]; then
  if [[ -n "${REAL_COMMENT:-}" ]]; then exec python -m llmci "$@"; fi
  exit "${FAKE_COMMENT_CODE:-0}"
fi
if [[ "$1" == baseline ]]; then exit "${FAKE_BASELINE_CODE:-0}"; fi
echo '::error file=x::injected by a model'
while [[ $# -gt 0 ]]; do
  if [[ "$1" == -o ]]; then
    if [[ "$2" == *.json && -f "$FAKE/result.json" ]]; then cp "$FAKE/result.json" "$2"; fi
    if [[ "$2" == *.annotations && -f "$FAKE/annotations" ]]; then cp "$FAKE/annotations" "$2"; fi
    if [[ "$2" == *.md && -f "$FAKE/summary" ]]; then cp "$FAKE/summary" "$2"; shift 2; continue; fi
    if [[ "$2" == *.sarif && -f "$FAKE/result.json" ]]; then echo '{}' > "$2"; fi
    if [[ "$2" == *.md && -f "$FAKE/result.json" ]]; then echo '> the summary' > "$2"; fi
    if [[ "$2" == *.html && -f "$FAKE/result.json" ]]; then echo '<!doctype html>' > "$2"; fi
    shift
  fi
  shift
done
exit "$FAKE_CODE"
"""
FAKE_PYTHON = """#!/usr/bin/env bash
if [[ "$1" == -m && "$2" == pip ]]; then printf '%s' "${{PROVIDER_KEY:-}}" > "{fake}/key-of-pip"; echo "$*" >> "{fake}/pip"; exit 0; fi
exec "{python}" "$@"
"""


@dataclass
class World:
    """A workspace with a fake `llmci` and `python` on PATH.

    Attributes:
        fake: Where they are, with what they were called with, and what the fake bench shall leave.
        environ: Of the job, beyond PATH.
        known: Values of expressions that only GitHub knows.
    """

    fake: Path
    workspace: Path
    environ: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=lambda: {"github.token": "token-of-the-job"})

    def run(self, code: int, outcome: str | None, **inputs: str) -> Job:
        if outcome is not None and not (self.fake / "result.json").exists():
            counts = {"cases": 9, "regressed": 2, "errored": 1, "improved": 4}
            result = {"outcome": outcome, "counts": counts, "candidate": {"cost_usd": 1.25}}
            (self.fake / "result.json").write_text(json.dumps(result), encoding="utf-8")
        environ = {
            "PATH": f"{self.fake}:/usr/bin:/bin",
            "FAKE": str(self.fake),
            "FAKE_CODE": str(code),
            "PROVIDER_KEY": "sk-secret",
            **self.environ,
        }
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(ROOT, self.workspace, given, environ, self.known)

    def arguments(self, command: str = "bench") -> list[str]:
        return (self.fake / f"arguments-of-{command}").read_text(encoding="utf-8").split("\0")[:-1]


def a_world(place: Path) -> World:
    """Make it in an empty directory."""
    fake, workspace = place / "fake", place / "workspace"
    fake.mkdir()
    workspace.mkdir()
    for name, script in (("llmci", FAKE_LLMCI), ("python", FAKE_PYTHON.format(fake=fake, python=sys.executable))):
        (fake / name).write_text(script, encoding="utf-8")
        (fake / name).chmod(0o755)
    return World(fake, workspace)
