"""The workflows and the action hold to their schemas and to what zizmor knows of attacks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-actions", [ROOT / "action.yml"]), ("vendor.github-workflows", WORKFLOWS)],
)
def test_they_follow_the_schema(schema: str, paths: list[Path]) -> None:
    checked = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", schema, *paths], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_the_pipeline_that_the_page_recommends_follows_gitlabs_schema(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "github-action.md").read_text(encoding="utf-8")
    pipeline = tmp_path / ".gitlab-ci.yml"
    pipeline.write_text(
        next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "CI_PIPELINE" in block)
    )

    checked = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", pipeline],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_zizmor_finds_nothing() -> None:
    checked = subprocess.run(
        [BIN / "zizmor", "--offline", "--persona", "pedantic", ROOT / "action.yml", ROOT / ".github"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout
