"""The published JSON schemas: of `llmci.yaml`, and of a report in JSON."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from llmci.config import json_schema
from llmci.errors import UsageError
from llmci.files import write_json

if TYPE_CHECKING:
    from pathlib import Path


def report_schema() -> dict[str, Any]:
    """Of what `llmci report -o result.json` writes, JSON Schema 2020-12."""
    text = files("llmci.adapters.reporters").joinpath("report.schema.json").read_bytes()
    schema: dict[str, Any] = orjson.loads(text)
    return schema


def write_schema(target: Path | None, *, report: bool = False) -> dict[str, Any]:
    """Make a schema, and write it to `target` where one is named.

    Args:
        target: A file, or None.
        report: The schema of reports rather than that of `llmci.yaml`.
    """
    document = report_schema() if report else json_schema()
    if target is not None:
        try:
            write_json(target, document)
        except OSError as error:
            raise UsageError(
                f"{target}: cannot be written: {error.strerror}.", fix="Name a file in a directory you may write to."
            ) from None
    return document
