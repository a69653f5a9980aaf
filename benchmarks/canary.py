"""How often the canary's evidence errs, and how soon it decides, beside a z-test looked at as often.

Run: python benchmarks/canary.py [runs]
Both rules look after every 50 candidate requests, on the same simulated traffic: base failure rate
5 %, 5 % of the traffic, difficulty swinging twenty-fold over the day. A run ends at 6,000 candidate
requests.
"""

from __future__ import annotations

import sys

import numpy as np

from llmci.core.stats.canary import blocks_of, evidence

SHARE, BASE, MARGIN, MOST, EVERY = 0.05, 0.05, 0.02, 6000, 50


def traffic(rng: np.random.Generator, change: float) -> tuple[np.ndarray, np.ndarray]:
    n = int(MOST / SHARE)
    treated = rng.random(n) < SHARE
    swing = 10 ** (0.65 * np.sin(np.arange(n) / n * 2 * np.pi * 8))
    swing /= swing.mean()
    rate = np.clip(BASE * swing + np.where(treated, change, 0.0), 0, 1)
    return (rng.random(n) < rate).astype(float), treated


def by_evidence(values: np.ndarray, treated: np.ndarray) -> tuple[str, int]:
    blocks = blocks_of(values, treated, share=SHARE)
    path = evidence(blocks.treatment - blocks.control, blocks.closed_at, margin=MARGIN, base_rate=BASE)
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


if __name__ == "__main__":
    main()
