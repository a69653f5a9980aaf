"""The project's acts, from its audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.stores.audit import AuditLog

if TYPE_CHECKING:
    from llmci.config import Config


def audit_of(config: Config) -> AuditLog:
    """The project's audit log."""
    return AuditLog(config.state / "audit.jsonl")


def acts_of(config: Config) -> list[dict[str, Any]]:
    """Every act in order, each with `at`, `act` and `facts`.

    Raises:
        UsageError: The chain is broken; the line is named.
    """
    return list(audit_of(config).lines())


def last_hash_of(config: Config) -> tuple[int, str]:
    """How many acts there are, and the hash that vouches for all of them.

    Raises:
        UsageError: As `acts_of`.
    """
    return len(acts_of(config)), audit_of(config).last_hash()
