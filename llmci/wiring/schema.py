"""The published JSON schema of `llmci.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.config import json_schema
from llmci.errors import UsageError
from llmci.files import write_json

if TYPE_CHECKING:
    from pathlib import Path


def write_schema(target: Path | None) -> dict[str, Any]:
    """Make the schema, and write it to `target` where one is named."""
    document = json_schema()
    if target is not None:
        try:
            write_json(target, document)
        except OSError as error:
            raise UsageError(
                f"{target}: cannot be written: {error.strerror}.", fix="Name a file in a directory you may write to."
            ) from None
    return document
