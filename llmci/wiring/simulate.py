"""The configured rollout on recorded or made-up traffic, again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.hashing import hashes_of
from llmci.core.stats.live import traffic_of
from llmci.core.stats.records import records_of_rows
from llmci.errors import UsageError
from llmci.pipeline.simulate import Fate, made_up, releases_of, simulate, users_among
from llmci.wiring.canary import live_rows, plan_of, verdicts_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from llmci.config import Config
    from llmci.domain.rollout import RolloutPlan
    from llmci.domain.trace import TraceRow
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
    users = None
    if sources is None:
        traffic = made_up(plan, trial.requests, 24 * per_hour, trial.seed)
    else:
        recorded = _Recorded(plan)
        progress.begin("read", None, "traces")
        rows = recorded.watched(live_rows(config, sources, window, environ, progress))
        plain = replace(plan, unit="request")
        traffic = traffic_of(records_of_rows(rows, plain, verdicts_on(config, plan)), plain).whole().values
        progress.end()
        traffic = {name: _repeated(values, name, trial.requests) for name, values in traffic.items()}
        per_hour, users = recorded.per_hour() or per_hour, recorded.users()
    releases = releases_of(plan)
    progress.begin("simulate", trial.runs * len(releases), "traces")
    fates = [
        simulate(traffic, plan, release, runs=trial.runs, every=trial.every, seed=trial.seed, tick=progress.advance)
        for release in releases
    ]
    progress.end()
    if users is not None:
        fates = [
            replace(fate, users=users_among(users, int(fate.requests)) * fate.exposed / max(fate.requests, 1))
            for fate in fates
        ]
    return fates, per_hour


class _Recorded:
    """What is seen of recorded traffic on the way: when, and of whom."""

    def __init__(self, plan: RolloutPlan) -> None:
        self._plan = plan
        self._starts: list[float] = []
        self._users: list[str] = []

    def watched(self, rows: Iterable[TraceRow]) -> Iterator[TraceRow]:
        for row in rows:
            if (start := row.get("start")) is not None:
                self._starts.append(start.timestamp())
                self._users.append(row.get("user_id") or "")
            # Whoever answered was the control: the candidate is made up.
            yield {**row, "variant": self._plan.control}

    def per_hour(self) -> float | None:
        """Requests an hour; None where all came at once."""
        hours = (max(self._starts) - min(self._starts)) / 3600 if self._starts else 0.0
        return len(self._starts) / hours if hours else None

    def users(self) -> NDArray[np.uint64] | None:
        """Who sent each request, in order of time; None where it is not known of all."""
        if not self._users or not all(self._users):
            return None
        import pyarrow as pa

        users: NDArray[np.uint64] = hashes_of(pa.array(self._users))[np.argsort(self._starts, kind="stable")]
        return users


def _repeated(values: NDArray[np.float64], name: str, requests: int) -> NDArray[np.float64]:
    known = int((~np.isnan(values)).sum())
    if known < _FEWEST:
        raise UsageError(
            f"{name} is known of {known} recorded requests, which is too few to try a rollout on.",
            fix=f"Take a longer window with --since, at least {_FEWEST:,} requests; or leave the source out.",
        )
    return np.resize(values, requests)
