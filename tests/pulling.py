"""Sources and what comes out of them, for tests of `pull`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builders import a_context

from llmci import registry
from llmci.seams import Rejected, Window

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Source


def a_source(kind: str, root: Path, **options: Any) -> Source:
    adapter = registry.adapter("source", kind)
    source: Source = adapter(adapter.Options(**options), a_context(root, "prod"))
    return source


def outcomes(source: Source, window: Window | None = None) -> list[TraceRow | Rejected]:
    window = window or Window()
    return [outcome for shard in source.shards(window) for outcome in source.read(shard, window)]
