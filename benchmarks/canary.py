"""How often the canary errs, and how soon it decides: every promise beside what is measured, and a z-test beside both.

Run: python benchmarks/canary.py [runs]
Whole rollouts over the stages 5, 25, 50 and 100 %, as `llmci canary simulate` runs them: looked at every 50 candidate
requests, on traffic that swings twenty-fold over the day, begun at any hour; with one criterion, and with three at once.
Then the evidence at 5 % alone beside a z-test that is looked at as often; a run ends at 6,000 candidate requests.
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
    swing = 10 ** (0.65 * np.sin((np.arange(n) / n * 8 + rng.random()) * 2 * np.pi))
    swing /= swing.mean()
    rate = np.clip(BASE * swing + np.where(treated, change, 0.0), 0, 1)
    return (rng.random(n) < rate).astype(float), treated


def by_evidence(values: np.ndarray, treated: np.ndarray) -> tuple[str, int]:
    path = Tracked(ERRORS, share=SHARE).add(values, treated)
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


ERRORS = Criterion(name="errors", kind="error", margin=MARGIN, base_rate=BASE)
COST = Criterion(name="cost", kind="cost", margin=0.10)
SLOW = Criterion(name="slow", kind="latency", margin=0.025, base_rate=0.05)
THREE = (ERRORS, COST, SLOW)
# What is rolled out, what is promised of it, and the figure that is meant: of a plan with one criterion, or of all three.
PROMISES: tuple[tuple[tuple[Criterion, ...], dict[str, float], str, float], ...] = (
    ((ERRORS,), {}, "rolled back at most", 0.05),
    ((COST,), {}, "rolled back at most", 0.05),
    ((SLOW,), {}, "rolled back at most", 0.05),
    (THREE, {}, "rolled back at most", 0.05),
    ((ERRORS,), {"errors": MARGIN}, "completed at most", 0.05),
    (THREE, {"errors": MARGIN}, "completed at most", 0.05),
    ((ERRORS,), {"errors": 0.05}, "exposed at most", 300),
    (THREE, {"errors": 0.05}, "exposed at most", 300),
    ((COST,), {"cost": 0.10}, "rolled back at least", 0.95),
    (THREE, {"cost": 0.10}, "rolled back at least", 0.95),
    ((SLOW,), {"slow": 0.3}, "rolled back at least", 0.95),
    (THREE, {"slow": 0.3}, "rolled back at least", 0.95),
)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    promises(runs)
    beside_peeking(runs)


def promises(runs: int) -> None:
    """Whole rollouts, beside what is promised of them."""
    stages = tuple(Stage(share=share) for share in (SHARE, 0.25, 0.5, 1.0))
    print(f"{'criteria':18} {'truth':16} {'rolled back':>11} {'completed':>9} {'exposed':>8}  {'promised':26} held")
    for criteria, worse_by, words, limit in PROMISES:
        plan = RolloutPlan(name="", control="a", treatment="b", stages=stages, criteria=criteria)
        release = Release("", worse_by)
        fate = simulate(made_up(plan, 120_000, 15_000, 1), plan, release, runs=runs, every=EVERY, seed=2026)
        figure = {"rolled back": fate.rolled_back, "completed": fate.completed, "exposed": fate.exposed}[
            words.rsplit(" ", 2)[0]
        ]
        held = figure >= limit if words.endswith("least") else figure <= limit
        truth = ", ".join(f"{name} +{by:g}" for name, by in worse_by.items()) or "unchanged"
        shown = f"{words} {limit:.0%}" if limit <= 1 else f"{words} {limit:g}"
        print(
            f"{', '.join(c.name for c in criteria):18} {truth:16} {fate.rolled_back:>11.1%} {fate.completed:>9.1%}"
            f" {fate.exposed:>8,.0f}  {shown:26} {'yes' if held else 'NO'}"
        )
    print(f"{runs} rollouts each; exposed: requests that the candidate answered, median.\n")


def beside_peeking(runs: int) -> None:
    print(f"{'errors':>8}  {'rule':10} {'rolled back':>12} {'expanded':>9} {'held':>6} {'median requests':>16}")
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


if __name__ == "__main__":
    main()
