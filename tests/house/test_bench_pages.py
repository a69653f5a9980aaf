"""The pages of bench show configurations that are valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmci import registry
from llmci.config import parse

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[dict[str, Any]]:
    return [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)
    ]


@pytest.mark.parametrize(
    ("page", "text"),
    [(page, yaml.safe_dump(block)) for page in ("bench.md", "systems.md", "scorers.md") for block in blocks(page)],
)
def test_every_configuration_of_a_page_is_valid(page: str, text: str, tmp_path: Path) -> None:
    block = yaml.safe_load(text)
    if "bench" in block:
        block["systems"] = {name: {"kind": "recorded", "variant": "x"} for name in ("prod", "new-prompt")}

    assert parse(yaml.safe_dump(block), tmp_path / "llmci.yaml")


def test_every_scorer_and_system_has_its_place_on_a_page() -> None:
    for seam, page in (("scorer", "scorers.md"), ("system", "systems.md")):
        text = (DOCS / page).read_text()
        assert [name for name in registry.names(seam) if f"`{name}`" not in text] == []
