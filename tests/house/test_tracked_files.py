"""Rules about files that no linter knows."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc", "core_utils"}
BINARY = {".parquet", ".png", ".gz", ".whl", ".ico"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    return sorted((ROOT / "llmci").rglob("*.py"))


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in (ROOT / "llmci").rglob("*") if path.stem in VAGUE] == []


def test_every_module_starts_with_what_it_is_for() -> None:
    silent = [str(file) for file in modules() if not ast.get_docstring(ast.parse(file.read_text()))]

    assert silent == []


def test_an_init_holds_a_docstring_and_nothing_else() -> None:
    for file in modules():
        if file.name == "__init__.py" and file.parent.name != "llmci":
            assert len(ast.parse(file.read_text()).body) == 1, file


def test_nothing_prints_but_the_terminal() -> None:
    printing = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in modules()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printing == []


def test_only_the_terminal_writes_to_the_standard_streams() -> None:
    allowed = {"llmci/cli/streams.py", "llmci/cli/crash.py", "llmci/cli/terminal.py"}
    writing = {
        str(file.relative_to(ROOT))
        for file in modules()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr") and ast.unparse(node.value) == "sys"
    }

    assert writing <= allowed


def registry_hosts() -> set[str]:
    """The package registries that this machine is set up for, read when the test runs."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    known = [
        told.stdout,
        *(value for name, value in os.environ.items() if name.lower().startswith(("pip", "uv", "npm"))),
    ]
    hosts = set(re.findall(r"https?://(?:[^@/\s'\"]+@)?([^/\s:'\"]+)", "\n".join(known)))
    return {host for host in hosts if not host.startswith(("localhost", "127."))}


def test_no_file_names_a_package_registry_or_a_place_on_this_machine() -> None:
    # Written apart, or this file would be the first to break its own rule.
    words = {
        *registry_hosts(),
        "py" + "pi.org",
        "files.python" + "hosted",
        "registry.npm" + "js",
        str(ROOT),
        "/wo" + "rk/",
    }
    found = [
        f"{path.relative_to(ROOT)} holds {word!r}"
        for path in tracked()
        if path.suffix not in BINARY
        for word in words
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]

    assert found == []


def test_nothing_large_is_tracked() -> None:
    # The tagger's weights may weigh more; `test_the_weights_weigh_less_than_five_megabytes` bounds them.
    assert [path for path in tracked() if path.stat().st_size > 2_000_000 and path.name != "tagger.npz"] == []
