"""Where in the repository a candidate parts from the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmci.config import Config, load
from llmci.domain.place import Place
from llmci.domain.system import SystemSpec
from llmci.wiring.changed import changed_places

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
systems:
  baseline: {kind: litellm, model: m, prompt: prompts/old.j2}
  candidate:
    extends: baseline
    prompt: prompts/new.j2
    config:
      top_k: 2
scorers:
  same: {kind: exact}
gates:
  - {metric: same, tolerance: 5pt}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A project in a directory of a repository."""
    project = tmp_path / "bot"
    (tmp_path / ".git").mkdir()
    (project / "prompts").mkdir(parents=True)
    (project / "prompts" / "old.j2").write_text("You help.\nBe brief.\nSay please.\n", encoding="utf-8")
    (project / "prompts" / "new.j2").write_text("You help.\nBe verbose.\nSay please.\n", encoding="utf-8")
    (project / "app.py").write_text("def answer(question): ...\n", encoding="utf-8")
    (project / "llmci.yaml").write_text(CONFIG, encoding="utf-8")
    return load(project / "llmci.yaml")


def a_system(digest: str = "d", **parameters: object) -> SystemSpec:
    return SystemSpec(name="candidate", kind="litellm", parameters=parameters, digest=digest)


def test_another_prompt_is_a_place_at_the_first_line_that_differs(config: Config) -> None:
    places = changed_places(config, a_system(prompt="prompts/old.j2"), a_system(prompt="prompts/new.j2"))

    assert places == (Place(path="bot/prompts/new.j2", line=2, what="prompt"),)


def test_another_option_is_a_place_in_the_configuration_behind_the_files(config: Config) -> None:
    before = a_system(config={"top_k": 5}, callable="old:answer")
    after = a_system(config={"top_k": 2}, callable="app.py:answer")

    assert changed_places(config, before, after) == (
        Place(path="bot/app.py", line=1, what="callable"),
        Place(path="bot/llmci.yaml", line=8, what="config.top_k"),
    )


def test_an_option_that_was_inherited_is_a_place_at_the_system(config: Config) -> None:
    [place] = changed_places(config, a_system(model="m"), a_system(model="n"))

    assert (place.line, place.what) == (4, "model")


def test_the_same_options_with_other_content_are_a_place_at_the_files(config: Config) -> None:
    before, after = a_system("d1", prompt="prompts/new.j2"), a_system("d2", prompt="prompts/new.j2")

    assert changed_places(config, before, after) == (Place(path="bot/prompts/new.j2", line=1, what="prompt"),)


def test_equal_systems_are_a_place_at_the_candidate(config: Config) -> None:
    assert changed_places(config, a_system(), a_system()) == (Place(path="bot/llmci.yaml", line=4, what="system"),)


@pytest.mark.parametrize("named", ["/etc/hostname", "../../../../etc/hostname", "x" * 5000, "a\0b", ".", ""])
def test_what_is_no_file_of_the_repository_is_a_value(config: Config, named: str) -> None:
    [place] = changed_places(config, a_system(prompt="prompts/old.j2"), a_system(prompt=named))

    assert place.path == "bot/llmci.yaml"


def test_a_configuration_that_is_gone_is_still_named(config: Config) -> None:
    config.path.unlink()

    assert changed_places(config, a_system(), a_system()) == (Place(path="bot/llmci.yaml", line=1, what="system"),)
