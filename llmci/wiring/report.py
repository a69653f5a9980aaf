"""Stored runs to report files; a file's suffix says which reporter writes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci import registry
from llmci.errors import UsageError
from llmci.files import write_pieces
from llmci.pipeline.report import documents
from llmci.seams import ReportOptions
from llmci.wiring.changed import changed_places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.seams import Reporter, ReportInput


def write_reports(
    config: Config | None, report: ReportInput, outputs: Sequence[Path], options: ReportOptions | None = None
) -> list[Path]:
    """Write a report to every path, each atomically.

    Args:
        config: Its project names the report, and what changed is looked up beside it; None for results that
            no configuration is about.
        report: What to show.
        outputs: Paths; their suffixes are checked before anything is rendered.
        options: Size and texts; by default the project's name and the seam's defaults.

    Returns:
        The paths written, in the order given.

    Raises:
        UsageError: No reporter writes a suffix, or a file cannot be written.
    """
    options = options or (ReportOptions(name=config.project) if config else ReportOptions())
    reporters = {path: reporter_for(path, options) for path in outputs}
    changed = changed_places(config, report.baseline.system, report.candidate.system) if config else ()
    written = []
    for path, pieces in documents(replace(report, changed=changed), reporters):
        try:
            write_pieces(path, pieces)
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}.", fix="Name a place that you may write to."
            ) from None
        written.append(path)
    return written


def reporter_for(path: Path, options: ReportOptions) -> Reporter:
    """The reporter that writes files of this suffix.

    Raises:
        UsageError: There is none.
    """
    known: list[str] = []
    for name in registry.names("reporter"):
        adapter = registry.adapter("reporter", name)
        if path.suffix.lower() in adapter.suffixes:
            reporter: Reporter = adapter(options)
            return reporter
        known += adapter.suffixes
    raise UsageError(
        f"{path}: no report has the suffix {path.suffix!r}.", fix=f"Use one of: {', '.join(sorted(known))}."
    )
