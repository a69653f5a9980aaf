"""Which cases are not independent of each other: same conversation, user or task, or nearly the same input."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings

_USER = "user "
# What one user asks hangs together little, what is nearly the same or of one conversation much. Where users would join
# groups to one of more of the set than this, through questions that many ask, or because one of them is a service account,
# their conversations count one by one: too few groups would be left to judge by.
_MOST_BY_USER = 1 / 30


def ties_of(case: Case, found: LabelledTrace, settings: EvalsetSettings) -> list[str]:
    """What a case of this trace hangs on."""
    ties = [f"group {case.dependence}"]
    if settings.dependence is None:
        # Where the user says what depends on what, nothing is added to it.
        ties.append(f"input {found.label['near_duplicate_of'] or found.trace['trace_id']}")
        if user := found.trace.get("user_id"):
            ties.append(_USER + user)
    return ties


def dependence_groups(ties: Mapping[str, Iterable[str]], weights: Mapping[str, float]) -> dict[str, str]:
    """Give cases that are tied, directly or through others, one group.

    Args:
        ties: What each case hangs on, by case id, such as a conversation; cases that share a tie
            belong together.
        weights: Share of each case; users tie nothing to groups of more than a thirtieth of all.

    Returns:
        A group for each case id: the smallest id of its members.
    """
    held: defaultdict[str, list[str]] = defaultdict(list)
    for case_id in sorted(ties):
        for tie in ties[case_id]:
            held[tie].append(case_id)
    forest = _Forest(ties)
    for tie in sorted(held):
        if not tie.startswith(_USER):
            forest.join(held[tie])
    shares: defaultdict[str, float] = defaultdict(float)
    for case_id in sorted(ties):
        shares[forest.root(case_id)] += weights[case_id]
    for user in sorted(tie for tie in held if tie.startswith(_USER)):
        roots = sorted({forest.root(case_id) for case_id in held[user]})
        if (share := sum(shares[each] for each in roots)) <= _MOST_BY_USER:
            forest.join(roots)
            shares[roots[0]] = share
    return {case_id: forest.root(case_id) for case_id in ties}


class _Forest:
    """Disjoint sets of ids, each known by its smallest."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {each: each for each in ids}

    def root(self, each: str) -> str:
        parent = self._parent
        while parent[each] != each:
            parent[each] = parent[parent[each]]
            each = parent[each]
        return each

    def join(self, ids: Sequence[str]) -> None:
        """Make one set of those that they are in."""
        roots = {self.root(each) for each in ids}
        smallest = min(roots)
        for each in roots:
            self._parent[each] = smallest
