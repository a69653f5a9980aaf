"""Topics of a window that nothing before it is near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.names import name_groups
from llmci.core.grouping.twosample import POCKET, fresh_share
from llmci.domain.label import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.neighbours import Neighbours
    from llmci.core.grouping.sample import Distinct
    from llmci.core.grouping.shown import Floor

# An input is in a pocket where so many of its nearest few are fresh: all but one.
_IN_POCKET = (POCKET - 1) / POCKET - 1e-9
_LIKELY = 0.95
_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTopic:
    """A group of fresh inputs that are near to each other and to nothing kept.

    Attributes:
        name: Distinctive terms; `OTHER` where it is too small to be shown.
        inputs: How many of the compared inputs belong to it.
        share: Of the window, in [0, 1].
        examples: The most central inputs; none where it is too small to be shown.
    """

    name: str
    inputs: int
    share: float
    examples: tuple[str, ...]


def new_topics(
    near: Neighbours, sides: NDArray[np.bool_], entries: Sequence[Distinct], floor: Floor
) -> tuple[NewTopic, ...]:
    """Find them, the largest first.

    Only groups that are larger than the largest is in all but 5 % of permutations are given, so
    that chance names a topic in at most 5 % of windows.

    Args:
        near: Neighbours of each input, of both sides.
        sides: The true sides first, then permuted ones; see `twosample.relabelled`.
        entries: The inputs, with who wrote them.
        floor: The smallest group that is named and exemplified.
    """
    largest = [max((len(group) for group in _pockets(near, fresh)), default=0) for fresh in sides[1:]]
    chance = np.quantile(largest, _LIKELY, method="higher") if largest else 0
    groups = [group for group in _pockets(near, sides[0]) if len(group) > chance]
    groups.sort(key=lambda group: (-len(group), int(group[0])))
    members = [[entries[at] for at in group] for group in groups]
    names = name_groups(
        [entry for group in members for entry in group],
        [number for number, group in enumerate(members) for _ in group],
        count=len(groups),
        min_traces=floor.traces,
        min_users=floor.users,
    )
    fresh = int(sides[0].sum())
    return tuple(_topic(name, group, near, entries, floor, fresh) for name, group in zip(names, groups, strict=True))


def _topic(
    name: str,
    group: NDArray[np.intp],
    near: Neighbours,
    entries: Sequence[Distinct],
    floor: Floor,
    fresh: int,
) -> NewTopic:
    inside = [entries[at] for at in group]
    users = {user for entry in inside for user in entry.users}
    shown = len(inside) >= floor.traces and (not users or len(users) >= floor.users)
    central = sorted(group, key=lambda at: (-float(near.similarity[at, :POCKET].mean()), entries[at].text))
    texts = list(dict.fromkeys(entries[at].text for at in central))
    return NewTopic(
        name=name if shown else OTHER,
        inputs=len(inside),
        share=len(inside) / fresh,
        examples=tuple(texts[:_EXAMPLES]) if shown else (),
    )


def _pockets(near: Neighbours, fresh: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Fresh inputs in pockets, as groups that neighbourhood connects."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    inside = np.flatnonzero(fresh & (fresh_share(near, fresh) >= _IN_POCKET))
    place = np.full(len(fresh), -1)
    place[inside] = np.arange(len(inside))
    to = place[near.index[inside, :POCKET]]
    start = np.broadcast_to(np.arange(len(inside))[:, None], to.shape)
    linked = to >= 0
    graph = csr_matrix((np.ones(linked.sum(), np.int8), (start[linked], to[linked])), shape=(len(inside),) * 2)
    _, component = connected_components(graph, directed=False)
    return [inside[component == number] for number in range(component.max() + 1)] if len(inside) else []
