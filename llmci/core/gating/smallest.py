"""The smallest set of cases on which a gate still says that the candidate regressed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult, Verdict

# A set of this size is small enough to try it without each of its cases in turn.
_TRIED_ONE_BY_ONE = 200


def smallest(
    result: GateResult, cases: Sequence[Case], ask: Callable[[Sequence[str]], GateResult], *, exact: bool = True
) -> list[str]:
    """Find the fewest cases that reproduce one of the regressions that a gate has proven.

    The cases that lost most are taken first, one of each dependence group before a second, for one
    group counts as one observation; then every case is left out in turn, and stays out if it is not
    missed. No case of the set found can be done without.

    Args:
        result: What the gate said of all cases.
        cases: The cases it was asked about.
        ask: Asks the gate again about some of the cases, by id.
        exact: Whether to leave out every case in turn; without it a few more may be found.

    Returns:
        Ids, the largest loss first; empty if no regression was proven, or none shows without the
        cases that did not lose.
    """
    by_id = {case.case_id: case for case in cases}
    found: list[list[str]] = []
    for verdict in result.verdicts:
        if verdict.gating and verdict.outcome is Outcome.REGRESSED:
            lost = _lost(verdict, result, by_id)
            enough = _fewest(lost, verdict, ask, _TRIED_ONE_BY_ONE if exact else 0)
            found += [enough] if enough else []
    return min(found, key=len, default=[])


def restricted(run: Run, case_ids: Collection[str]) -> Run:
    """The part of a run that is about some of its cases."""
    wanted = set(case_ids)
    return replace(
        run,
        case_ids=tuple(case_id for case_id in run.case_ids if case_id in wanted),
        answers=tuple(answer for answer in run.answers if answer.case_id in wanted),
        scores=tuple(score for score in run.scores if score.case_id in wanted),
        looks=None,
        covariates=tuple(
            replace(one, values={case_id: value for case_id, value in one.values.items() if case_id in wanted})
            for one in run.covariates
        ),
    )


def _lost(verdict: Verdict, result: GateResult, by_id: Mapping[str, Case]) -> list[str]:
    """Cases that can have caused a verdict, the most telling first."""
    rule, key = verdict.rule, verdict.slice
    seen: dict[str, int] = {}
    order: list[tuple[int, int, str]] = []
    for change in result.changes:
        case = by_id[change.case_id]
        if change.metric != rule.metric or (key and case.slices.get(key[0]) != key[1]):
            continue
        # A case that must pass may have been broken before.
        if case.must_pass if rule.role == "must_pass" else change.difference is not None and change.difference < 0:
            rank = seen[case.dependence] = seen.get(case.dependence, -1) + 1
            order.append((rank, len(order), case.case_id))
    return [case_id for _, _, case_id in sorted(order)]


def _says(result: GateResult, verdict: Verdict) -> bool:
    return any(
        found.gating
        and found.outcome is Outcome.REGRESSED
        and (found.rule, found.slice) == (verdict.rule, verdict.slice)
        for found in result.verdicts
    )


def _fewest(ids: Sequence[str], verdict: Verdict, ask: Callable[[Sequence[str]], GateResult], tried: int) -> list[str]:
    """The shortest beginning of the list that gives the verdict, without what it can do without."""

    def fails(some: Sequence[str]) -> bool:
        return _says(ask(some), verdict)

    if not ids or not fails(ids):
        return []
    low, high = 0, len(ids)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(ids[:middle]) else (middle, high)
    kept = list(ids[:high])
    for case_id in reversed(kept[:tried]):
        without = [other for other in kept if other != case_id]
        if without and fails(without):
            kept = without
    return kept
