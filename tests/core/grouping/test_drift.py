"""Drift is seen where topics change, and not where nothing does; what is new is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from intents import TOPICS, questions

from llmci.core.grouping.drift import Drift, drift
from llmci.core.grouping.sample import Distinct
from llmci.core.grouping.shares import Shares
from llmci.core.grouping.shown import Floor
from llmci.core.grouping.twosample import relabelled
from llmci.domain.label import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence


def shares_of(asked: list[tuple[str, str]]) -> Shares:
    found = Shares()
    for number, (_, topic) in enumerate(asked):
        found.add(topic, f"t{number}")
    return found


def measured(
    kept: list[tuple[str, str]], fresh: list[tuple[str, str]], seed: int = 7, users: int | None = None
) -> Drift:
    shares = (shares_of(kept), shares_of(fresh))
    before = [Distinct(text, f"k{number}", 1, set()) for number, (text, _) in enumerate(kept)]
    window = [
        Distinct(text, f"t{number}", 1, set() if users is None else {number % users})
        for number, (text, _) in enumerate(fresh)
    ]
    return drift(before, window, shares=shares, floor=Floor(5, 5), seed=seed)


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


def test_a_window_that_repeats_kept_inputs_word_for_word_does_not_hide_what_is_new() -> None:
    kept = sorted(set(questions(2_000, 1, TOPICS[:4])))
    fresh = kept[::2] + sorted(set(questions(60, 3, TOPICS[4:])))[:10]

    found = measured(kept, fresh)

    assert found.drifted
    assert found.represented < 1
    assert not measured(kept, kept[::2]).drifted


def test_one_new_question_that_many_ask_word_for_word_is_a_topic() -> None:
    fresh = questions(180, 2, TOPICS[:4]) + [("do you ship to the faroe islands", "shipping")] * 20

    found = measured(questions(600, 1, TOPICS[:4]), fresh)

    assert found.drifted
    assert found.new_topics[0].examples == ("do you ship to the faroe islands",)


def test_a_new_topic_of_too_few_users_is_not_shown() -> None:
    fresh = questions(180, 2, TOPICS[:4]) + questions(20, 3, TOPICS[4:])

    found = measured(questions(600, 1, TOPICS[:4]), fresh, users=3)

    assert found.new_topics
    assert {(topic.name, topic.examples) for topic in found.new_topics} == {(OTHER, ())}


def test_the_same_traffic_seldom_is() -> None:
    alarms = [measured(questions(40, 2 * n), questions(40, 2 * n + 1), seed=n).drifted for n in range(8)]

    # At most 5 % in the long run; benchmarks/drift.py counts more of them.
    assert sum(alarms) <= 2


def asked_by_people(rng: np.random.Generator, first: int) -> list[Distinct]:
    """Forty people who each ask about four things of their own, in one topic; each thing in its own few words."""
    entries = []
    for user in range(first, first + 40):
        subject = f"{rng.integers(10**9)} {rng.integers(10**9)}"
        asked = questions(4, int(rng.integers(10**9)), (str(rng.choice(TOPICS)),))
        entries += [Distinct(f"{text} {subject}", f"t{user}-{n}", 1, {user}) for n, (text, _) in enumerate(asked)]
    return entries


def test_people_who_ask_about_a_few_things_each_are_no_drift() -> None:
    shares = (Shares(), Shares())
    alarms = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        kept, fresh = asked_by_people(rng, 0), asked_by_people(rng, 40)
        alarms.append(drift(kept, fresh, shares=shares, floor=Floor(5, 5), seed=seed).drifted)
    untold = [[replace(entry, users=set()) for entry in side] for side in (kept, fresh)]

    assert sum(alarms) <= 1
    assert drift(*untold, shares=shares, floor=Floor(5, 5), seed=seed).drifted


def test_new_topics_of_many_people_are_seen() -> None:
    kept = [Distinct(text, f"k{n}", 1, {n // 3}) for n, (text, _) in enumerate(questions(300, 1, TOPICS[:3]))]
    fresh = [Distinct(text, f"f{n}", 1, {1000 + n // 3}) for n, (text, _) in enumerate(questions(150, 2, TOPICS))]

    assert drift(kept, fresh, shares=(Shares(), Shares()), floor=Floor(5, 5), seed=7).drifted


def test_what_one_writer_wrote_on_one_side_changes_sides_together() -> None:
    writers, is_fresh = np.array([0, 0, 1, 1, 2, 3]), np.array([True, True, True, False, False, False])

    sides = relabelled(is_fresh, writers, np.random.default_rng(7))

    assert np.array_equal(sides[0], is_fresh)
    assert np.array_equal(sides[:, 0], sides[:, 1])
    # Writer 1 was on both sides and need not stay together.
    assert (sides[:, 2] != sides[:, 3]).any()


def test_vectors_of_a_model_take_the_place_of_ngrams() -> None:
    texts = [text for text, _ in questions(60, 1, TOPICS[:2])]
    kept, fresh = ([Distinct(text, f"{side}{n}", 1, set()) for n, text in enumerate(texts)] for side in "kf")

    def by_side(asked: Sequence[str]) -> np.ndarray:
        known = dict(zip(texts, np.eye(60, 8, dtype=np.float32) + 0.1, strict=True))
        return np.stack([known[text] for text in asked])

    found = drift(kept, fresh, shares=(Shares(), Shares()), floor=Floor(5, 5), seed=7, embed=by_side)

    assert not found.drifted


def test_clusters_are_told_by_how_much_they_changed() -> None:
    found = measured(questions(150, 1, TOPICS[:3]), questions(150, 2, TOPICS[1:3]))

    assert found.clusters[0].name == TOPICS[0]


def test_identical_inputs_are_no_drift() -> None:
    found = measured([("hello", "a")] * 50, [("hello", "a")] * 50)

    assert not found.drifted
    assert found.represented == 1
