"""Libraries that only some scorers need."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.seams import Context


def needs(module: str, extra: str, context: Context) -> Any:  # noqa: ANN401  a module
    """Import a library of an extra; raises `UsageError` that names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"scorers.{context.name}: {module.partition('.')[0]} cannot be imported ({error.name or type(error).__name__}).",
            fix=f"Install it: pip install 'llmci-loop[{extra}]'.",
        ) from None
