"""What holds for every command, so that a new one is held to it unasked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import llmci, python
from typer.main import get_command

from llmci.cli.main import COMMANDS, app
from llmci.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
HEAVY = (
    "litellm presidio_analyzer spacy pandas sklearn pyarrow numpy scipy pydantic yaml jinja2 aiohttp openai orjson rich"
)


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it, those of nested applications included."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    if not names:
        yield path, command
    for name in names:
        yield from leaves(command.get_command(None, name), f"{path} {name}")


EVERY = dict(leaves(get_command(app), "llmci"))


@pytest.mark.parametrize("path", EVERY)
def test_help_shows_an_example_that_calls_this_very_command(path: str) -> None:
    assert f"Example: {path}" in " ".join((EVERY[path].help or "").split())


@pytest.mark.parametrize("path", EVERY)
def test_it_answers_with_json(path: str) -> None:
    assert any("--json" in option.opts for option in EVERY[path].params)


@pytest.mark.parametrize("path", EVERY)
def test_every_flag_says_what_it_does(path: str) -> None:
    silent = [option.name for option in EVERY[path].params if not option.help]

    assert silent == []


@pytest.mark.parametrize("path", EVERY)
def test_the_first_line_of_help_fits_the_list_of_commands(path: str) -> None:
    siblings = [other.split()[-1] for other in EVERY if other.split()[:-1] == path.split()[:-1]]

    shown = EVERY[path].get_short_help_str(72 - max(map(len, siblings)))

    assert not shown.endswith("...")


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Loaded modules as Python itself lists them at the end of `llmci --help`."""
    code = (
        "import atexit, sys; from llmci.cli.main import main; sys.argv = ['llmci', '--help'];"
        f"atexit.register(lambda: sys.stderr.write(' '.join(m for m in {HEAVY.split()} if m in sys.modules))); main()"
    )

    done = python("-c", code, cwd=tmp_path)

    assert done.returncode == 0
    assert done.stderr == ""


def test_the_list_of_commands_names_each_module_once() -> None:
    modules = {file.stem for file in (ROOT / "llmci" / "cli").glob("*.py")}

    assert len(set(COMMANDS)) == len(COMMANDS)
    assert set(COMMANDS) <= modules


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+) \|", page, flags=re.MULTILINE)

    assert {int(code): name for code, name in rows} == {
        code.value: code.name.lower().replace("_", " ") for code in ExitCode
    }


def test_the_version_is_told(tmp_path: Path) -> None:
    assert re.fullmatch(r"llmci \d+\.\d+\.\d+\n", llmci("--version", cwd=tmp_path).stdout)
