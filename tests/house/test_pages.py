"""What the pages say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from llmci.cli.main import COMMANDS
from llmci.config import parse
from llmci.errors import ExitCode

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def lines_of(page: str) -> list[str]:
    """Lines of code of a page."""
    return [line for block in re.findall(r"```\n(.*?)```", page, flags=re.DOTALL) for line in block.splitlines()]


def test_ci_runs_the_test_command_of_the_readme_as_it_stands_there() -> None:
    [tests] = [line for line in lines_of(README) if "pytest" in line]
    script = (ROOT / ".ci" / "run").read_text()
    [found] = re.findall(r"^tests=\$\((.*)\)$", script, flags=re.MULTILINE)

    read = subprocess.run(["bash", "-c", found], cwd=ROOT, capture_output=True, text=True, check=True)

    assert read.stdout.strip() == tests
    assert 'step tests bash -c "$tests"' in script


def test_both_commands_of_the_readme_start_from_nothing_but_python_and_pip() -> None:
    commands = [line for line in lines_of(README) if line.startswith("python3 -m venv")]

    assert len(commands) == 2
    for command in commands:
        assert command.startswith(
            "python3 -m venv --without-pip .venv && python3 -m pip --python .venv install -q -c constraints.txt "
        )
    assert commands[0].endswith("&& .venv/bin/llmci demo")


def test_the_configuration_of_the_readme_is_valid(tmp_path: Path) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)

    config = parse(text, tmp_path / "llmci.yaml")

    assert config.bench.baseline in config.systems
    assert config.bench.candidate in config.systems


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `llmci ([a-z]+)` \|", README, flags=re.MULTILINE)

    assert listed == list(COMMANDS)


def test_the_readme_lists_every_exit_code() -> None:
    [row] = re.findall(r"^\| 0 \|.*$", README, flags=re.MULTILINE)

    assert [int(cell) for cell in row.strip("| ").split(" | ")] == [code.value for code in ExitCode]


def test_every_page_is_linked_and_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    linked = set()
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
            linked.add((page.parent / target).resolve())
    guides = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions"}

    assert guides - linked == set()


def test_the_page_of_the_configuration_is_written_from_the_settings() -> None:
    code = "import write_configuration as w; assert w.PAGE.read_text() == w.page(), 'run python docs/write_configuration.py'"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'docs'}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_every_benchmark_is_named_where_figures_are_looked_for() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    silent = [
        file.name
        for file in (ROOT / "benchmarks").glob("*.py")
        if "\nRun: " in file.read_text() and f"python benchmarks/{file.name}" not in page
    ]

    assert silent == []


def test_every_workflow_is_yaml() -> None:
    for file in (ROOT / ".github").rglob("*.yml"):
        assert yaml.safe_load(file.read_text())
