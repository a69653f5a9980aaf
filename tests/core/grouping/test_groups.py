"""Inputs that ask for the same thing share a cluster, whatever comes in and in whatever order."""

from __future__ import annotations

import numpy as np
import pytest
from intents import questions
from sklearn.metrics import homogeneity_score, normalized_mutual_info_score

from llmci.core.grouping.groups import NO_INPUT, Groups, fit_groups, place
from llmci.core.grouping.sample import InputSample


def fitted(texts: list[str], clusters: int | str = "auto", *, users: int = 0, **options: int) -> Groups:
    sample = InputSample(options.pop("size", 10_000), seed=7)
    for number, text in enumerate(texts):
        sample.add(text, f"t{number}", f"u{number % users}" if users else None)
    return fit_groups(sample.distinct(), clusters=clusters, **{"seed": 7, "min_traces": 3, "min_users": 2} | options)


def test_questions_about_the_same_thing_share_a_cluster() -> None:
    texts, topics = zip(*questions(400), strict=True)

    found = place(fitted(list(texts), 5), texts).cluster

    assert normalized_mutual_info_score(topics, found) > 0.9


def test_the_chosen_clusters_are_fine_enough_to_mix_no_topics() -> None:
    texts, topics = zip(*questions(400), strict=True)

    groups = fitted(list(texts))

    # The traffic was made of 5 topics with 4 phrasings each.
    assert 5 <= len(groups.clustering.centres) <= 25
    assert homogeneity_score(topics, place(groups, texts).cluster) > 0.95


BUTTONS = (
    "Track my order",
    "Cancel my order",
    "Talk to an agent",
    "Opening hours",
    "Payment methods",
    "Delivery costs",
)


def test_a_few_inputs_that_come_often_are_groups_by_what_they_say() -> None:
    groups = fitted([text for text in BUTTONS for _ in range(20)])

    order, same, *others = place(groups, list(BUTTONS)).cluster.tolist()
    assert order == same
    assert len({order, *others}) == 5
    assert (
        place(groups, ["opening hours on sunday?"]).cluster.tolist()
        == place(groups, ["Opening hours"]).cluster.tolist()
    )


def test_one_template_is_one_group_whatever_its_numbers() -> None:
    texts = [f"Summarize ticket {n * 7919 % 100_000}" for n in range(300)]
    texts += [f"Translate page {n * 104_729 % 100_000} to French" for n in range(300)]

    found = place(fitted(texts), texts).cluster.tolist()

    assert len(set(found)) == 2
    assert sum(cluster == found[0] for cluster in found[:300]) > 295


def test_topics_hold_whole_clusters() -> None:
    groups = fitted([text for text, _ in questions(400)], 20)

    assert len(groups.clustering.topics) == 20
    assert len(set(groups.clustering.topics.tolist())) <= 12


def test_the_order_of_the_traffic_changes_nothing() -> None:
    texts = [text for text, _ in questions(300)]

    forwards, backwards = fitted(texts, size=100), fitted(texts[::-1], size=100)

    assert forwards.names == backwards.names
    assert np.array_equal(place(forwards, texts).cluster, place(backwards, texts).cluster)


def test_a_later_window_joins_the_clusters_there_are() -> None:
    early, late = questions(300, seed=1), questions(100, seed=2)
    groups = fitted([text for text, _ in early], 5)
    home = dict(zip(place(groups, [t for t, _ in early]).cluster.tolist(), [topic for _, topic in early], strict=True))

    joined = [home[cluster] for cluster in place(groups, [text for text, _ in late]).cluster.tolist()]

    assert normalized_mutual_info_score([topic for _, topic in late], joined) > 0.9


def test_something_never_asked_before_is_the_most_unusual() -> None:
    texts = [text for text, _ in questions(300)]
    groups = fitted(texts)

    novelty = place(groups, [*texts, "quantum chromodynamics lattice gauge"]).novelty

    assert int(np.argmax(novelty)) == len(texts)
    assert novelty[-1] > 0.9


def test_a_question_that_everybody_asks_is_not_unusual() -> None:
    texts = ["the very same question"] * 1000 + [text for text, _ in questions(50)]

    assert place(fitted(texts), texts[:1]).novelty[0] == pytest.approx(0)


def test_nearly_the_same_input_names_the_trace_it_repeats() -> None:
    texts = [text for text, _ in questions(100)]
    long = "i ordered a kitchen table with four matching chairs a week ago and would like to change the address"
    repeated = [long, f"{long} please"]

    first, second = place(fitted([*texts, *repeated]), repeated).duplicate_of

    assert first == second is not None


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([], id="none"),
        pytest.param([""], id="empty"),
        pytest.param(["one trace"], id="one"),
        pytest.param(["a", "b"], id="two-letters"),
        pytest.param(["same"] * 50, id="all-identical"),
        pytest.param(["😀", "😀😀", "🎉 🎉", "👍🏽"], id="emoji"),
        pytest.param(["привет мир", "こんにちは世界", "hello", "مرحبا", "{}[]();"], id="mixed-scripts"),
        pytest.param(["x" * 10_000_000, "y"], id="ten-megabytes"),
        pytest.param(["\x00\x01", "\u202e\u200b"], id="invisible"),
    ],
)
def test_odd_traffic_gets_clusters_all_the_same(texts: list[str]) -> None:
    groups = fitted([text[:1000] for text in texts])

    found = place(groups, [text[:1000] for text in texts])

    assert len(found.cluster) == len(texts)
    assert all(0 <= cluster < len(groups.names) for cluster in found.cluster)
    assert np.isfinite(found.novelty).all()


def test_an_input_without_text_has_a_cluster_of_its_own() -> None:
    groups = fitted([text for text, _ in questions(100)])

    assert groups.names[place(groups, [""]).cluster[0]] == NO_INPUT


def test_more_clusters_than_inputs_are_as_many_as_there_are_inputs() -> None:
    assert len(fitted(["one", "two", "three"], 50).clustering.centres) == 3
