"""The configured rollout on recorded or made-up traffic, again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.live import traffic_of
from llmci.core.stats.records import records_of_rows
from llmci.errors import UsageError
from llmci.pipeline.simulate import Fate, made_up, releases_of, simulate
from llmci.wiring.canary import live_rows, plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from llmci.config import Config
    from llmci.seams import Progress, Window

# A plan that nobody gave the traffic of is tried on so many requests an hour.
_PER_HOUR = 600.0
_FEWEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a plan is tried.

    Attributes:
        runs: Rollouts of each kind of candidate.
        requests: How long a rollout may take at the most; recorded traffic is repeated to get there.
        every: A look comes after so many requests of the candidate.
        seed: Of everything random.
    """

    runs: int = 100
    requests: int = 60_000
    every: int = 50
    seed: int = 7


def simulate_plan(
    config: Config,
    trial: Trial,
    *,
    sources: list[str] | None,
    window: Window,
    environ: Mapping[str, str],
    progress: Progress,
) -> tuple[list[Fate], float]:
    """What becomes of unchanged, worse and much worse candidates.

    Args:
        config: Its `canary` block is tried.
        trial: How often and how long.
        sources: Whose recorded traffic of the control is used; None makes traffic up.
        window: Of the recorded traffic.
        environ: For the sources' credentials.
        progress: Counts rollouts.

    Returns:
        A fate a kind of candidate, and the requests an hour that were assumed or recorded.

    Raises:
        UsageError: There is too little recorded traffic.
    """
    plan = plan_of(config)
    per_hour = config.canary.requests_per_hour or _PER_HOUR
    if sources is None:
        traffic = made_up(plan, trial.requests, 24 * per_hour, trial.seed)
    else:
        progress.begin("read", None, "traces")
        # Whoever answered was the control: the candidate is made up.
        rows = ({**row, "variant": plan.control} for row in live_rows(config, sources, window, environ, progress))
        plain = replace(plan, unit="request")
        traffic = traffic_of(records_of_rows(rows, plain), plain).whole().values
        progress.end()
        traffic = {name: _repeated(values, name, trial.requests) for name, values in traffic.items()}
    releases = releases_of(plan)
    progress.begin("simulate", trial.runs * len(releases), "traces")
    fates = [
        simulate(traffic, plan, release, runs=trial.runs, every=trial.every, seed=trial.seed, tick=progress.advance)
        for release in releases
    ]
    progress.end()
    return fates, per_hour


def _repeated(values: NDArray[np.float64], name: str, requests: int) -> NDArray[np.float64]:
    known = int((~np.isnan(values)).sum())
    if known < _FEWEST:
        raise UsageError(
            f"{name} is known of {known} recorded requests, which is too few to try a rollout on.",
            fix=f"Take a longer window with --since, at least {_FEWEST:,} requests; or leave the source out.",
        )
    return np.resize(values, requests)
