"""How often the gates err, and how often they notice, beside the rules that are in use elsewhere.

Run: python benchmarks/gates.py [targets] [exact] [shapes] [alarms] [power] [speed]     (all by default, two minutes)

targets each promise beside what is measured; leaves with 1 if one is missed
exact   worst error over all discordance rates, by counting every table of wins and losses
shapes  errors on simulated graded, clustered and weighted scores, where nothing can be counted
alarms  share of comparisons of a system with itself that fail, on real results: gsm8k_openai with
        the systems exchanged at random case by case, tau1_repeats with two trials of one agent
power   share of real regressions that are noticed, on cases drawn from gsm8k_openai
speed   processor seconds of decision mathematics for 100,000 cases and 10 metrics

The rules beside ours: the mean fell; it fell by more than two points; one-sided paired bootstrap and
exact McNemar at 5 %; a paired t that rules out a drop of the tolerance.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.chances import at_fixed_size, in_sequence
from llmci.core.stats.differences import of_costs
from llmci.core.stats.layout import layout
from llmci.core.stats.multiplicity import holm
from llmci.core.stats.paired import guarded_bounds, moments, p_not_worse, p_worse
from llmci.core.stats.power import cases_needed
from llmci.core.stats.sequential import LOOKS, plan

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[2] / "shared" / "data"
TOLERANCE, ALPHA, SEED = 0.05, 0.05, 20261121
# Of the reference table; `llmci bench` plans with a little less, see `schedule.cap_of`.
CAP_INFLATION = 1.15


def ours(d: np.ndarray) -> bool:
    """Fails: a drop is proven, and one of the tolerance is not ruled out."""
    cases = layout(len(d))
    of = moments(d, cases)
    return bool(p_worse(of) <= ALPHA < p_not_worse(of, TOLERANCE))

    from scipy.stats import binom

    wins, losses = int((d > 0).sum()), int((d < 0).sum())
    return bool(binom.sf(losses - 1, wins + losses, 0.5) <= ALPHA) if wins + losses else False


def paired_bootstrap(d: np.ndarray, draws: int = 1000) -> bool:
    """The whole of the resampled means below zero, but for 5 %: counts of values instead of indices."""
    values, counts = np.unique(d, return_counts=True)
    drawn = np.random.default_rng(int(counts @ np.arange(1, len(counts) + 1))).multinomial(
        len(d), counts / len(d), size=draws
    )
    return bool(((drawn @ values) >= 0).mean() <= ALPHA)


RULES: dict[str, Callable[[np.ndarray], bool]] = {
    "llmci": ours,
    "mean fell": lambda d: bool(d.mean() < 0),
    "fell by > 2 points": lambda d: bool(d.mean() < -0.02),
    "paired bootstrap": paired_bootstrap,
}


def gsm8k() -> dict[str, np.ndarray]:
    import pyarrow.parquet as pq

    rows = pq.read_table(DATA / "gsm8k_openai" / "outputs.parquet", columns=["item_id", "variant", "correct"])
    frame = rows.to_pandas().pivot_table(index="item_id", columns="variant", values="correct", aggfunc="first")
    return {name: frame[name].to_numpy(dtype=float) for name in frame}


def tau_trials() -> np.ndarray:
    """Rewards of one agent, shape (tasks, trials)."""
    import pyarrow.parquet as pq

    frame = pq.read_table(
        DATA / "tau1_repeats" / "runs.parquet", columns=["system", "domain", "task_id", "trial", "reward"]
    ).to_pandas()
    airline = frame[frame.domain == "airline"]
    return airline.pivot_table(index="task_id", columns="trial", values="reward", aggfunc="first").to_numpy(dtype=float)


def table(title: str, head: list[str], rows: list[tuple[str, list[float]]]) -> None:
    print(f"\n{title}\n{'':28}" + "".join(f"{cell:>12}" for cell in head))
    for name, cells in rows:
        print(f"{name:28}" + "".join(f"{cell:12.2f}" for cell in cells))


def exact() -> None:
    psis = [0, 0.005, 0.01, *np.arange(0.02, 0.72, 0.02)]
    sizes = [20, 50, 100, 200, 400]
    fail = [100 * max(at_fixed_size(n, discordance=p, drop=0, margin=TOLERANCE).fails for p in psis) for n in sizes]
    rows = [("says regressed, no change", fail)]
    for margin in (0.02, 0.05, 0.10):
        worst = [
            100 * max(at_fixed_size(n, discordance=p, drop=margin, margin=margin).passes for p in psis) for n in sizes
        ]
        rows.append((f"passes, {100 * margin:.0f} points lost", worst))
    table("Exact worst error, one look, % (nominal 5)", [f"n={n}" for n in sizes], rows)
    designs = [(0.05, 0.05), (0.1, 0.05), (0.2, 0.05), (0.05, 0.1), (0.1, 0.1), (0.2, 0.1), (0.3, 0.1)]
    rows = [(f"discordance {psi:.2f}, {100 * drop:.0f} points", _in_sequence(psi, drop)) for psi, drop in designs]
    head = ["false alarm", "A/A passes", "noticed", "false pass", "calls A/A", "calls drop"]
    table(f"{LOOKS} looks, cap {CAP_INFLATION} x the planned cases; calls as a share of the planned", head, rows)


def _in_sequence(psi: float, drop: float) -> list[float]:
    planned = cases_needed(psi, drop)
    cap = round(planned * CAP_INFLATION)
    looks = plan([round(cap * (k + 1) / LOOKS) for k in range(LOOKS)], ALPHA)
    same = in_sequence(looks, discordance=psi, drop=0, margin=drop)
    lost = in_sequence(looks, discordance=psi, drop=drop, margin=drop)
    return [
        100 * same.fails,
        100 * same.passes,
        100 * lost.fails,
        100 * lost.passes,
        same.cases / planned,
        lost.cases / planned,
    ]


def shapes() -> None:
    """Each shape as a sampler of differences with mean zero; a drop of the tolerance is a shift of its own kind."""
    random, runs = np.random.default_rng(SEED), 4000
    rows = []
    for name, draw in (
        ("rare heavy losses", lambda n, drop: _rare(random, n, -0.75, 0.05 + drop / 0.75, drop)),
        ("rare heavy wins", lambda n, drop: _rare(random, n, 0.75, 0.05, drop)),
        ("rarer and heavier losses", lambda n, drop: _rare(random, n, -1.0, 0.01 + drop, drop)),
        ("one star up or down", lambda n, drop: random.choice([-0.25, 0, 0.25], n, p=[0.2, 0.6, 0.2]) - drop),
        ("continuous", lambda n, drop: np.clip(random.normal(-drop, 0.2, n), -1, 1)),
    ):
        rows.append((name, _errors(draw, runs, sizes=(50, 200))))
    rows.append(("groups of 4, ICC .6, n=240", _grouped(random, runs)))
    rows.append(("tail over-sampled, n=600", _weighted(random, runs)))
    head = ["alarm 50", "alarm 200", "pass 50", "pass 200"]
    table("Errors on simulated scores, %: says regressed at no change, passes at 5 points lost", head, rows)


def _rare(random: np.random.Generator, cases: int, size: float, share: float, drop: float) -> np.ndarray:
    """A small share of the cases moves much, the rest a little, so that the mean falls by the drop."""
    return np.where(random.random(cases) < share, size, -(drop + share * size) / (1 - share))


def _errors(draw: Callable[[int, float], np.ndarray], runs: int, sizes: tuple[int, int]) -> list[float]:
    alarms_, passes = [], []
    for size in sizes:
        kept = layout(size)
        alarms_.append(np.mean([p_worse(moments(draw(size, 0.0), kept)) <= ALPHA for _ in range(runs)]))
        passes.append(
            np.mean([p_not_worse(moments(draw(size, TOLERANCE), kept), TOLERANCE) <= ALPHA for _ in range(runs)])
        )
    return [100 * float(cell) for cell in (*alarms_, *passes)]


def _grouped(random: np.random.Generator, runs: int) -> list[float]:
    groups = np.repeat(np.arange(60), 4)
    kept = layout(240, groups=groups)

    def draw(loss: float) -> np.ndarray:
        chances = [0.1 + loss, 0.8 - loss, 0.1]
        shared = random.choice([-1.0, 0.0, 1.0], 60, p=chances)[groups]
        return np.where(random.random(240) < 0.6, shared, random.choice([-1.0, 0.0, 1.0], 240, p=chances))

    alarm = np.mean([p_worse(moments(draw(0.0), kept)) <= ALPHA for _ in range(runs)])
    passed = np.mean([p_not_worse(moments(draw(TOLERANCE), kept), TOLERANCE) <= ALPHA for _ in range(runs)])
    return [float("nan"), 100 * float(alarm), float("nan"), 100 * float(passed)]


def _weighted(random: np.random.Generator, runs: int) -> list[float]:
    """A third of the cases from each stratum, which stand for 70, 20 and 10 % of production."""
    strata, shares = np.repeat([0, 1, 2], 200), np.array([0.7, 0.2, 0.1])
    kept = layout(600, weights=shares[strata], strata=strata)

    def draw(loss: float) -> np.ndarray:
        head = random.choice([-1.0, 0.0, 1.0], 600, p=[0.05 + loss / 0.7, 0.9 - loss / 0.7, 0.05])
        tail = random.choice([-1.0, 0.0, 1.0], 600, p=[0.05, 0.9, 0.05])
        return np.where(strata == 0, head, tail)

    alarm = np.mean([p_worse(moments(draw(0.0), kept)) <= ALPHA for _ in range(runs)])
    passed = np.mean([p_not_worse(moments(draw(TOLERANCE), kept), TOLERANCE) <= ALPHA for _ in range(runs)])
    return [float("nan"), 100 * float(alarm), float("nan"), 100 * float(passed)]


def alarms() -> None:
    random = np.random.default_rng(SEED)
    results, runs = gsm8k(), 2000
    names = sorted(results)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    sizes = [50, 200, 500, 1319]
    rows = []
    for name, rule in RULES.items():
        cells = []
        for size in sizes:
            hits = 0
            for run in range(runs):
                a, b = pairs[run % len(pairs)]
                drawn = random.choice(len(results[a]), size, replace=False)
                d = (results[b] - results[a])[drawn] * random.choice([-1.0, 1.0], size)
                hits += rule(d)
            cells.append(100 * hits / runs)
        rows.append((name, cells))
    table("False alarms, gsm8k_openai, systems exchanged at random, %", [f"n={n}" for n in sizes], rows)
    _seven_slices(results, pairs, random)
    trials = tau_trials()
    both = [(i, j) for i in range(trials.shape[1]) for j in range(trials.shape[1]) if i != j]
    rows = []
    for name, rule in RULES.items():
        hits = 0
        for run in range(runs):
            i, j = both[run % len(both)]
            drawn = random.choice(len(trials), len(trials))
            hits += rule((trials[:, j] - trials[:, i])[drawn])
        pure = [rule(trials[:, j] - trials[:, i]) for i, j in both]
        rows.append((name, [100 * hits / runs, 100 * float(np.mean(pure))]))
    table("False alarms, tau1_repeats, one trial against another, %", ["resampled", "12 pairs"], rows)


def _seven_slices(results: dict[str, np.ndarray], pairs: list[tuple[str, str]], random: np.random.Generator) -> None:
    """A run fails if any of 8 questions does: all cases and seven slices."""
    runs = 2000
    hits = dict.fromkeys(("llmci (Holm)", "mean fell", "uncorrected"), 0)
    for run in range(runs):
        a, b = pairs[run % len(pairs)]
        d = (results[b] - results[a]) * random.choice([-1.0, 1.0], len(results[a]))
        parts = [d, *np.array_split(random.permutation(d), 7)]
        layouts = [layout(len(part)) for part in parts]
        drops = np.array([float(p_worse(moments(part, of))) for part, of in zip(parts, layouts, strict=True)])
        hits["llmci (Holm)"] += bool((holm(drops) <= ALPHA).any())
        hits["uncorrected"] += bool((drops <= ALPHA).any())
        hits["mean fell"] += any(part.mean() < 0 for part in parts)
    rows = [(name, [100 * count / runs]) for name, count in hits.items()]
    table("False alarms, gsm8k_openai, whole set and 7 slices, %", ["any of 8"], rows)


def power() -> None:
    random = np.random.default_rng(SEED)
    results, runs = gsm8k(), 1000
    for before, after, sizes in (
        ("175b_verification", "175b_finetuning", [50, 100, 200]),
        ("6b_verification", "175b_finetuning", [50, 200, 400, 1000]),
    ):
        change = results[after] - results[before]
        rows = []
        for name, rule in RULES.items():
            cells = [
                100 * float(np.mean([rule(random.choice(change, size, replace=False)) for _ in range(runs)]))
                for size in sizes
            ]
            rows.append((name, cells))
        title = f"Noticed, gsm8k_openai, {before} to {after} ({100 * change.mean():+.1f} points), %"
        table(title, [f"n={n}" for n in sizes], rows)


def speed() -> None:
    import scipy.special  # noqa: F401  loaded once in a process, and not counted

    random = np.random.default_rng(SEED)
    cases, metrics = 100_000, 10
    strata, groups = random.integers(0, 20, cases), random.integers(0, cases // 2, cases)
    weights = random.random(cases)
    differences = [random.choice([-1.0, 0.0, 1.0], cases, p=[0.06, 0.89, 0.05]) for _ in range(metrics)]
    for name, given in (
        ("plain", {}),
        ("strata", {"strata": strata}),
        ("strata, groups", {"strata": strata, "groups": groups}),
    ):
        started = time.process_time()
        kept = layout(cases, weights=weights, **given)
        for d in differences:
            of = moments(d, kept)
            guarded_bounds(of, ALPHA)
            p_worse(of)
            p_not_worse(of, TOLERANCE)
        print(f"{cases:,} cases x {metrics} metrics, {name}: {time.process_time() - started:.3f} s")
    started = time.process_time()
    spent = of_costs(random.random(cases), random.random(cases))
    p_worse(moments(spent.within(0.1), layout(cases)))
    print(f"{cases:,} cases, one cost ratio: {time.process_time() - started:.3f} s")


def targets() -> None:
    import gate_targets

    if not gate_targets.show(gsm8k(), tau_trials()):
        sys.exit(1)


def main() -> None:
    known = {"targets": targets, "exact": exact, "shapes": shapes, "alarms": alarms, "power": power, "speed": speed}
    for name in sys.argv[1:] or list(known):
        known[name]()


if __name__ == "__main__":
    main()
