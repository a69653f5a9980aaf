"""Whether a set says of production what is true of it, and notices the drop that it was drawn for.

Run: python benchmarks/evalset.py        (a minute)

shares   a made-up production with a Zipf-like share for each cluster and number of askers for each question: how many
         failed and how many would be answered well, known for all of it, against what the weights of a set say. Over 200
         seeds: the mean error, and how often the interval that a gate would compute holds the truth (95 % wanted).
refresh  the same of a set that was refreshed twice, with traffic of the same kind, most of whose questions are new.
power    sets of the size that `detect: 0.05` begins with (before it counts what depends on what), asked without their hold-out: how often the gate's own test notices a drop of 5 points
         (90 % wanted), with outcomes of one group independent and half the time the same, and how often it sees one that is not there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llmci.core.evalsets.dependence import dependence_groups
from llmci.core.evalsets.holdout import held_out
from llmci.core.evalsets.sampling import Draw, Plan, draw, worth
from llmci.core.evalsets.sightings import Sighting, Sightings
from llmci.core.stats.layout import layout
from llmci.core.stats.paired import moments, p_worse
from llmci.core.stats.power import cases_needed
from llmci.core.stats.student import t_quantile

SEEDS, COMPARISONS = 200, 400
DROP, DISCORDANCE, ALPHA = 0.05, 0.1, 0.05


def production(
    rng: np.random.Generator, *, clusters: int, questions: int, failed: float
) -> tuple[list[Sighting], dict[str, tuple[float, float]]]:
    """Questions, and of each whether it failed and whether it would be answered well."""
    share = 1 / np.arange(1, clusters + 1)
    seen, known = [], {}
    for cluster in rng.choice(clusters, questions, p=share / share.sum()):
        name = f"{rng.integers(2**60):016x}"
        bad = rng.random() < failed * (0.2 + 0.8 * (cluster % 3))
        well = rng.random() < (0.2 if bad else 0.9 - 0.5 * cluster / clusters)
        known[name] = (float(bad), float(well))
        seen.append(Sighting(name, f"c{cluster}", f"t{cluster % 5}", int(min(500, rng.zipf(1.8))), flagged=bool(bad)))
    return seen, known


def asked(drawn: Draw, holdout: float, seed: int) -> list[str]:
    alone = dependence_groups({case_id: [case_id] for case_id in drawn.weights}, drawn.weights)
    return sorted(drawn.weights.keys() - held_out(alone, {}, share=holdout, seed=seed))


def shares() -> None:
    print("set                                            failed: error, inside    answered well: error, inside")
    for clusters, failed, size, failures, holdout in (
        (30, 0.05, 300, 0.2, 0.0),
        (30, 0.05, 300, 0.2, 0.1),
        (40, 0.03, 300, 0.0, 0.1),
        (12, 0.1, 150, 0.3, 0.2),
    ):
        seen, known = production(np.random.default_rng(5), clusters=clusters, questions=3000, failed=failed)
        traces = np.array([s.traces for s in seen]) / sum(s.traces for s in seen)
        truth = np.array([known[s.case_id] for s in seen]).T @ traces
        errors, inside = [], []
        for seed in range(SEEDS):
            drawn = draw(Sightings.of(seen), Plan(size=size, floor=3, failures=failures, seed=seed))
            ids = asked(drawn, holdout, seed)
            strata = np.unique([drawn.stratum[i] for i in ids], return_inverse=True)[1]
            of = layout(len(ids), weights=np.array([drawn.weights[i] for i in ids]), strata=strata)
            found = [moments(np.array([known[i][k] for i in ids]), of) for k in (0, 1)]
            errors.append([m.estimate - truth[k] for k, m in enumerate(found)])
            wide = [float(t_quantile(float(m.df), 0.975)) * m.se for m in found]
            inside.append([abs(error) <= most for error, most in zip(errors[-1], wide, strict=True)])
        (e1, e2), (i1, i2) = np.mean(errors, axis=0), np.mean(inside, axis=0)
        what = f"{size} of {clusters} clusters, {failures:.0%} extra, {holdout:.0%} held out"
        print(f"{what:46} {e1:+8.4f}  {i1:6.1%}          {e2:+8.4f}  {i2:6.1%}")


def refresh() -> None:
    errors = []
    for seed in range(SEEDS // 4):
        rng, plan = np.random.default_rng(seed), Plan(size=300, floor=3, failures=0.2, seed=seed)
        before: dict[str, Sighting] = {}
        held: dict[str, tuple[float, float]] = {}
        for _ in range(3):
            seen, known = production(rng, clusters=20, questions=1500, failed=0.05)
            held |= known
            gone = [replace(each, traces=0, kept=True) for each in before.values()]
            drawn = draw(Sightings.of([*gone, *(replace(each, fresh=True) for each in seen)]), plan)
            everything = before | {each.case_id: each for each in seen}
            before = {case_id: everything[case_id] for case_id in drawn.weights}
        traces = np.array([s.traces for s in seen]) / sum(s.traces for s in seen)
        truth = np.array([known[s.case_id] for s in seen]).T @ traces
        said = np.array([held[i] for i in drawn.weights]).T @ np.array(list(drawn.weights.values()))
        errors.append(said - truth)
    e1, e2 = np.mean(errors, axis=0)
    print(f"{'300 of 20 clusters, refreshed twice':46} {e1:+8.4f}                  {e2:+8.4f}")


def power() -> None:
    print("\nusers, held out        cases  asked   notices: independent, half the same   false: the same")
    for users, holdout in ((4000, 0.0), (4000, 0.2), (300, 0.1)):
        rng = np.random.default_rng(1)
        seen, _ = production(rng, clusters=20, questions=6000, failed=0.05)
        user = {s.case_id: f"user {rng.integers(users)}" for s in seen}
        seen = [replace(s, traces=1) for s in seen]
        needed = cases_needed(DISCORDANCE, DROP) / (1 - holdout)
        plan = Plan(size=int(needed), floor=3, failures=0.2, seed=1)
        while worth(draw(Sightings.of(seen), plan).weights.values()) < needed:
            plan = replace(plan, size=plan.size + 20)
        drawn = draw(Sightings.of(seen), plan)
        groups = dependence_groups({i: [user[i]] for i in drawn.weights}, drawn.weights)
        ids = sorted(groups.keys() - held_out(groups, {}, share=holdout, seed=1))
        of = np.unique([groups[i] for i in ids], return_inverse=True)[1]
        strata = np.unique([drawn.stratum[i] for i in ids], return_inverse=True)[1]
        cases = layout(len(ids), weights=np.array([drawn.weights[i] for i in ids]), groups=of, strata=strata)
        found = [
            np.mean([p_worse(moments(_differences(rng, of, drop, same), cases)) <= ALPHA for _ in range(COMPARISONS)])
            for drop, same in ((DROP, 0.0), (DROP, 0.5), (0.0, 0.0), (0.0, 0.5))
        ]
        print(
            f"{users:5}, {holdout:4.0%}           {len(drawn.weights):5}  {len(ids):5}   "
            f"{found[0]:.1%}, {found[1]:.1%}                         {found[2]:.1%}, {found[3]:.1%}"
        )


def _differences(rng: np.random.Generator, groups: np.ndarray, drop: float, same: float) -> np.ndarray:
    def some(count: int) -> np.ndarray:
        luck = rng.random(count)
        lost = DISCORDANCE / 2 + drop
        return np.where(luck < lost, -1.0, np.where(luck < lost + DISCORDANCE / 2, 1.0, 0.0))

    return np.where(rng.random(len(groups)) < same, some(int(groups.max()) + 1)[groups], some(len(groups)))


if __name__ == "__main__":
    shares()
    refresh()
    power()
