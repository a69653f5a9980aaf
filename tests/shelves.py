"""`a_clean_shelf`: traces on the shelf that `sanitize` leaves, without running it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from builders import a_batch

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.domain.trace import TRACE
from llmci.errors import PrivacyStop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from llmci.domain.trace import TraceRow
    from llmci.seams import ShardInfo


def a_clean_shelf(state: Path, rows: Sequence[TraceRow], shard_id: str = "test-1") -> DirectoryShelf:
    """Write rows as one shard, and a manifest that vouches for all shards."""
    shelf = DirectoryShelf(state / "clean", TRACE)
    with shelf.writer(shard_id, "fingerprint") as writer:
        for start in range(0, len(rows), 1000):
            writer.write(a_batch(rows[start : start + 1000]))
    shards = {name: info.sha256 for name, info in shelf.shards().items()}
    shelf.write_manifest({"schema": "sanitize/1", "shards": shards, "digest": f"clean-{sorted(shards.values())}"})
    return shelf


def trust_shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a manifest vouch for its shards by their digests alone; what else it must say is tested where it is written."""

    def check(manifest: Mapping[str, object] | None, shards: Mapping[str, ShardInfo]) -> str:
        if manifest is None or manifest["shards"] != {name: info.sha256 for name, info in shards.items()}:
            raise PrivacyStop("the manifest does not vouch for the clean shelf.", fix="Run `llmci sanitize`.")
        return str(manifest["digest"])

    stub = ModuleType("llmci.core.privacy.manifest")
    stub.check = check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llmci.core.privacy.manifest", stub)
