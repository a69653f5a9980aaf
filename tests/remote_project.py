"""A project whose one source is behind a network, for tests that pull it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from builders import NOON

from llmci.config import parse
from llmci.seams import Silent, Window
from llmci.wiring.build import shelf_of
from llmci.wiring.pull import pull

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llmci.config import Config
    from llmci.pipeline.pull import PullSummary

WEEK = Window(NOON - timedelta(days=7))


class RemoteProject:
    """Pulls `prod` as of noon; `options` are its block."""

    def __init__(self, root: Path, kind: str, environ: Mapping[str, str], **options: Any) -> None:
        self.root, self.kind, self.environ, self.options = root, kind, environ, options
        self.now = NOON

    def config(self) -> Config:
        block = orjson.dumps({"sources": {"prod": {"kind": self.kind, **self.options}}}).decode()
        return parse(block, self.root / "llmci.yaml")

    def pull(self, **told: Any) -> PullSummary:
        told = {"sources": (), "window": WEEK, "limit": None, "progress": Silent()} | told
        return pull(self.config(), **told, environ=self.environ, now=self.now)

    def rows(self) -> dict[str, dict[str, Any]]:
        rows = [row for batch in shelf_of(self.config(), "raw").batches() for row in batch.to_pylist()]
        assert len({row["trace_id"] for row in rows}) == len(rows)
        return {row["trace_id"]: row for row in rows}

    def files(self) -> dict[str, bytes]:
        state = self.root / ".llmci"
        return {
            str(path.relative_to(state)): path.read_bytes()
            for folder in ("raw", "landing")
            for path in (state / folder).rglob("*.*")
            if path.is_file() and ".sqlite" not in path.name
        }
