"""Where a stage's shards are worked on: in this process, or in several where that is worth starting them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from llmci import registry
from llmci.wiring.build import context_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

    from llmci.config import Config
    from llmci.seams import Engine


def executor_of(
    config: Config, stage: str, environ: Mapping[str, str], sizes: Sequence[int], *, worth_bytes: int
) -> Executor:
    """Make the executor for shards of these sizes.

    Args:
        config: Of the project.
        stage: Names the work.
        environ: The process environment.
        sizes: Bytes of each shard.
        worth_bytes: Several processes are started only for more than so much.
    """
    parallel = len(sizes) > 1 and sum(sizes) > worth_bytes and (os.cpu_count() or 1) > 1
    adapter = registry.adapter("engine", "processes" if parallel else "inline")
    engine: Engine = adapter(adapter.Options(), context_of(config, stage, environ))
    return engine.executor()
