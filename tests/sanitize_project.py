"""A project whose raw shelf holds what a test puts there, and recognizers that misbehave."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from builders import NOON, a_batch

from llmci import config as configuration
from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.domain.trace import TRACE
from llmci.seams import Options, Silent
from llmci.wiring.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.trace import TraceRow
    from llmci.pipeline.sanitize import SanitizeSummary
    from llmci.seams import Context, Leaf, Span

KEY = {"LLMCI_PRIVACY_KEY": "a key for tests"}


def a_project(
    directory: Path,
    shards: Mapping[str, Sequence[TraceRow]],
    settings: str = "",
    recognizers: str = "structured, secrets",
) -> Config:
    """Write llmci.yaml and raw shards. Canaries, which take a second, are planted only where the settings say so."""
    settings += "" if "canaries" in settings else "  canaries: 0\n"
    (directory / "llmci.yaml").write_text(f"sanitize:\n  recognizers: [{recognizers}]\n{settings}")
    raw = DirectoryShelf(directory / ".llmci" / "raw", TRACE, private=True)
    for shard_id, rows in shards.items():
        with raw.writer(shard_id, "fingerprint") as writer:
            writer.write(a_batch(rows))
    return configuration.load(directory / "llmci.yaml")


def run(config: Config, **environ: str) -> SanitizeSummary:
    return sanitize(config, progress=Silent(), environ=KEY | environ, now=NOON)


def clean_rows(config: Config) -> list[TraceRow]:
    shelf = DirectoryShelf(config.state / "clean", TRACE)
    return [row for batch in shelf.batches() for row in batch.to_pylist()]


def files_of(directory: Path) -> dict[str, bytes]:
    """Every file's content, by its path."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


class _Misbehaving:
    class Options(Options):
        pass

    version = "misbehaving/1"

    def __init__(self, options: Options, context: Context) -> None:
        pass


class Raises(_Misbehaving):
    """Raises at texts with the word TRAP, and quotes them."""

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        for leaf in leaves:
            if "TRAP" in leaf.text:
                raise ValueError(leaf.text)
        return [[] for _ in leaves]


class Hangs(_Misbehaving):
    """Never comes back from texts with the word TRAP."""

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        while any("TRAP" in leaf.text for leaf in leaves):
            time.sleep(0.01)
        return [[] for _ in leaves]


class ForgetsLeaves(_Misbehaving):
    """Gives fewer answers than it was asked for."""

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        return []


def add_recognizers(monkeypatch: Any) -> None:
    """Let configurations name the recognizers above."""
    from llmci import registry

    known = registry.ADAPTERS["recognizer"]
    for name, kind in {"raises": "Raises", "hangs": "Hangs", "forgets": "ForgetsLeaves"}.items():
        monkeypatch.setitem(known, name, f"sanitize_project:{kind}")
