"""The project's answer cache, looked at and cleared outside of a bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.adapters.stores.cache import Held
    from llmci.config import Config


def cache_path(config: Config) -> Path:
    """Where it is."""
    return config.state / "cache" / "answers.sqlite"


def contents(config: Config) -> list[Held]:
    """What is in it; nothing where there is no cache."""
    from llmci.adapters.stores.cache import SqliteCache

    path = cache_path(config)
    if not path.is_file():
        return []
    cache = SqliteCache(path)
    try:
        return cache.contents()
    finally:
        cache.close()


def prune(config: Config, older_than_days: float) -> int:
    """Remove what is at least so old; gives the number of entries."""
    from llmci.adapters.stores.cache import SqliteCache

    path = cache_path(config)
    if not path.is_file():
        return 0
    cache = SqliteCache(path)
    try:
        return cache.prune(older_than_days)
    finally:
        cache.close()
