"""Which cases are asked in which order, and after how many the gates are asked."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.canonical import digest_of
from llmci.core.stats.layout import layout
from llmci.core.stats.power import cases_needed
from llmci.core.stats.sequential import LOOKS
from llmci.domain.run import Looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.verdict import Rule

# Fewer new cases are not worth another look.
_SMALLEST_BATCH = 10
_INFLATION, _SPARED = 1.16, 0.052


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is asked, look by look; fixed before the first answer.

    Attributes:
        order: The cases in the order of asking.
        looks: Cases asked by each look, ascending; beyond the number of cases, each a second time.
        tries: Of each case each time it is asked.
        first: Cases that are asked before the first look whatever comes of it, because they must pass.
        early: Whether the gates are asked at the looks.
    """

    order: tuple[Case, ...]
    looks: tuple[int, ...]
    tries: int
    first: tuple[Case, ...] = ()
    early: bool = False

    def repeats(self, look: int) -> int:
        """Most tries of a case by a look."""
        return self.tries * math.ceil(self.looks[look] / len(self.order))

    def batch(self, look: int) -> list[tuple[Case, int]]:
        """Cases and numbers of their tries that are new at a look, all first tries before the second ones."""
        begin = self.looks[look - 1] if look else 0
        asked = [(at // len(self.order), self.order[at % len(self.order)]) for at in range(begin, self.looks[look])]
        must = [(0, case) for case in self.first]
        # Those that must pass are asked with the first batch, and not again with their own.
        early = frozenset(case.case_id for case in self.first)
        new = [(turn, case) for turn, case in asked if turn or case.case_id not in early]
        return [
            (case, turn * self.tries + repeat)
            for repeat in range(self.tries)
            for turn, case in ((must if look == 0 else []) + new)
        ]

    def upto(self, look: int) -> list[tuple[Case, int]]:
        """Everything that is asked by a look."""
        return [one for at in range(look + 1) for one in self.batch(at)]

    def case_ids(self, look: int) -> tuple[str, ...]:
        """Cases asked by a look: those that it weighs, in the order of asking, then the rest of `first`."""
        weighed = [case.case_id for case in self.order[: self.looks[look]]]
        return tuple(dict.fromkeys([*weighed, *(case.case_id for case in self.first)]))

    def seen_at(self, look: int) -> Looks | None:
        """What a run remembers of it."""
        order = digest_of([case.case_id for case in self.order])
        return Looks(planned=self.looks, taken=look + 1, order=order) if self.early else None


def at_once(cases: Sequence[Case], *, tries: int, seed: int) -> Schedule:
    """All cases, then one look."""
    from llmci.core.bench.tries import in_order

    return Schedule(order=tuple(in_order(cases, seed)), looks=(len(cases),), tries=tries)


def in_looks(
    cases: Sequence[Case],
    rules: Sequence[Rule],
    *,
    tries: int,
    discordance: float,
    extend: bool,
    sequential: bool,
    seeds: Sequence[str],
) -> Schedule:
    """Plan the looks.

    The most that is asked comes from the drop that the strictest gate must notice 9 times in 10, not
    from the size of the set: cases beyond it would be paid for and decide nothing.

    Args:
        cases: Those that may be asked.
        rules: The gates.
        tries: Of each case each time it is asked.
        discordance: Share of cases that differ between two runs of an unchanged system.
        extend: Whether each case may be asked a second time where they are too few.
        sequential: Whether to look before all cases are asked once.
        seeds: Digests that the order is drawn from, so that a rerun asks in the same order.
    """
    needed = _needed(cases, rules, discordance)
    size = len(cases)
    cap = size if needed is None else min(max(math.ceil(needed), 2), 2 * size if extend else size)
    looks = set(evenly(cap))
    if not sequential:
        cap = max(cap, size)
        looks = {size, cap}
    return Schedule(
        order=tuple(interleaved(cases, digest_of(*seeds))),
        looks=tuple(sorted(looks)),
        tries=tries,
        first=tuple(case for case in cases if case.must_pass) if _must_pass(rules) else (),
        early=True,
    )


def interleaved(cases: Sequence[Case], seed: str) -> list[Case]:
    """A seeded random order whose every beginning holds each stratum about as often as the whole does.

    Cases that depend on each other follow each other, so that a look splits few of their groups.

    Args:
        cases: Whatever their order.
        seed: Any text.
    """
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: case.case_id):
        groups[case.dependence].append(case)
    strata: defaultdict[str, list[list[Case]]] = defaultdict(list)
    for name in sorted(groups):
        strata[groups[name][0].stratum].append(groups[name])
    random = Random(seed)  # noqa: S311  order, not secrets
    placed: list[tuple[float, str, list[Case]]] = []
    for stratum in sorted(strata):
        members = strata[stratum]
        random.shuffle(members)
        placed += [((at + random.random()) / len(members), stratum, group) for at, group in enumerate(members)]
    return [case for _, _, group in sorted(placed, key=lambda one: one[:2]) for case in group]


def evenly(cap: int) -> tuple[int, ...]:
    """Looks up to a cap, as many as are worth it."""
    count = max(1, min(LOOKS, cap // _SMALLEST_BATCH))
    return tuple(math.ceil(cap * (k + 1) / count) for k in range(count))


def cap_of(discordance: float, drop: float, alpha: float) -> float:
    """Cases that notice a drop 9 times in 10 although the gates are asked early.

    Looking early takes 3 to 16 % more cases than one look: fewer where most cases that differ are the drop's
    own, for there the formula for one look asks for more than it takes. Fitted to chances counted exactly.
    """
    return cases_needed(discordance, drop, alpha=alpha) * (
        _INFLATION - _SPARED * min(drop / max(discordance, 1e-9), 2.5)
    )


def _must_pass(rules: Sequence[Rule]) -> bool:
    return any(rule.role == "must_pass" for rule in rules)


def _needed(cases: Sequence[Case], rules: Sequence[Rule], discordance: float) -> float | None:
    """Cases that every primary gate needs; None where there is none."""
    primary = [rule for rule in rules if rule.role == "primary"]
    if not primary:
        return None
    family = sum(questions(rule, cases) for rule in rules if rule.role in ("primary", "guardrail"))
    return design(cases) * max(
        cap_of(min(discordance, 1 - rule.tolerance), rule.tolerance, rule.alpha / family) for rule in primary
    )


def questions(rule: Rule, cases: Sequence[Case]) -> int:
    """How many questions of a rule can fail the run."""
    values = {(label, case.slices.get(label)) for label in rule.slice_by for case in cases} if rule.critical else set()
    return 1 + sum(value is not None for _, value in values)


def design(cases: Sequence[Case]) -> float:
    """How many cases are worth one of equal weight that depends on no other; groups half agree."""
    names: dict[str, int] = {}
    groups = np.array([names.setdefault(case.dependence, len(names)) for case in cases])
    weights = np.array([case.weight for case in cases], dtype=np.float64)
    of = layout(len(cases), weights=weights if weights.sum() > 0 else None, groups=groups)
    return len(cases) * (1 / of.effective + 1 / of.effective_groups) / 2
