"""Flags that several commands share, spelled once, and how a command finds its configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llmci.config import Config

ConfigFlag = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; by default llmci.yaml here or above.", show_default=False),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout and nothing else.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
SeedFlag = Annotated[int | None, typer.Option("--seed", help="Seed of everything random.", show_default=False)]
LimitFlag = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="Take at most so many.", show_default=False)
]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Show the plan and its cost; do nothing.")]


def config_path(path: Path | None) -> Path:
    """The configuration file that a command was given, or that is found from here upwards."""
    from llmci.config import discover

    named = path or (Path(os.environ["LLMCI_CONFIG"]) if os.environ.get("LLMCI_CONFIG") else None)
    return named or discover(Path.cwd())


def open_config(path: Path | None) -> Config:
    """Load the configuration of a command; see `config_path`."""
    from llmci.config import load

    return load(config_path(path))
