"""Flags that several commands share, spelled once, and how a command finds its configuration."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.config import Config
    from llmci.seams import Window

ConfigFlag = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; by default llmci.yaml here or above."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout and nothing else.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
SourcesArgument = Annotated[
    list[str] | None, typer.Argument(help="Names of sources in llmci.yaml; all of them by default.")
]
OutputFlag = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Report to write; repeatable. The suffix decides: .html .md .json .xml .csv .parquet .sarif .codequality.",
    ),
]
SinceFlag = Annotated[
    str | None, typer.Option("--since", help="Traces that started since then: 6h, 7d, 2w or an ISO time.")
]
UntilFlag = Annotated[
    str | None, typer.Option("--until", help="Traces that started before then, in the same spelling.")
]
SeedFlag = Annotated[int | None, typer.Option("--seed", help="Seed of everything random.")]
LimitFlag = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Take at most so many.")]
PresetFlag = Annotated[
    str | None, typer.Option("--preset", help="Tool that wrote the files, where its records are not recognized.")
]
SampleFlag = Annotated[
    str | None, typer.Option("--sample", help="Take this share of the traces, such as 5%; the same ones every time.")
]
MaxRateFlag = Annotated[float | None, typer.Option("--max-rate", min=0.001, help="Most requests a second to a server.")]
FailOnFlag = Annotated[
    str | None,
    typer.Option(
        "--fail-on", help="What does not leave with 0: regressed,inconclusive,infra by default; `nothing` only reports."
    ),
]
EngineFlag = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Where shards are worked on: inline, processes or dask; by default processes where there is enough to do.",
    ),
]
WorkersFlag = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a processor.")]
SchedulerFlag = Annotated[
    str | None, typer.Option("--scheduler", help="Address of a Dask scheduler, such as tcp://host:8786.")
]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Show the plan and its cost; do nothing.")]


def config_path(path: Path | None) -> Path:
    """The configuration file that a command was given, or that is found from here upwards."""
    from llmci.config import discover

    return _named(path) or discover(Path.cwd())


def _named(path: Path | None) -> Path | None:
    return path or (Path(os.environ["LLMCI_CONFIG"]) if os.environ.get("LLMCI_CONFIG") else None)


def open_config(path: Path | None) -> Config:
    """Load the configuration of a command; see `config_path`."""
    from llmci.config import load

    return load(config_path(path))


def open_config_if_any(path: Path | None) -> Config:
    """As `open_config`, for a command that needs no project: without a file, everything is as it is by default."""
    from llmci.config import FILE_NAME, found_above, parse

    if _named(path) or found_above(Path.cwd()):
        return open_config(path)
    return parse("{}", Path.cwd() / FILE_NAME)


def window_of(since: str | None, until: str | None, now: datetime) -> Window:
    """The window that `--since` and `--until` ask for: 6h, 7d, 2w, or an ISO 8601 time."""
    from llmci.seams import Window

    return Window(since=_moment(since, now), until=_moment(until, now))


def share_of(text: str | None) -> float | None:
    """The share that `--sample` asks for: 5% or 0.05."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(%?)\s*", text)
    share = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < share <= 1:
        raise UsageError(f"{text!r} is not a share.", fix="Write 5% or 0.05; at most 100%.")
    return share


def length_of(text: str) -> timedelta | None:
    """How long `90s`, `10m`, `6h`, `7d` and `2w` are; None for anything else."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if found is None:
        return None
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def _moment(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    if (ago := length_of(text)) is not None:
        return now - ago
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a time.", fix="Write 6h, 7d, 2w or an ISO time such as 2026-11-20."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
