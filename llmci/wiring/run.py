"""pull -> sanitize -> label -> evalset build: the scheduled job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.errors import ExitCode, OutsideError, UsageError
from llmci.wiring.evalset import Built, build_version
from llmci.wiring.label import label
from llmci.wiring.pull import pull
from llmci.wiring.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from llmci.config import Config
    from llmci.pipeline.label.summary import LabelSummary
    from llmci.pipeline.pull import PullSummary, SourceFailure
    from llmci.pipeline.sanitize import SanitizeSummary
    from llmci.seams import Progress, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What each stage said."""

    pull: PullSummary
    sanitize: SanitizeSummary
    label: LabelSummary
    built: Built


def run(config: Config, *, window: Window, environ: Mapping[str, str], progress: Progress, now: datetime) -> RunSummary:
    """Bring the eval set up to the traffic of a window; each stage does only what is new.

    Raises:
        OutsideError: A source failed. A set drawn from the others would misweigh the traffic, so
            nothing after the pull was done; what was pulled is kept.
    """
    pulled = pull(config, sources=(), window=window, limit=None, environ=environ, progress=progress, now=now)
    if pulled.failures:
        raise _stop(pulled.failures[0])
    return RunSummary(
        pull=pulled,
        sanitize=sanitize(config, progress=progress, environ=environ, now=now),
        label=label(config, now=now, progress=progress, environ=environ),
        built=build_version(config, now=now, progress=progress, environ=environ),
    )


def _stop(failure: SourceFailure) -> UsageError | OutsideError:
    kind = UsageError if failure.exit_code == ExitCode.USAGE else OutsideError
    return kind(f"{failure.source}: {failure.message}", fix=failure.fix)
