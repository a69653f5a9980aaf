"""Which cases are not independent of each other: same conversation, user or task, or nearly the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def dependence_groups(ties: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Give cases that are tied, directly or through others, one group.

    Args:
        ties: What each case hangs on, by case id, such as a conversation; cases that share a tie
            belong together.

    Returns:
        A group for each case id: the smallest id of its members.
    """
    parent = {case_id: case_id for case_id in ties}

    def root(case_id: str) -> str:
        while parent[case_id] != case_id:
            parent[case_id] = parent[parent[case_id]]
            case_id = parent[case_id]
        return case_id

    holder: dict[str, str] = {}
    for case_id, held in ties.items():
        for tie in held:
            one, other = root(holder.setdefault(tie, case_id)), root(case_id)
            parent[max(one, other)] = min(one, other)
    return {case_id: root(case_id) for case_id in ties}
