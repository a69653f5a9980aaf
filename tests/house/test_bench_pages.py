"""The pages of bench show configurations that are valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import a_case, a_context, an_answer

from llmci import registry
from llmci.config import parse
from llmci.core.bench.chat import said
from llmci.domain.case import Document
from llmci.domain.run import Scored, Usage
from llmci.domain.text import declared_clean
from llmci.seams import AcrossScorer

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


EXAMPLES = sorted(set(re.findall(r"`(\{kind: [^`]*\})`", (DOCS / "scorers.md").read_text())))
# Those that a model or a program of the user's own decides have tests with one, in tests/adapters.
ELSEWHERE = ("embedding-similarity", "judge", "pairwise", "python", "command")
# What is right under all of the examples, as far as one answer can be.
RICH = a_case(
    reference=declared_clean("In Lyon."),
    expectations={
        "number": 14,
        "json": {"a": 1},
        "documents": ["d1"],
        "tool_calls": [{"name": "look", "arguments": {"at": 1}}],
        "tool_results": [{"name": "look", "arguments": {"at": 1}, "result": "Lyon"}],
    },
)
BARE = a_case("c2", "?")


def test_every_kind_of_scorer_has_an_example() -> None:
    shown = {yaml.safe_load(example)["kind"] for example in EXAMPLES}
    pages = (DOCS / "scorers.md").read_text()
    kinds = {re.sub("^exact$", "equals", name) for name in registry.names("scorer")}
    same = {"contains-all": "contains", "json-schema": "is-json", "bleu": "rouge", "chrf": "rouge"}
    same |= dict.fromkeys(("ttft", "cost", "tokens"), "latency")

    assert [kind for kind in kinds if same.get(kind, kind) not in shown and f"kind: {kind}" not in pages] == []


@pytest.mark.parametrize(
    "example", [example for example in EXAMPLES if yaml.safe_load(example)["kind"] not in ELSEWHERE]
)
async def test_an_example_of_a_scorer_runs_and_says_why_where_it_cannot(example: str, tmp_path: Path) -> None:
    systems = "systems: {it: {kind: recorded, variant: x}}"
    block = parse(f"{systems}\nscorers: {{it: {example}}}", tmp_path / "llmci.yaml").scorers["it"]
    if block.kind == "rouge":
        pytest.importorskip("rouge_score")
    scorer = registry.adapter("scorer", block.kind)(block.options, a_context(tmp_path))
    calls = said("In Lyon: 14", [{"name": "look", "arguments": {"at": 1}}])
    full = an_answer(
        text=declared_clean("In Lyon, 14"),
        messages=calls,
        documents=(Document(id="d1", content=None),),
        usage=Usage(input=1, output=1),
        cost=0.1,
        latency_ms=1.0,
        ttft_ms=1.0,
        recorded_scores={"reward": 1.0},
    )
    nothing = an_answer("c2", text=declared_clean("?"))

    for case, answer in ((RICH, full), (BARE, nothing)):
        score = await scorer.score(case, answer)
        scores = [score, *(scorer.across([case], [answer], [score]) if isinstance(scorer, AcrossScorer) else ())]

        assert all(isinstance(one, Scored) or one.why for one in scores)
        assert case is BARE or isinstance(score, Scored)


def test_every_scorer_and_system_has_its_place_on_a_page() -> None:
    for seam, page in (("scorer", "scorers.md"), ("system", "systems.md")):
        text = (DOCS / page).read_text()
        assert [name for name in registry.names(seam) if f"`{name}`" not in text] == []
