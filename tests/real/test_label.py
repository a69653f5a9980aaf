"""Groups, novelty and drift on queries that people really wrote; the figures to beat are those of the data's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, roc_auc_score

from llmci.core.grouping.drift import drift
from llmci.core.grouping.groups import fit_groups, place
from llmci.core.grouping.sample import Distinct, InputSample
from llmci.core.grouping.shares import Shares
from llmci.core.grouping.shown import Floor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.real

FLOOR = Floor(5, 5)


def table(path: Path, count: int) -> tuple[list[str], np.ndarray]:
    rows = pq.read_table(path).to_pydict()
    keep = np.random.default_rng(0).permutation(len(rows["text"]))[:count]
    return [rows["text"][at] for at in keep], np.array(rows["intent"])[keep]


def placed(texts: list[str], clusters: int | str) -> tuple[np.ndarray, np.ndarray]:
    sample = InputSample(20_000, 7)
    for number, text in enumerate(texts):
        sample.add(text, f"t{number}", None)
    groups = fit_groups(sample.distinct(), clusters=clusters, seed=7, min_traces=5, min_users=5)
    found = place(groups, texts)
    return found.cluster, found.novelty


def test_bank_queries_are_grouped_better_than_by_words_and_kmeans(shared_data: Callable[[str], Path]) -> None:
    texts, intents = table(shared_data("banking77") / "train.parquet", 3000)

    given, _ = placed(texts, 77)
    chosen, _ = placed(texts, "auto")

    assert normalized_mutual_info_score(intents, given) >= 0.66
    assert adjusted_rand_score(intents, given) >= 0.293
    assert normalized_mutual_info_score(intents, chosen) >= 0.95 * normalized_mutual_info_score(intents, given)


def test_queries_of_150_intents_are_grouped_and_strange_ones_found(shared_data: Callable[[str], Path]) -> None:
    texts, intents = table(shared_data("clinc150") / "val.parquet", 10_000)
    known = intents != "oos"

    given, novelty = placed(texts, 150)
    chosen, _ = placed(texts, "auto")

    assert normalized_mutual_info_score(intents[known], given[known]) >= 0.79
    assert adjusted_rand_score(intents[known], given[known]) >= 0.45
    assert normalized_mutual_info_score(intents[known], chosen[known]) >= 0.95 * 0.79
    assert roc_auc_score(~known, novelty) >= 0.92


def window(texts: list[str]) -> list[Distinct]:
    return [Distinct(text, f"t{number}", 1, set()) for number, text in enumerate(texts)]


def test_a_tenth_of_new_intents_is_seen(shared_data: Callable[[str], Path]) -> None:
    texts, intents = table(shared_data("banking77") / "train.parquet", 10_000)
    shares = (Shares(), Shares())
    held = sorted(set(intents))[5::10]
    old = [text for text, intent in zip(texts, intents, strict=True) if intent not in held]
    new = [text for text, intent in zip(texts, intents, strict=True) if intent in held]

    found = drift(window(old[:2000]), window(old[2000:2450] + new[:50]), shares=shares, floor=FLOOR, seed=7)

    assert found.drifted
    assert 0.8 <= found.represented <= 0.95


@pytest.mark.slow
def test_windows_of_the_same_traffic_seldom_alarm(shared_data: Callable[[str], Path]) -> None:
    texts, _ = table(shared_data("banking77") / "train.parquet", 10_000)
    shares = (Shares(), Shares())

    alarms = [
        drift(
            window(texts[at : at + 100]), window(texts[at + 100 : at + 200]), shares=shares, floor=FLOOR, seed=at
        ).drifted
        for at in range(0, 8000, 200)
    ]

    # At 5 % the chance of 10 alarms in 40 is below one in 10,000.
    assert sum(alarms) < 10
