"""Where the project's eval sets rest; for whoever only reads them, and need not load what builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.storage import place

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config
    from llmci.seams import EvalSetStore


def directory_of(config: Config, name: str) -> Path:
    """Where the versions of a set rest, and what is kept beside them."""
    return sets_at(config) / name


def sets_at(config: Config) -> Path:
    """Where all of them are: a directory of the project, or one of an object store."""
    return place(config.evalset.directory, config.root)


def store(config: Config) -> EvalSetStore:
    """The store of the project's eval sets."""
    return DirectoryEvalSets(sets_at(config))
