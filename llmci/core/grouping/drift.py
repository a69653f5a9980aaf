"""How far a window of traffic has moved from what an eval set stands for: what it no longer represents, and whether that is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.clusters import drawn_stages
from llmci.core.grouping.features import fit_vectorizer, vectors_by
from llmci.core.grouping.neighbours import nearest, reference_of
from llmci.core.grouping.newtopics import NewTopic, new_topics
from llmci.core.grouping.sample import texts_of
from llmci.core.grouping.shares import FEWEST_WRITERS
from llmci.core.grouping.twosample import REACH, chances, distances, relabelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.features import Embed
    from llmci.core.grouping.neighbours import Neighbours
    from llmci.core.grouping.sample import Distinct
    from llmci.core.grouping.shares import Shares
    from llmci.core.grouping.shown import Floor
    from llmci.core.stats.agreement import Estimate

# More inputs than these cost time and change no decision. Many kept ones matter more than many
# fresh ones: in a small set every window looks new.
MOST_KEPT = 2_400
MOST_FRESH = 600
FEWEST = 20
# New topics are what the set is rebuilt for, so that most of the 5 % goes to them.
_ALPHA_NOVELTY = 0.04
_ALPHA_CLASSIFIER = 0.01
# So many neighbours pull as they are similar: so the powers of the tests were chosen.
_SHARPNESS, _NEIGHBOURS = 1.0, 10
# The share that is represented is the least ratio of window to kept inputs below a quantile of
# the kept ones' novelty, over these: any one quantile misses new inputs that lie below it.
_QUANTILES = np.linspace(0.6, 0.95, 15)


@dataclass(frozen=True, slots=True)
class ClusterShare:
    """Share of the traffic that a cluster has, before and in the window, each with its 95 % interval."""

    name: str
    before: Estimate
    now: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Kept inputs against those of a window.

    Attributes:
        represented: Share of the window that is no more novel than kept inputs are among each
            other, in [0, 1]; an upper bound but for sampling error.
        novelty_p: Chance of inputs this far from the kept ones and this close to each other if nothing
            had changed.
        classifier_auc: How well both can be told apart; 0.5 is not at all.
        classifier_p: Chance of an AUC this high if nothing had changed.
        drifted: Whether either chance is small; under no change that is so in at most 5 % of windows.
        new_topics: Groups of fresh inputs that no kept ones are near, the largest first; empty without drift.
        psi: Population stability index over clusters; above 0.25 is commonly called a shift.
        clusters: What became of each, the largest change first.
        compared: How many kept and fresh inputs took part.
    """

    represented: float
    novelty_p: float
    classifier_auc: float
    classifier_p: float
    drifted: bool
    new_topics: tuple[NewTopic, ...]
    psi: float
    clusters: tuple[ClusterShare, ...]
    compared: tuple[int, int]


def drift(
    kept: Sequence[Distinct],
    fresh: Sequence[Distinct],
    *,
    shares: tuple[Shares, Shares],
    floor: Floor,
    seed: int,
    embed: Embed | None = None,
) -> Drift:
    """Compare what a set stands for with a window.

    The tests permute who was kept and who is fresh, with everything that is learned from the texts
    learned from both together, so that under no change they alarm as often as they say.

    Args:
        kept: Inputs like the production that the set was drawn from, one a conversation, each as its own `Distinct`;
            `FEWEST` and more, of which `MOST_KEPT` are used.
        fresh: Inputs of the window, likewise; `FEWEST` to `MOST_FRESH`.
        shares: Of each cluster before and in the window.
        floor: The smallest new topic that is shown.
        seed: Of the permutations.
        embed: Makes the vectors instead of n-grams that are learned from the inputs.
    """
    rng = np.random.default_rng(seed)
    entries = [*kept[:MOST_KEPT], *fresh[:MOST_FRESH]]
    # Neighbours that are equally near come in the order of the rows, which must not tell the sides.
    order = rng.permutation(len(entries))
    entries = [entries[at] for at in order]
    is_fresh = order >= len(kept[:MOST_KEPT])
    texts = texts_of(entries)
    writers = _writers(entries, is_fresh)
    rows, dense = vectors_by(None if embed else fit_vectorizer(texts, seed=seed), embed, texts)
    itself = np.arange(len(texts), dtype=np.int32)
    known = reference_of(rows)
    near = nearest(rows, known, REACH, apart_from=itself, together=[writers])
    _, wording = np.unique(np.array(texts, dtype=object), return_inverse=True)
    others = nearest(rows, known, REACH, apart_from=itself, together=[writers, wording])
    moved = drawn_stages(dense, near, _SHARPNESS, _NEIGHBOURS)[-1]
    drawn = nearest(moved, reference_of(moved), REACH, apart_from=itself, together=[writers, wording])
    sides = relabelled(is_fresh, writers, rng)
    found = chances(near, others, drawn, dense.astype(np.float64), sides)
    drifted = found.novelty <= _ALPHA_NOVELTY or found.classifier <= _ALPHA_CLASSIFIER
    clusters = _changes(*shares)
    return Drift(
        represented=min(_represented(space, is_fresh) for space in (near, others)),
        novelty_p=found.novelty,
        classifier_auc=found.auc,
        classifier_p=found.classifier,
        drifted=drifted,
        new_topics=new_topics(near, sides, entries, floor) if drifted else (),
        psi=_psi(clusters),
        clusters=clusters,
        compared=(int((~is_fresh).sum()), int(is_fresh.sum())),
    )


def _writers(entries: Sequence[Distinct], is_fresh: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A number for who wrote each input, shape (n,).

    Where nobody is named, each input is someone's own; so it is as well where one side has so few users that these say
    who calls the system, not who asks.
    """
    users = [min(entry.users, default=-1 - number) for number, entry in enumerate(entries)]
    _, writers = np.unique(np.array(users, dtype=object), return_inverse=True)
    if min(len(np.unique(writers[is_fresh])), len(np.unique(writers[~is_fresh]))) < FEWEST_WRITERS:
        return np.arange(len(entries))
    return writers


def _represented(space: Neighbours, is_fresh: NDArray[np.bool_]) -> float:
    """One less the share of something else that the fresh ones must at least be mixed with.

    Where fresh = (1 - s) kept + s new, the share of fresh below any limit is at least (1 - s)
    times that of kept.
    """
    novelty = distances(space, ~is_fresh) - distances(space, is_fresh)
    kept, fresh = novelty[~is_fresh], novelty[is_fresh]
    limits = np.quantile(kept, _QUANTILES)
    below = np.array([(fresh <= limit).mean() / (kept <= limit).mean() for limit in limits])
    return float(min(1.0, below.min()))


def _psi(clusters: Sequence[ClusterShare]) -> float:
    """Population stability index, with half a percent in place of nothing."""
    least = 0.005
    pairs = [(max(each.before.value, least), max(each.now.value, least)) for each in clusters]
    return float(sum((b - a) * np.log(b / a) for a, b in pairs))


def _changes(before: Shares, now: Shares) -> tuple[ClusterShare, ...]:
    was, is_now = before.estimates(), now.estimates()
    names = was.keys() | is_now.keys()
    rows = [ClusterShare(name, was.get(name) or before.none(), is_now.get(name) or now.none()) for name in names]
    return tuple(sorted(rows, key=lambda row: (-abs(row.now.value - row.before.value), row.name)))
