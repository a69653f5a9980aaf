"""`llmci schema`: the JSON schemas of `llmci.yaml` and of reports, for editors and for checks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmci.cli.options import JsonFlag
from llmci.cli.terminal import note, show_json


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it there and not to stdout.")] = None,
    report: Annotated[bool, typer.Option("--report", help="The schema of reports in JSON instead.")] = False,
    sanitize: Annotated[bool, typer.Option("--sanitize", help="The schema of .llmci/sanitize.json instead.")] = False,
    as_json: JsonFlag = False,  # noqa: ARG001  a schema is JSON with or without the flag
) -> None:
    """Print the JSON schema of llmci.yaml.

    An editor checks while you type when the file starts with
    `# yaml-language-server: $schema=llmci.schema.json`.

    Example: llmci schema -o llmci.schema.json
    """
    from llmci.wiring.schema import write_schema

    document = write_schema(output, report=report, sanitize=sanitize)
    if output is None:
        show_json(document)
    else:
        note(f"written: {output}")
