"""`llmci cache`: what there is, and its removal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from builders import an_answer
from commands import llmci

from llmci.adapters.stores.cache import SqliteCache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "llmci.yaml").write_text("bench: {repeat: 1}\n")
    return tmp_path


def filled(root: Path) -> SqliteCache:
    cache = SqliteCache(root / ".llmci" / "cache" / "answers.sqlite")
    for key in "abc":
        cache.keep_answer(key, an_answer())
    return cache


def test_an_empty_cache_is_no_mistake(project: Path) -> None:
    assert llmci("cache", "list", cwd=project).stdout == "the cache is empty\n"
    assert json.loads(llmci("cache", "prune", "--all", "--json", cwd=project).stdout) == {"removed": 0}


def test_entries_are_listed_and_removed(project: Path) -> None:
    filled(project).close()

    listed = json.loads(llmci("cache", "list", "--json", cwd=project).stdout)
    kept = llmci("cache", "prune", "--older-than", "30d", cwd=project)
    removed = llmci("cache", "prune", "--all", cwd=project)

    assert [(one["kind"], one["count"]) for one in listed["entries"]] == [("answers", 3)]
    assert (kept.stdout, removed.stdout) == ("removed: 0\n", "removed: 3\n")


@pytest.mark.parametrize("flags", [(), ("--all", "--older-than", "3d"), ("--older-than", "soon")])
def test_what_is_to_go_has_to_be_said(project: Path, flags: tuple[str, ...]) -> None:
    assert llmci("cache", "prune", *flags, cwd=project).returncode == 2
