"""`a_clean_shelf`: traces on the shelf that `sanitize` leaves, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import NOON, a_batch

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.core.privacy.batch import Tally
from llmci.core.privacy.manifest import manifest_of
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow


def a_clean_shelf(state: Path, rows: Sequence[TraceRow], shard_id: str = "test-1") -> DirectoryShelf:
    """Write rows as one shard, and a manifest that vouches for all shards."""
    shelf = DirectoryShelf(state / "clean", TRACE)
    with shelf.writer(shard_id, "fingerprint") as writer:
        for start in range(0, len(rows), 1000):
            writer.write(a_batch(rows[start : start + 1000]))
    shelf.write_manifest(
        manifest_of(
            policy={}, recognizers={}, key_fingerprint="k", shards=shelf.shards(), tally=Tally(), looked={}, now=NOON
        )
    )
    return shelf
