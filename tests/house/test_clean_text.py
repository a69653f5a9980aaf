"""Only a few files may call a text clean; this page is the list of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Name of a mint to the places that may use it: a file, or a folder with all that is in it.
MINTS = {
    "CleanText": ("llmci/domain/text.py", "llmci/core/privacy/", "llmci/adapters/stores/"),
    # Says of a reply's text what will be true when it has been sanitized; see its docstring.
    "unclean": (
        "llmci/core/privacy/",
        "llmci/core/bench/",
        "llmci/adapters/systems/",
        "llmci/adapters/scorers/judge.py",
        "llmci/adapters/scorers/suspect.py",
        "llmci/adapters/scorers/pairwise.py",
        "llmci/adapters/scorers/metric_libraries.py",
    ),
    "CleanBatch": ("llmci/core/privacy/", "llmci/adapters/stores/"),
    "sanitized": ("llmci/core/privacy/", "llmci/adapters/stores/"),
    # Recorded answers are read from the clean shelf, whose manifest is checked in the same file.
    "sanitized_batch": (
        "llmci/core/privacy/",
        "llmci/adapters/stores/",
        "llmci/adapters/systems/recorded_traces.py",
    ),
    "declared_clean": (
        "llmci/domain/text.py",
        "llmci/core/evalsets/",
        "llmci/adapters/systems/",
        "llmci/demo/",
        # Reasons in the scorer's own words, such as the kinds of what was found.
        "llmci/adapters/scorers/rule.py",
        "llmci/adapters/scorers/composite.py",
        "llmci/adapters/scorers/degenerate.py",
    ),
}


def uses(tree: ast.AST) -> list[tuple[str, int]]:
    """Calls of a mint, mints that are handed on, and casts; annotations and imports are no use."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if name_of(node.func) in ("cast", "NewType") and node.args[1:] and "Clean" in ast.unparse(node.args[0]):
            found.append((ast.unparse(node.args[0]).strip("'\""), node.lineno))
        candidates = (node.func, *node.args, *(keyword.value for keyword in node.keywords))
        found += [(name, node.lineno) for name in map(name_of, candidates) if name in MINTS]
    return found


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_clean_text_is_minted_where_it_may_be_and_nowhere_else() -> None:
    strangers = [
        f"{file.relative_to(ROOT)}:{line} uses {name}"
        for file in sorted((ROOT / "llmci").rglob("*.py"))
        for name, line in uses(ast.parse(file.read_text()))
        if not str(file.relative_to(ROOT)).startswith(MINTS.get(name, ()))
    ]

    assert strangers == []


@pytest.mark.parametrize(
    "code",
    [
        "CleanText('x')",
        "text.CleanText('x')",
        "cast(CleanText, 'x')",
        "typing.cast('CleanText', 'x')",
        "map(CleanText, texts)",
        "sorted(texts, key=sanitized)",
        "declared_clean('x')",
    ],
)
def test_the_scan_sees_every_way_of_minting(code: str) -> None:
    assert uses(ast.parse(code))


def test_the_scan_allows_annotations() -> None:
    assert not uses(ast.parse("def f(text: CleanText) -> list[CleanText]: return [text]"))
