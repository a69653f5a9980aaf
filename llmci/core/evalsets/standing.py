"""Which cases of a set still stand for traffic, now that the traffic is another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.groups import place, vectors_of
from llmci.core.grouping.neighbours import nearest, reference_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.grouping.features import Embed
    from llmci.core.grouping.groups import Groups

# A case is as near to the traffic as the traffic is to itself, but for its most unusual inputs.
_USUAL = 0.95
_NEIGHBOURS = 7
NO_TRAFFIC = "its cluster has no traffic any more"
UNLIKE = "it is unlike this traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A case that stays.

    Attributes:
        stratum: The cluster of the traffic that it stands for.
        topic: The coarser group.
        failed: Whether it was brought in as a failure.
    """

    stratum: str
    topic: str
    failed: bool


def standing(
    groups: Groups,
    shown: Mapping[int, tuple[str, str]],
    traffic: Sequence[str],
    cases: Mapping[str, tuple[str, bool]],
    *,
    again: frozenset[str] = frozenset(),
    embed: Embed | None = None,
) -> tuple[dict[str, Standing], dict[str, str]]:
    """Sort the cases of a set into those that stay and those that go.

    A case stays where its cluster has traffic, and where the mean distance to its nearest inputs there is no larger than
    that of 95 % of the traffic's own inputs.

    Args:
        groups: As the traffic was labelled by.
        shown: Name and topic of each cluster that has traffic.
        traffic: Distinct inputs of it, or a sample of them.
        cases: Input of each case, and whether it was brought in as a failure.
        again: Inputs of cases that came again, be they in the sample or not.
        embed: Of the groups.

    Returns:
        The cases that stay, and why the others go.
    """
    if not cases or not traffic:
        return {}, dict.fromkeys(cases, NO_TRAFFIC)
    texts = [text for text, _ in cases.values()]
    clusters = place(groups, texts, embed=embed).cluster
    around, own = vectors_of(groups, traffic, embed=embed), vectors_of(groups, texts, embed=embed)
    # Distances of the traffic's inputs leave out the inputs themselves; those of a case that came again must, too.
    at = {text: row for row, text in enumerate(traffic)}
    among = nearest(around, reference_of(around), _NEIGHBOURS, apart_from=np.arange(len(traffic), dtype=np.int32))
    near = nearest(
        own, reference_of(around), _NEIGHBOURS, apart_from=np.array([at.get(text, -1) for text in texts], np.int32)
    )
    most = float(np.quantile(1 - among.similarity.mean(axis=1), _USUAL)) if among.similarity.size else 1.0
    distance = 1 - near.similarity.mean(axis=1) if near.similarity.size else np.zeros(len(texts))
    stay, go = {}, {}
    for row, (case_id, (text, failed)) in enumerate(cases.items()):
        cluster = int(clusters[row])
        if cluster not in shown:
            go[case_id] = NO_TRAFFIC
        elif text not in again and distance[row] > most:
            go[case_id] = UNLIKE
        else:
            name, topic = shown[cluster]
            stay[case_id] = Standing(stratum=name, topic=topic, failed=failed)
    return stay, go
