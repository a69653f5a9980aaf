"""What stays, put together: kept attributes that only few users share, which may tell who they are.

k-anonymity (Sweeney 2002) of combinations of kept kinds, one value of each. Values are keyed digests here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Fewer users than this behind one combination can be told apart from outside.
K = 5
# Of one kind and user; who names more places than that is no better known by the next.
_MOST_VALUES = 8
_MOST_KINDS = 3


@dataclass(frozen=True, slots=True)
class Rare:
    """A combination of kinds, and how rare its values are.

    Attributes:
        kinds: Such as ("LOCATION", "ORGANIZATION").
        combinations: Distinct ones of values.
        users: Who have a combination of these kinds.
        alone: Users who have one that nobody else has.
        few: Users who have one that fewer than `K` share, those alone included.
    """

    kinds: tuple[str, ...]
    combinations: int
    users: int
    alone: int
    few: int


def rare(kept: Mapping[str, Iterable[tuple[str, str]]]) -> tuple[Rare, ...]:
    """Rare combinations of one to three kinds, where there are at least `K` users.

    Args:
        kept: Kind and digest of every kept value, by user.
    """
    users = {user: _by_kind(values) for user, values in kept.items()}
    kinds = sorted({kind for values in users.values() for kind in values})
    if len(users) < K:
        return ()
    wanted = [chosen for size in range(1, _MOST_KINDS + 1) for chosen in combinations(kinds, size)]
    found = (_rare(chosen, users) for chosen in wanted)
    return tuple(one for one in found if one.few)


def _by_kind(values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for kind, value in sorted(set(values)):
        if len(found[kind]) < _MOST_VALUES:
            found[kind].append(value)
    return found


def _rare(kinds: tuple[str, ...], users: Mapping[str, Mapping[str, list[str]]]) -> Rare:
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for user, values in users.items():
        if all(kind in values for kind in kinds):
            for chosen in product(*(values[kind] for kind in kinds)):
                owners[chosen].add(user)
    alone = set().union(*(who for who in owners.values() if len(who) == 1))
    few = set().union(*(who for who in owners.values() if len(who) < K))
    return Rare(kinds, len(owners), len(set().union(*owners.values())), len(alone), len(few))
