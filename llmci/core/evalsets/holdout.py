"""Which cases are kept for release gates: drawn by dependence group once, and never moved to the other side.

The side belongs to the question, for the same one under another system prompt or with other tools is another case.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from llmci.core.evalsets.chance import chance
from llmci.core.evalsets.digests import case_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet


def sides_before(versions: Iterable[EvalSet], *, share: float) -> dict[str, bool]:
    """Whether each question was kept for release gates in all versions that held it, by `question_id`.

    Args:
        versions: Of a set; those with another share kept for release gates do not count.
        share: That is kept now.
    """
    sides: dict[str, bool] = {}
    for evalset in versions:
        if evalset.parameters.get("holdout") == share:
            for case in evalset.cases:
                asked = question_id(case)
                sides[asked] = case.holdout and sides.get(asked, True)
    return sides


def question_id(case: Case) -> str:
    """Identity of what was asked, whatever the system prompt and the tools."""
    spoken = [message for message in case.messages if message.role not in ("system", "developer")]
    return case_id_of(spoken, (), case.key)


def held_out(groups: Mapping[str, str], sides: Mapping[str, bool], *, share: float, seed: int) -> set[str]:
    """Ids of the cases that are kept for release gates.

    A case that gates of changes have asked is never kept from them later, nor the other way round. A new one is on the
    side of those that it hangs together with, be one of them asked already on that side.

    Args:
        groups: Dependence group of each case.
        sides: Of those that earlier versions held, by case id.
        share: Of the cases.
        seed: Of the sampling.
    """
    known: defaultdict[str, list[bool]] = defaultdict(list)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for case_id, group in groups.items():
        members[group].append(case_id)
        if case_id in sides:
            known[group].append(sides[case_id])
    held = {case_id for case_id, group in groups.items() if sides.get(case_id, group in known and all(known[group]))}
    wanted = round(share * len(groups))
    for group in sorted(members.keys() - known.keys(), key=lambda group: chance(seed, f"holdout {group}")):
        # By count, for groups are few and unequal; one that is too large for it stays with the gates of changes.
        if len(held) + len(members[group]) <= wanted:
            held.update(members[group])
    return held
