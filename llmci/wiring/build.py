"""Blocks of the configuration to adapters and shelves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from llmci import registry
from llmci.adapters.stores.lease import leased
from llmci.errors import PrivacyStop, UsageError
from llmci.files import is_stored, locked, write_once
from llmci.seams import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Block, Config


# In the state directory: the secret that surrogates and the lineage of eval sets are derived from.
KEY_FILE = "privacy.key"


def shelf_of(config: Config, name: str) -> DirectoryShelf:
    """Open a shelf of the project: "raw", "clean" or "labels"."""
    from llmci.adapters.stores.shelf import DirectoryShelf

    # Nobody vouches for clean text that was changed after it was sanitized.
    damaged = PrivacyStop if name == "clean" else UsageError
    return DirectoryShelf(place_of(config, name), _schema_of(name), private=name == "raw", damaged=damaged)


def place_of(config: Config, name: str) -> Path:
    """Where a shelf is: in the state directory, or where `shelves:` says."""
    return (config.shelves or config.state) / name


@contextlib.contextmanager
def alone_at(config: Config, stage: str) -> Iterator[bool]:
    """Keep every other run of a stage from the shelves; gives False where one is at it, here or on another machine."""
    with locked(config.state / f"{stage}.lock") as alone:
        if not alone or config.shelves is None or not is_stored(config.shelves):
            yield alone
            return
        with leased(config.shelves / "leases" / stage) as mine:
            yield mine


def _schema_of(name: str) -> pa.Schema:
    from llmci.domain.label import LABEL
    from llmci.domain.trace import TRACE

    return {"raw": TRACE, "clean": TRACE, "labels": LABEL}[name]


def build(seam: str, block: Block, config: Config, environ: Mapping[str, str]) -> Any:  # noqa: ANN401  known by its protocol
    """Make the adapter that a block of the configuration asks for."""
    return registry.adapter(seam, block.kind)(block.options, context_of(config, block.name, environ))


def context_of(config: Config, name: str, environ: Mapping[str, str]) -> Context:
    """What the adapter of that name may know of its surroundings."""
    return Context(
        name=name,
        root=config.root,
        state=config.state,
        environ=environ,
        shelf=lambda shelf: shelf_of(config, shelf),
    )


def keep_from_git(state: Path) -> None:
    """Make a state directory that git does not see, whether or not `llmci init` was run: it holds unsanitized text."""
    write_once(state / ".gitignore", b"*\n")
