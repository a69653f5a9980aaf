"""Drift is seen where topics change, and not where nothing does."""

from __future__ import annotations

from intents import TOPICS, questions

from llmci.core.grouping.drift import Drift, drift, shares_of


def measured(kept: list[tuple[str, str]], fresh: list[tuple[str, str]], seed: int = 7) -> Drift:
    shares = (shares_of([topic for _, topic in kept]), shares_of([topic for _, topic in fresh]))
    return drift([text for text, _ in kept], [text for text, _ in fresh], shares=shares, seed=seed)


def test_new_topics_are_drift() -> None:
    found = measured(questions(150, 1, TOPICS[:3]), questions(150, 2, TOPICS))

    assert found.drifted
    assert found.represented < 0.9
    assert found.psi > 0.25


def test_the_same_traffic_seldom_is() -> None:
    alarms = [measured(questions(40, 2 * n), questions(40, 2 * n + 1), seed=n).drifted for n in range(8)]

    # At most 5 % in the long run; tests/real/test_label.py counts more of them.
    assert sum(alarms) <= 2


def test_clusters_are_told_by_how_much_they_changed() -> None:
    found = measured(questions(150, 1, TOPICS[:3]), questions(150, 2, TOPICS[1:3]))

    assert found.clusters[0][0] == TOPICS[0]
