"""Where the demo works: its own directory, and nobody else's by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmci.demo.directory import configuration, lay_out
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LINES = (b'{"id": "1"}',)


def test_a_new_directory_is_made_and_filled(tmp_path: Path) -> None:
    lay_out(tmp_path / "demo", LINES, model=None, force=False)

    assert (tmp_path / "demo" / "llmci.yaml").is_file()
    assert (tmp_path / "demo" / "traffic.jsonl").read_bytes() == b'{"id": "1"}\n'


def test_somebody_elses_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(UsageError, match="not the demo's"):
        lay_out(tmp_path, LINES, model=None, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_with_force_only_what_bears_the_demos_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "evalsets" / "main").mkdir(parents=True)
    (tmp_path / "llmci.yaml").write_text("old")

    lay_out(tmp_path, LINES, model=None, force=True)

    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert (tmp_path / "evalsets" / "main").is_dir()
    assert (tmp_path / "llmci.yaml").read_text() == configuration(None)


def test_an_earlier_demo_is_replaced_unasked(tmp_path: Path) -> None:
    lay_out(tmp_path, LINES, model=None, force=False)
    (tmp_path / ".llmci" / "runs").mkdir(parents=True)

    lay_out(tmp_path, LINES, model=None, force=False)

    assert not (tmp_path / ".llmci").exists()


def test_a_link_in_place_of_a_directory_is_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("mine")
    lay_out(tmp_path / "demo", LINES, model=None, force=False)
    (tmp_path / "demo" / ".llmci").symlink_to(elsewhere)

    lay_out(tmp_path / "demo", LINES, model=None, force=False)

    assert (elsewhere / "kept").read_text() == "mine"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")

    with pytest.raises(UsageError, match="is a file"):
        lay_out(tmp_path / "demo", LINES, model=None, force=True)


def test_with_a_model_every_system_lets_it_write() -> None:
    text = configuration('some/model "x"')

    assert "llmci.demo.app:answer" not in text
    assert 'config: {model: "some/model \\"x\\""}' in text
