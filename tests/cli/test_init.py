"""`llmci init` writes a project that the other commands take, and never overwrites one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from commands import environment, llmci

from llmci.config import load

if TYPE_CHECKING:
    from pathlib import Path

PROMPTFOO = """
prompts: [file://prompt.txt]
providers: [openai:gpt-4o, openai:gpt-4o-mini]
tests: file://tests.csv
"""


def a_promptfoo_project(path: Path, **files: str) -> Path:
    (path / "promptfooconfig.yaml").write_text(PROMPTFOO)
    (path / "prompt.txt").write_text("Answer in one word: {{question}}")
    (path / "tests.csv").write_text("question,__expected\nWhere?,contains: Lyon\nWho?,Ann\n")
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_it_writes_a_project_that_is_valid(tmp_path: Path) -> None:
    done = llmci("init", "--traces", "logs/*.csv", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    config = load(tmp_path / "llmci.yaml")
    assert config.project == tmp_path.name
    assert config.sources["prod"].kind == "csv"
    assert config.systems["candidate"].options == config.systems["baseline"].options
    assert (tmp_path / ".gitignore").read_text() == ".llmci/\n"
    assert yaml.safe_load((tmp_path / ".github/workflows/llmci.yml").read_text())["jobs"]


def test_an_editor_finds_the_schema_that_the_first_line_names(tmp_path: Path) -> None:
    llmci("init", cwd=tmp_path)

    text = (tmp_path / "llmci.yaml").read_text()
    name = text.splitlines()[0].partition("$schema=")[2]
    jsonschema.validate(yaml.safe_load(text), json.loads((tmp_path / name).read_text()))


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (["--callable", "app.py:answer"], "python"),
        (["--command", "python app.py"], "command"),
        (["--url", "http://127.0.0.1:8000/answer"], "http"),
        (["--model", "openai/gpt-4o-mini"], "litellm"),
    ],
)
def test_a_flag_says_what_answers(tmp_path: Path, flags: list[str], kind: str) -> None:
    assert llmci("init", *flags, cwd=tmp_path).returncode == 0

    assert load(tmp_path / "llmci.yaml").systems["baseline"].kind == kind


def test_the_workflow_hands_over_the_keys_that_the_systems_need(tmp_path: Path) -> None:
    llmci("init", "--model", "anthropic/claude-sonnet-4-5", cwd=tmp_path)

    workflow = yaml.safe_load((tmp_path / ".github/workflows/llmci.yml").read_text())
    [bench] = [step for step in workflow["jobs"]["gate"]["steps"] if step["name"] == "Bench"]
    assert bench["env"] == {"ANTHROPIC_API_KEY": "${{ secrets.ANTHROPIC_API_KEY }}"}


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("project: mine\n")

    done = llmci("init", cwd=tmp_path)

    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (tmp_path / "llmci.yaml").read_text() == "project: mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["llmci.yaml"]


def test_force_overwrites_but_keeps_what_git_ignores(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc")
    llmci("init", cwd=tmp_path)

    assert llmci("init", "--force", "--project", "again", cwd=tmp_path).returncode == 0

    assert load(tmp_path / "llmci.yaml").project == "again"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.llmci/\n"


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    done = llmci("init", "--no-workflow", "--no-schema", "--json", cwd=tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"llmci.yaml", ".gitignore"}
    assert len(json.loads(done.stdout)["written"]) == 2
    assert not (tmp_path / "llmci.yaml").read_text().startswith("# yaml-language-server")


def test_two_systems_at_once_are_refused(tmp_path: Path) -> None:
    done = llmci("init", "--url", "http://127.0.0.1", "--model", "a/b", cwd=tmp_path)

    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_promptfoo_project_is_imported_with_its_files(tmp_path: Path) -> None:
    done = llmci("init", "--from", "promptfooconfig.yaml", cwd=a_promptfoo_project(tmp_path))

    assert done.returncode == 0, done.stderr
    config = load(tmp_path / "llmci.yaml")
    assert list(config.systems) == ["openai-gpt-4o", "openai-gpt-4o-mini"]
    assert (tmp_path / "prompts/prompt-1.j2").read_text() == "Answer in one word: {{ question }}"
    [file] = config.evalset.hand_written
    cases = [json.loads(line) for line in (tmp_path / file).read_text().splitlines()]
    assert [case.get("reference") for case in cases] == [None, "Ann"]
    assert cases[0]["expectations"] == {"contains": ["Lyon"]}


def test_an_import_that_would_lose_something_writes_nothing(tmp_path: Path) -> None:
    a_promptfoo_project(tmp_path, **{"promptfooconfig.yaml": f"{PROMPTFOO}scenarios: [{{config: []}}]\n"})

    done = llmci("init", "--from", "promptfooconfig.yaml", "--json", cwd=tmp_path)

    assert done.returncode == json.loads(done.stdout)["exit_code"] == 2
    assert "scenarios: " in done.stderr
    assert not (tmp_path / "llmci.yaml").exists()


def test_a_partial_import_says_what_it_left_out(tmp_path: Path) -> None:
    a_promptfoo_project(tmp_path, **{"promptfooconfig.yaml": f"{PROMPTFOO}scenarios: [{{config: []}}]\n"})

    done = llmci("init", "--from", "promptfooconfig.yaml", "--partial", "--json", cwd=tmp_path)

    assert done.returncode == 0
    assert [item.split(":")[0] for item in json.loads(done.stdout)["unmapped"]] == ["scenarios"]
    assert "scenarios" in done.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"promptfooconfig.yaml": "prompts: [\n"}, "promptfooconfig.yaml:2: not YAML"),
        ({"promptfooconfig.yaml": "tests: file://absent.yaml\n"}, "absent.yaml: cannot be read"),
        ({"promptfooconfig.yaml": "tests: file://t.json\n", "t.json": "{"}, "t.json: not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, files: dict[str, str], said: str) -> None:
    done = llmci("init", "--from", "promptfooconfig.yaml", cwd=a_promptfoo_project(tmp_path, **files))

    assert done.returncode == 2
    assert said in done.stderr


def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "llmci", "init"],
        cwd=tmp_path,
        env=environment(TERM="dumb"),
        stdin=follower,
        stdout=subprocess.DEVNULL,
        stderr=follower,
    ) as process:
        os.close(follower)
        os.write(leader, b"my/traces.parquet\nserve.py:ask\n")
        process.wait(60)
    os.close(leader)

    config = load(tmp_path / "llmci.yaml")
    assert config.sources["prod"].options.path == "my/traces.parquet"
    assert config.systems["baseline"].options.callable == "serve.py:ask"
