"""A small tagger for names of people, places and organisations, and for addresses.

A window of words around each word, every word as the sum of hashed features (itself, its ends, its
character trigrams, its shape, the word lists that it is on), one hidden layer, and a probability
for each label. `training/tagger.py` makes the weights.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.adapters.recognizers.wordforms import TOKEN, folded, forms, hashed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Floats = np.ndarray[Any, np.dtype[np.float32]]

LABELS = ("O", "PERSON", "LOCATION", "ORGANIZATION", "ADDRESS")
# Words to the left and to the right that count.
REACH = 4
# Words whose case tells how the text around a word is written.
_AROUND = 12
# Distinct words whose vectors are kept; at 200 bytes each.
_MOST_KEPT = 60_000
_FILE = "tagger.npz"


class Lists:
    """Which word lists a word is on."""

    def __init__(self, keys: np.ndarray[Any, Any], bits: np.ndarray[Any, Any]) -> None:
        self._keys, self._bits = keys, bits

    def of(self, words: Sequence[str]) -> list[int]:
        """The bits of each word."""
        if not words:
            return []
        asked = np.array([hashed(folded(word)) for word in words], np.uint32)
        at = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        found: list[int] = np.where(self._keys[at] == asked, self._bits[at], 0).tolist()
        return found


def casing(words: Sequence[str]) -> Floats:
    """How the text around each word is written.

    Shape (words, 3): the share of capitalised words and of words in capitals among those around it,
    without itself, and whether there are any.
    """
    is_word = np.array([w[0].isalpha() for w in words], np.float32)
    upper = np.array([w[0].isupper() for w in words], np.float32)
    whole = np.array([len(w) > 1 and w.isupper() for w in words], np.float32)
    counted = np.stack([is_word, upper, whole])
    sums = np.concatenate([np.zeros((3, 1), np.float32), np.cumsum(counted, axis=1)], axis=1)
    at = np.arange(len(words))
    around = sums[:, np.minimum(at + _AROUND + 1, len(words))] - sums[:, np.maximum(at - _AROUND, 0)] - counted
    total = np.maximum(around[0], 1)
    made: Floats = np.stack([around[1] / total, around[2] / total, (around[0] > 0).astype(np.float32)], axis=1)
    return made


class Tagger:
    """Weights, and the vectors of the words seen last.

    Args:
        weights: `table` (features, width), `scale` (features,), `hidden` ((2 * REACH + 1) * width, units),
            `casing` (3, units), `bias` (units,), `out` (units, labels), `out_bias` (labels,), and the
            word lists `keys`, `bits`.
    """

    def __init__(self, weights: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self._table = weights["table"]
        self._scale = weights["scale"].astype(np.float32)
        self._hidden = weights["hidden"].astype(np.float32)
        self._casing = weights["casing"].astype(np.float32)
        self._bias = weights["bias"].astype(np.float32)
        self._out = weights["out"].astype(np.float32)
        self._out_bias = weights["out_bias"].astype(np.float32)
        self._lists = Lists(weights["keys"], weights["bits"])
        self._width = self._table.shape[1]
        self._forget()

    def probabilities(self, words: list[str]) -> Floats:
        """Shape (words, labels)."""
        rows = self._rows(words)
        padded = np.zeros(len(words) + 2 * REACH, np.intp)
        padded[REACH : REACH + len(words)] = rows
        window = padded[np.arange(len(words))[:, None] + np.arange(2 * REACH + 1)]
        seen = self._vectors[window].reshape(len(words), -1)
        units = np.maximum(seen @ self._hidden + casing(words) @ self._casing + self._bias, 0)
        scores = units @ self._out + self._out_bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        found: Floats = scores / scores.sum(axis=1, keepdims=True)
        return found

    def _rows(self, words: list[str]) -> list[int]:
        known = self._known
        new = [word for word in dict.fromkeys(words) if word not in known]
        if new:
            if len(known) + len(new) > _MOST_KEPT:
                self._forget()
                new, known = list(dict.fromkeys(words)), self._known
            self._learn(new)
        return [known[word] for word in words]

    def _forget(self) -> None:
        # The first row stands for what is beyond the text.
        self._known: dict[str, int] = {}
        self._vectors: Floats = np.zeros((1024, self._width), np.float32)
        self._used = 1

    def _learn(self, words: list[str]) -> None:
        while self._used + len(words) > len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        rows, weights, starts = [], [], []
        size = len(self._table)
        for word, listed in zip(words, self._lists.of(words), strict=True):
            starts.append(len(rows))
            for feature, weight in forms(word, listed):
                rows.append(hashed(feature) % size)
                weights.append(weight)
        vectors = self._table[rows] * (self._scale[rows] * np.array(weights, np.float32))[:, None]
        made = np.tanh(np.add.reduceat(vectors, starts, axis=0))
        self._vectors[self._used : self._used + len(words)] = made
        for word in words:
            self._known[word] = self._used
            self._used += 1


@functools.cache
def bundled() -> Tagger:
    """The tagger with the weights that come with llmci."""
    with resources.files("llmci.adapters.recognizers").joinpath(_FILE).open("rb") as file:
        return Tagger(dict(np.load(file)))


def tokens_of(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The tokens of a text and where they stand."""
    matches = list(TOKEN.finditer(text))
    return [m[0] for m in matches], [m.span() for m in matches]
