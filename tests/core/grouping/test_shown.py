"""What names of groups and topics may be shown of a window."""

from __future__ import annotations

import numpy as np
import pytest

from llmci.core.grouping.clusters import Clustering
from llmci.core.grouping.groups import NO_INPUT, Groups
from llmci.core.grouping.shown import Floor, shown_groups
from llmci.domain.label import OTHER


def of_one_topic(names: tuple[str, ...], topic: str) -> Groups:
    centres = np.zeros((len(names), 2), np.float32)
    clustering = Clustering(centres, np.zeros(len(names), np.int32), np.zeros((0, 0, 2), np.float32))
    empty = np.zeros((0, 2), np.float32)
    names, topics = (*names, NO_INPUT), (topic, NO_INPUT)
    return Groups(None, clustering, empty, np.zeros(0, np.uint64), np.zeros(0, np.int64), (), names, topics)


@pytest.mark.parametrize(
    ("topic", "left"),
    [
        pytest.param("biopsy result, parcel", "parcel", id="one-of-its-terms"),
        pytest.param("biopsy result", "parcel lost", id="all-of-it"),
        pytest.param("parcel, order", "parcel, order", id="none-of-it"),
    ],
)
def test_a_topic_is_not_called_what_only_a_group_below_the_floor_is_called(topic: str, left: str) -> None:
    groups = of_one_topic(("parcel lost", "biopsy result"), topic)
    clusters = np.array([0] * 20 + [1] * 9)

    shown = shown_groups(groups, clusters, {0: set(range(20)), 1: set(range(4))}, Floor(5, 5))

    assert [cluster.name for cluster in shown.clusters[:2]] == ["parcel lost", OTHER]
    assert shown.topics[0] == left


def test_a_topic_of_groups_that_are_all_too_small_is_other() -> None:
    groups = of_one_topic(("parcel", "biopsy"), "biopsy, parcel")

    shown = shown_groups(groups, np.array([0, 1] * 4), {0: {1, 2, 3}, 1: {4, 5, 6}}, Floor(5, 5))

    assert shown.topics[0] == OTHER
