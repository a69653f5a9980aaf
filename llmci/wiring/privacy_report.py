"""What the sanitizer did, as a page of its own: for whoever has to vouch for the texts, before any bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.reporters.privacy import rendered
from llmci.core.reporting.privacy import privacy_view
from llmci.errors import UsageError
from llmci.files import write_bytes
from llmci.wiring.sanitize_report import sanitizing_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.core.reporting.privacy import PrivacyView

_SUFFIXES = (".html", ".htm")


def report_privacy(config: Config, outputs: Sequence[Path]) -> tuple[PrivacyView, list[Path]]:
    """Write the page to every path; gives what it says, and the paths.

    Raises:
        UsageError: Nothing was sanitized yet, or a path is not of an HTML page.
    """
    for path in outputs:
        if path.suffix.lower() not in _SUFFIXES:
            raise UsageError(f"{path}: what the sanitizer did is written as .html.", fix="Name it privacy.html.")
    view = privacy_view(sanitizing_of(config))
    if view is None:
        raise UsageError(f"{config.root}: no traces were sanitized yet.", fix="Run `llmci sanitize` first.")
    paths = list(outputs) or [config.root / "privacy.html"]
    for path in paths:
        try:
            write_bytes(path, rendered(config.project, view))
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}.", fix="Name a place that you may write to."
            ) from None
    return view, paths
