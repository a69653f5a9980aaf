"""A JSON file that an application reads its flags from: read with errors that name it, written atomically."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.errors import UsageError
from llmci.files import read_json

if TYPE_CHECKING:
    from pathlib import Path


def document_of(path: Path, example: str) -> dict[str, Any]:
    """The object in the file.

    Args:
        path: The file.
        example: What such a file looks like, for the error.

    Raises:
        UsageError: It is not there, not JSON or not an object.
    """
    try:
        document = read_json(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.", fix=f"Write one, such as {example}.") from None
    except ValueError:
        raise UsageError(f"{path}: not JSON.", fix="Mend the file; nothing was changed.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path}: not a JSON object.", fix=f"Write one, such as {example}.")
    return document
