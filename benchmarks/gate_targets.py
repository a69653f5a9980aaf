"""Every promise of the gates beside what is measured; called by `python benchmarks/gates.py targets`.

Pass/fail metrics are counted exactly. What cannot be counted (graded, clustered and weighted scores, many
correlated gates) is simulated with a seed, on shapes that no constant was chosen on. Power, agreement and
alarms on real results come from gsm8k_openai and tau1_repeats.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.bench.schedule import cap_of, evenly
from llmci.core.stats.chances import at_fixed_size, in_sequence
from llmci.core.stats.history import History, moments_with_history, times_with_history
from llmci.core.stats.layout import layout
from llmci.core.stats.multiplicity import holm
from llmci.core.stats.paired import guarded_bounds, moments, p_not_worse, p_worse
from llmci.core.stats.power import cases_needed
from llmci.core.stats.sequential import Boundaries, Look, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALPHA, SEED = 0.05, 20261122
# Discordance without a change, and the tolerance.
DESIGNS = [(0.05, 0.05), (0.10, 0.05), (0.20, 0.05), (0.05, 0.10), (0.10, 0.10), (0.20, 0.10), (0.30, 0.10)]
# Paired column of the page of the data: cases, share noticed by a paired bootstrap.
NOTICED = {
    ("175b_verification", "175b_finetuning"): {50: 0.89},
    ("6b_verification", "175b_finetuning"): {50: 0.13, 200: 0.31, 400: 0.50, 1000: 0.98},
}

Row = tuple[str, str, float, bool]


def show(gsm8k: dict[str, np.ndarray], trials: np.ndarray) -> bool:
    """Print every target; whether all are met."""
    print(f"\n{'target':78}{'promised':>10}{'measured':>10}")
    met = True
    parts = (
        one_look,
        many_gates,
        simulated,
        sequential,
        lambda: agreement(gsm8k),
        lambda: helped(gsm8k),
        lambda: noticed(gsm8k),
    )
    for part in (*parts, lambda: alarms(trials), identical, speed):
        for name, promised, measured, kept in part():
            print(f"{name:78}{promised:>10}{measured:10.3f}{'' if kept else '   MISSED'}", flush=True)
            met &= kept
    return met


def at_most(name: str, limit: float, measured: float) -> Row:
    return name, f"<= {limit:g}", measured, measured <= limit


def at_least(name: str, limit: float, measured: float) -> Row:
    return name, f">= {limit:g}", measured, measured >= limit


def _grid() -> list[float]:
    return [0.005, 0.01, *np.arange(0.02, 0.72, 0.05).tolist()]


def one_look() -> Iterator[Row]:
    worst = max(
        at_fixed_size(n, discordance=psi, drop=0, margin=0.05).fails for n in (50, 100, 200, 500) for psi in _grid()
    )
    yield at_most("false alarm, one gate, exact, worst of n 50..500 and discordance .005..0.7, %", 5, 100 * worst)
    for margin in (0.02, 0.05, 0.10):
        worst = max(
            at_fixed_size(n, discordance=psi, drop=margin, margin=margin).passes
            for n in (50, 100, 200, 500)
            for psi in _grid()
        )
        yield at_most(f"false pass at a margin of {100 * margin:.0f} points, exact, %", 5.5, 100 * worst)


def many_gates() -> Iterator[Row]:
    """Eight metrics that move together (rho .6), and seven critical slices of the first."""
    random, runs, cases = np.random.default_rng(SEED), 4000, 350
    hits = 0
    kept, part = layout(cases), layout(cases // 7)
    for _ in range(runs):
        shared, own = random.normal(size=(cases, 1)), random.normal(size=(cases, 8))
        latent = np.sqrt(0.6) * shared + np.sqrt(0.4) * own
        d = (latent > 1.6449).astype(float) - (latent < -1.6449)
        evidence = [float(p_worse(moments(column, kept))) for column in d.T]
        evidence += [float(p_worse(moments(one, part))) for one in np.split(d[:, 0], 7)]
        hits += bool((holm(np.array(evidence)) <= ALPHA).any())
    yield at_most("false alarm, 8 gates and 7 critical slices, n=350, rho .6, %", 5.5, 100 * hits / runs)
    worst = max(8 * at_fixed_size(200, discordance=psi, drop=0, margin=0.05, alpha=ALPHA / 8).fails for psi in _grid())
    yield at_most("the same, 8 gates of whatever dependence, exact union bound, n=200, %", 5.5, 100 * worst)


def simulated() -> Iterator[Row]:
    """Scores that cannot be counted, at a drop of exactly the margin."""
    random = np.random.default_rng(SEED)
    graded = {
        "thirds of a star": lambda n, drop: (
            random.choice([-2 / 3, -1 / 3, 0, 1 / 3], n, p=[0.06, 0.1, 0.74, 0.1]) + 0.04 - drop
        ),
        "most unchanged, losses of every size": lambda n, drop: (
            np.where(random.random(n) < 0.15, -random.beta(1, 2, n), 0.0) + 0.05 - drop
        ),
        "two systems of two kinds": lambda n, drop: (
            np.where(random.random(n) < 0.3, -0.4, 0.4 * 3 / 7) - drop + random.normal(0, 0.05, n)
        ),
    }
    for name, draw in graded.items():
        alarm, passed = _errors(draw, 120)
        yield at_most(f"false alarm, graded: {name}, n=120, %", 6, alarm)
        yield at_most(f"false pass at 5 points, graded: {name}, n=120, %", 6, passed)
    groups = np.repeat(np.arange(75), 4)
    yield from _both("60-75 conversations of 4, ICC .6", lambda drop: _grouped(random, groups, drop), groups=groups)
    strata = np.repeat([0, 1, 2], 200)
    weights = np.array([0.7, 0.2, 0.1])[strata]
    yield from _both(
        "tail over-sampled, shares .7 .2 .1",
        lambda drop: _headed(random, strata, drop),
        weights=weights,
        strata=strata,
    )


def _errors(draw: Callable[[int, float], np.ndarray], cases: int, runs: int = 4000) -> tuple[float, float]:
    kept = layout(cases)
    alarm = np.mean([p_worse(moments(draw(cases, 0.0), kept)) <= ALPHA for _ in range(runs)])
    passed = np.mean([p_not_worse(moments(draw(cases, 0.05), kept), 0.05) <= ALPHA for _ in range(runs)])
    return 100 * float(alarm), 100 * float(passed)


def _both(name: str, draw: Callable[[float], np.ndarray], **kept: np.ndarray) -> Iterator[Row]:
    of = layout(len(draw(0.0)), **kept)
    runs = 4000
    alarm = np.mean([p_worse(moments(draw(0.0), of)) <= ALPHA for _ in range(runs)])
    passed = np.mean([p_not_worse(moments(draw(0.05), of), 0.05) <= ALPHA for _ in range(runs)])
    yield at_most(f"false alarm, {name}, %", 6, 100 * float(alarm))
    yield at_most(f"false pass at 5 points, {name}, %", 6, 100 * float(passed))


def _grouped(random: np.random.Generator, groups: np.ndarray, drop: float) -> np.ndarray:
    chances = [0.1 + drop, 0.8 - drop, 0.1]
    shared = random.choice([-1.0, 0.0, 1.0], groups.max() + 1, p=chances)[groups]
    return np.where(random.random(len(groups)) < 0.6, shared, random.choice([-1.0, 0.0, 1.0], len(groups), p=chances))


def _headed(random: np.random.Generator, strata: np.ndarray, drop: float) -> np.ndarray:
    head = random.choice([-1.0, 0.0, 1.0], len(strata), p=[0.05 + drop / 0.7, 0.9 - drop / 0.7, 0.05])
    tail = random.choice([-1.0, 0.0, 1.0], len(strata), p=[0.05, 0.9, 0.05])
    return np.where(strata == 0, head, tail)


def sequential() -> Iterator[Row]:
    for psi, margin in DESIGNS:
        planned = cases_needed(psi, margin)
        looks = plan(evenly(int(np.ceil(cap_of(psi, margin, ALPHA)))), ALPHA)
        same = in_sequence(looks, discordance=psi, drop=0, margin=margin)
        lost = in_sequence(looks, discordance=psi, drop=margin, margin=margin)
        of = f"discordance {psi:.2f}, {100 * margin:.0f} points, cap {looks.cases[-1]}"
        small = looks.cases[-1] < 300
        yield at_most(f"false alarm, {of}, %", 5, 100 * same.fails)
        yield at_most(f"false pass at the margin, {of}, %", 5, 100 * lost.passes)
        yield at_least(f"power, {of}, %", 90, 100 * lost.fails)
        yield at_least(f"pass on A/A, {of}, %", 92, 100 * same.passes)
        yield at_most(f"calls, nothing changed / fixed paired run, {of}", 0.55, same.cases / planned)
        yield at_most(f"calls, at the margin / fixed paired run, {of}", 0.70, lost.cases / planned)
        bounds = least_cases(psi, margin)
        ratios = same.cases / bounds[0], lost.cases / bounds[1]
        yield at_most(f"calls / information bound, {of}", 1.6 if small else 1.4, max(ratios))


def least_cases(psi: float, margin: float) -> tuple[float, float]:
    """Fewest cases on average that any stopping rule with these errors can ask: nothing changed, and at the margin.

    Source:
        Wald (1947); Garivier & Kaufmann (2016): kl(.9, .05) / KL_inf, with KL_inf as its dual.
    """
    values = np.array([-1.0, 0.0, 1.0])
    same = np.array([psi / 2, 1 - psi, psi / 2])
    lost = np.array([psi / 2 + margin, 1 - psi - margin, psi / 2])
    kl = 0.9 * np.log(0.9 / 0.05) + 0.1 * np.log(0.1 / 0.95)
    return kl / _dual(same, values + margin, 1 / (1 - margin)), kl / _dual(lost, -values, 1.0)


def _dual(chances: np.ndarray, gains: np.ndarray, most: float) -> float:
    bets = np.linspace(0, most, 20_001)[:-1]
    return float((chances @ np.log1p(np.outer(gains, bets).clip(-1 + 1e-12))).max())


def agreement(gsm8k: dict[str, np.ndarray]) -> Iterator[Row]:
    """The early verdict beside that of all planned cases, on real results: unchanged, and worse by the tolerance."""
    random, runs, margin = np.random.default_rng(SEED), 600, 0.10
    names = sorted(gsm8k)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    for drop in (0.0, margin):
        alike = opposite = 0
        calls = []
        for run in range(runs):
            a, b = pairs[run % len(pairs)]
            change = gsm8k[b] - gsm8k[a]
            looks = plan(evenly(int(np.ceil(cap_of(float((change != 0).mean()), margin, ALPHA)))), ALPHA)
            d = random.choice(change, looks.cases[-1], replace=False) * random.choice([-1.0, 1.0], looks.cases[-1])
            d = np.where((random.random(len(d)) < drop / np.mean(d > -1)) & (d > -1), d - 1, d)
            early, asked = _early(d, looks, margin)
            full = _verdict(d, ALPHA, ALPHA, margin)
            alike += early == full
            opposite += early * full == -1
            calls.append(asked / looks.cases[-1])
        of = "nothing changed" if drop == 0 else "10 points lost"
        yield at_least(f"agreement with the full run, gsm8k_openai, {of}, %", 94, 100 * alike / runs)
        yield at_most(f"opposite verdicts, gsm8k_openai, {of}, %", 5, 100 * opposite / runs)


def helped(gsm8k: dict[str, np.ndarray]) -> Iterator[Row]:
    """The same bench with what two other systems scored on 1,100 cases, and without: real results, 5 points."""
    runs, cases, margin = 600, 1100, 0.05
    names = sorted(gsm8k)
    looks = evenly(min(int(np.ceil(cap_of(0.3, margin, ALPHA))), cases))
    times = {False: tuple(n / looks[-1] for n in looks), True: times_with_history(looks, cases)}
    for drop in (0.0, margin):
        asked: dict[bool, list[int]] = {False: [], True: []}
        said: dict[bool, list[int]] = {False: [], True: []}
        random = np.random.default_rng(SEED)
        for run in range(runs):
            a, b, *others = np.roll(names, run % len(names))
            drawn = random.choice(len(gsm8k[a]), cases)
            swapped = random.random(cases) < 0.5
            before, after = (
                np.where(swapped, gsm8k[x][drawn], gsm8k[y][drawn]).astype(float) for x, y in ((a, b), (b, a))
            )
            after = np.where(random.random(cases) < drop / max(after.mean(), drop), 0.0, after)
            known = np.mean([gsm8k[name][drawn] for name in others], axis=0) - before
            for with_it in (False, True):
                verdict, count = _looked(after - before, known if with_it else None, looks, times[with_it], margin)
                said[with_it].append(verdict)
                asked[with_it].append(count)
        of = "nothing changed" if drop == 0 else "5 points lost"
        wrong = np.mean(np.array(said[True]) == (-1 if drop == 0 else 1))
        yield at_most(f"wrong verdicts with earlier runs, gsm8k_openai, {of}, %", 5.5, 100 * float(wrong))
        right = [np.mean(np.array(said[with_it]) == (1 if drop == 0 else -1)) for with_it in (True, False)]
        # Both are draws of the same cases; a few of them decide otherwise.
        yield at_least(
            f"right verdicts with earlier runs, less those without, {of}, %", -1, 100 * float(right[0] - right[1])
        )
        yield at_most(
            f"calls with earlier runs / without, gsm8k_openai, {of}", 1, np.mean(asked[True]) / np.mean(asked[False])
        )


def _looked(
    d: np.ndarray, known: np.ndarray | None, looks: tuple[int, ...], times: tuple[float, ...], margin: float
) -> tuple[int, int]:
    for at, count in enumerate(looks):
        kept, look = layout(count), Look(times, at)
        of = moments(d[:count], kept)
        if known is not None:
            of = moments_with_history(d[:count], kept, History(known[:count], float(known.mean()), float(len(known))))
        if look.none(float(p_not_worse(of, margin))) <= ALPHA:
            return 1, count
        if look.drop(float(p_worse(of))) <= ALPHA:
            return -1, count
    return 0, looks[-1]


def _early(d: np.ndarray, looks: Boundaries, margin: float) -> tuple[int, int]:
    for cases, fail, succeed in zip(looks.cases, looks.fail, looks.succeed, strict=True):
        if said := _verdict(d[:cases], fail, succeed, margin):
            return said, cases
    return 0, looks.cases[-1]


def _verdict(d: np.ndarray, fail: float, succeed: float, margin: float) -> int:
    """1 passed, -1 regressed, 0 inconclusive."""
    kept = layout(len(d))
    of = moments(d, kept)
    if p_not_worse(of, margin) <= succeed:
        return 1
    return -1 if p_worse(of) <= fail else 0


def noticed(gsm8k: dict[str, np.ndarray]) -> Iterator[Row]:
    random, runs = np.random.default_rng(SEED), 2000
    for (before, after), wanted in NOTICED.items():
        change = gsm8k[after] - gsm8k[before]
        for cases, share in wanted.items():
            hits = sum(
                _verdict(random.choice(change, cases, replace=False), ALPHA, ALPHA, 0.05) == -1 for _ in range(runs)
            )
            # The share promised was itself simulated; both carry the error of their draws.
            noise = 2 * float(np.sqrt(share * (1 - share) * 2 / runs))
            name = f"noticed, gsm8k_openai, {before} to {after}, n={cases}, within {noise:.3f}"
            yield name, f">= {share:g}", hits / runs, hits / runs >= share - noise


def alarms(trials: np.ndarray) -> Iterator[Row]:
    """tau1_repeats: one agent against itself."""
    random, runs = np.random.default_rng(SEED), 4000
    both = [(i, j) for i in range(trials.shape[1]) for j in range(trials.shape[1]) if i != j]
    hits = 0
    for run in range(runs):
        i, j = both[run % len(both)]
        drawn = random.choice(len(trials), len(trials))
        hits += _verdict((trials[:, j] - trials[:, i])[drawn], ALPHA, ALPHA, 0.05) == -1
    yield at_most("false alarm, tau1_repeats, tasks resampled, %", 5, 100 * hits / runs)
    pure = np.mean([_verdict(trials[:, j] - trials[:, i], ALPHA, ALPHA, 0.05) == -1 for i, j in both])
    yield at_most("false alarm, tau1_repeats, the 12 pairs of trials, %", 5, 100 * float(pure))


def identical() -> Iterator[Row]:
    yield at_least("identical outputs pass, 59 cases, 5 points", 1, _verdict(np.zeros(59), ALPHA, ALPHA, 0.05))


def speed() -> Iterator[Row]:
    random = np.random.default_rng(SEED)
    cases, metrics = 100_000, 10
    differences = [random.choice([-1.0, 0.0, 1.0], cases, p=[0.06, 0.89, 0.05]) for _ in range(metrics)]
    strata, groups = random.integers(0, 20, cases), random.integers(0, cases // 2, cases)
    seconds = []
    for _ in range(3):
        started = time.process_time()
        kept = layout(cases, weights=np.ones(cases), strata=strata, groups=groups)
        for d in differences:
            of = moments(d, kept)
            guarded_bounds(of, ALPHA)
            p_worse(of)
            p_not_worse(of, 0.05)
        seconds.append(time.process_time() - started)
    yield at_most("100,000 cases x 10 metrics, strata and groups, processor seconds, best of 3", 0.2, min(seconds))
