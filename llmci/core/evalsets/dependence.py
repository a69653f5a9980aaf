"""Which cases are not independent of each other: same conversation, user or task, or nearly the same input."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings

_USER = "user "
# Who asks more of it all is no one of many people: a service account, or one of very few users, who will be there next
# week, too. What he asks counts conversation by conversation.
_MOST_OF_ONE_USER = 0.1


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
        weights: Share of each case; a user with more than a tenth of all ties nothing together.

    Returns:
        A group for each case id: the smallest id of its members.
    """
    parent = {case_id: case_id for case_id in ties}

    def root(case_id: str) -> str:
        while parent[case_id] != case_id:
            parent[case_id] = parent[parent[case_id]]
            case_id = parent[case_id]
        return case_id

    shares: defaultdict[str, float] = defaultdict(float)
    # In this order, so that sums are the same to the last digit whatever the order of the traffic.
    for case_id, held in sorted(ties.items()):
        for tie in held:
            shares[tie] += weights[case_id]
    holder: dict[str, str] = {}
    for case_id, held in ties.items():
        for tie in held:
            if tie.startswith(_USER) and shares[tie] > _MOST_OF_ONE_USER:
                continue
            one, other = root(holder.setdefault(tie, case_id)), root(case_id)
            parent[max(one, other)] = min(one, other)
    return {case_id: root(case_id) for case_id in ties}
