"""How often the canary's evidence errs, and how soon it decides, beside a z-test looked at as often.

Run: python benchmarks/canary.py [runs]
Both rules look after every 50 candidate requests, on the same simulated traffic: base failure rate
5 %, 5 % of the traffic, difficulty swinging twenty-fold over the day. A run ends at 6,000 candidate
requests. Then whole rollouts over the stages 5, 25, 50 and 100 %, one criterion at a time, as `llmci canary
simulate` runs them.
"""

from __future__ import annotations

import sys

import numpy as np

from llmci.core.stats.criterion import Tracked
from llmci.domain.rollout import Criterion, RolloutPlan, Stage
from llmci.pipeline.simulate import Release, made_up, simulate

SHARE, BASE, MARGIN, MOST, EVERY = 0.05, 0.05, 0.02, 6000, 50


def traffic(rng: np.random.Generator, change: float) -> tuple[np.ndarray, np.ndarray]:
    n = int(MOST / SHARE)
    treated = rng.random(n) < SHARE
    swing = 10 ** (0.65 * np.sin(np.arange(n) / n * 2 * np.pi * 8))
    swing /= swing.mean()
    rate = np.clip(BASE * swing + np.where(treated, change, 0.0), 0, 1)
    return (rng.random(n) < rate).astype(float), treated


def by_evidence(values: np.ndarray, treated: np.ndarray) -> tuple[str, int]:
    errors = Criterion(name="errors", kind="error", margin=MARGIN, base_rate=BASE)
    path = Tracked(errors, share=SHARE).add(values, treated)
    requests = np.cumsum(treated)[path.closed_at]
    looks = np.searchsorted(requests, np.arange(EVERY, requests[-1], EVERY))
    for look in looks:
        if path.against[look] >= 20:
            return "rolled back", int(requests[look])
        if path.in_favour[look] >= 20:
            return "expanded", int(requests[look])
    return "held", int(requests[-1])


def by_peeking(values: np.ndarray, treated: np.ndarray) -> tuple[str, int]:
    count = np.cumsum(treated)
    for requests in range(EVERY, int(count[-1]), EVERY):
        end = int(np.searchsorted(count, requests)) + 1
        arm = treated[:end]
        new, old = values[:end][arm], values[:end][~arm]
        error = np.sqrt(max(new.var() / len(new) + old.var() / len(old), 1e-12))
        worse = new.mean() - old.mean()
        if worse / error > 1.645:
            return "rolled back", requests
        if (worse - MARGIN) / error < -1.645:
            return "expanded", requests
    return "held", int(count[-1])


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{'truth':>8}  {'rule':10} {'rolled back':>12} {'expanded':>9} {'held':>6} {'median requests':>16}")
    for change in (0.0, 0.02, 0.05, -0.02):
        rng = np.random.default_rng(2026)
        found = [(by_evidence(*sample), by_peeking(*sample)) for sample in (traffic(rng, change) for _ in range(runs))]
        for index, rule in enumerate(("evidence", "peeking z")):
            outcomes = [pair[index] for pair in found]
            share = {name: sum(o == name for o, _ in outcomes) / runs for name in ("rolled back", "expanded", "held")}
            median = np.median([requests for _, requests in outcomes])
            print(
                f"{change * 100:+6.0f}pt  {rule:10} {share['rolled back']:12.1%} {share['expanded']:9.1%}"
                f" {share['held']:6.1%} {median:16.0f}"
            )
    ladder(runs)


def ladder(runs: int) -> None:
    """Whole rollouts, beside what is promised of them."""
    criteria = (
        Criterion(name="errors", kind="error", margin=0.02, base_rate=0.05),
        Criterion(name="cost", kind="cost", margin=0.10),
        Criterion(name="slow", kind="latency", margin=0.025, base_rate=0.05),
    )
    asked = (
        (0, {}, "rolled back <= 5 %"),
        (0, {"errors": 0.02}, "completed <= 5 %"),
        (0, {"errors": 0.05}, "stopped, median <= 300 exposed"),
        (1, {}, "rolled back <= 5 %"),
        (1, {"cost": 0.10}, "stopped >= 95 %"),
        (2, {}, "rolled back <= 5 %"),
        (2, {"slow": 0.3}, "stopped >= 95 %"),
    )
    print(
        f"\n{'criterion':10} {'worse by':>9} {'rolled back':>12} {'completed':>10} {'going on':>9} {'exposed':>8}  promised"
    )
    for which, worse_by, promised in asked:
        stages = tuple(Stage(share=share) for share in (0.05, 0.25, 0.5, 1.0))
        plan = RolloutPlan(name="", control="a", treatment="b", stages=stages, criteria=(criteria[which],))
        release = Release(criteria[which].name, worse_by)
        fate = simulate(made_up(plan, 120_000, 15_000, 1), plan, release, runs=runs, every=EVERY, seed=2026)
        print(
            f"{fate.truth:10} {next(iter(worse_by.values()), 0.0):>9.2f} {fate.rolled_back:>12.1%} {fate.completed:>10.1%}"
            f" {fate.still_going:>9.1%} {fate.exposed:>8,.0f}  {promised}"
        )


if __name__ == "__main__":
    main()
