"""Where the project's eval sets rest; for whoever only reads them, and need not load what builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.stores.evalsets import DirectoryEvalSets

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config
    from llmci.seams import EvalSetStore


def directory_of(config: Config, name: str) -> Path:
    """Where the versions of a set rest, and what is kept beside them."""
    return config.root / config.evalset.directory / name


def store(config: Config) -> EvalSetStore:
    """The store of the project's eval sets."""
    return DirectoryEvalSets(config.root / config.evalset.directory)
