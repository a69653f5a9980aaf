"""Drift is seen where topics change, and not where nothing does; what is new is named."""

from __future__ import annotations

from intents import TOPICS, questions

from llmci.core.grouping.drift import Drift, drift, shares_of
from llmci.core.grouping.sample import ConversationSample, Distinct
from llmci.core.grouping.shown import Floor
from llmci.domain.label import OTHER


def measured(
    kept: list[tuple[str, str]], fresh: list[tuple[str, str]], seed: int = 7, users: int | None = None
) -> Drift:
    shares = (shares_of([topic for _, topic in kept]), shares_of([topic for _, topic in fresh]))
    window = [
        Distinct(text, f"t{number}", 1, set() if users is None else {number % users})
        for number, (text, _) in enumerate(fresh)
    ]
    return drift([text for text, _ in kept], window, shares=shares, floor=Floor(5, 5), seed=seed)


def test_new_topics_are_drift() -> None:
    found = measured(questions(150, 1, TOPICS[:3]), questions(150, 2, TOPICS))

    assert found.drifted
    assert 0.4 < found.represented < 0.75
    assert found.psi > 0.25


def test_a_tenth_of_a_window_being_new_is_seen() -> None:
    fresh = questions(180, 2, TOPICS[:4]) + questions(20, 3, TOPICS[4:])

    found = measured(questions(600, 1, TOPICS[:4]), fresh)

    assert found.drifted
    assert any("opening" in topic.name or "open" in topic.name for topic in found.new_topics)
    assert all(set(topic.examples) <= {text for text, _ in fresh} for topic in found.new_topics)


def test_a_new_topic_of_too_few_users_is_not_shown() -> None:
    fresh = questions(180, 2, TOPICS[:4]) + questions(20, 3, TOPICS[4:])

    found = measured(questions(600, 1, TOPICS[:4]), fresh, users=3)

    assert found.new_topics
    assert {(topic.name, topic.examples) for topic in found.new_topics} == {(OTHER, ())}


def test_the_same_traffic_seldom_is() -> None:
    alarms = [measured(questions(40, 2 * n), questions(40, 2 * n + 1), seed=n).drifted for n in range(8)]

    # At most 5 % in the long run; benchmarks/drift.py counts more of them.
    assert sum(alarms) <= 2


def test_clusters_are_told_by_how_much_they_changed() -> None:
    found = measured(questions(150, 1, TOPICS[:3]), questions(150, 2, TOPICS[1:3]))

    assert found.clusters[0][0] == TOPICS[0]


def test_identical_inputs_are_no_drift() -> None:
    found = measured([("hello", "a")] * 50, [("hello", "a")] * 50)

    assert not found.drifted
    assert found.represented == 1


def test_a_conversation_counts_once_whatever_order_its_traces_come_in() -> None:
    rows = [(f"t{n}", f"s{n % 10}", f"question {n}") for n in range(40)]
    samples = []
    for ordered in (rows, rows[::-1]):
        sample = ConversationSample(6, 7)
        for trace_id, session_id, text in ordered:
            sample.add(text, trace_id, session_id=session_id, user_id=None)
        samples.append(sample.entries())

    assert samples[0] == samples[1]
    assert len(samples[0]) == 6
