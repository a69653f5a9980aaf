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


def traits(word: str) -> tuple[bool, bool, bool]:
    """Whether a token is a word, is capitalised, and is in capitals."""
    return word[0].isalpha(), word[0].isupper(), len(word) > 1 and word.isupper()


def casing(found: Floats) -> Floats:
    """How the text around each word is written, from the traits of all, shape (words, 3).

    Shape (words, 3): the share of capitalised words and of words in capitals among those around it,
    without itself, and whether there are any.
    """
    count = len(found)
    sums = np.zeros((count + 1, 3), np.float32)
    np.cumsum(found, axis=0, out=sums[1:])
    at = np.arange(count)
    around = sums[np.minimum(at + _AROUND + 1, count)] - sums[np.maximum(at - _AROUND, 0)] - found
    total = np.maximum(around[:, 0], 1)
    made: Floats = np.stack([around[:, 1] / total, around[:, 2] / total, (around[:, 0] > 0).astype(np.float32)], axis=1)
    return made


class Tagger:
    """Weights, and the vectors of the words seen last.

    Args:
        weights: `table` (features, width), `scale` (features,), `hidden` ((2 * REACH + 1) * width, units),
            `casing` (3, units), `bias` (units,), `out` (units, labels), `out_bias` (labels,), and the
            word lists `keys`, `bits`, and `dull`, hashes of words as written that never are part of a name.
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
        self._dull = weights["dull"]
        self._width = self._table.shape[1]
        self._forget()

    def probabilities(self, words: list[str]) -> Floats:
        """Shape (words, labels)."""
        rows = np.array(self._rows(words), np.intp)
        found = np.zeros((len(words), len(LABELS)), np.float32)
        found[:, 0] = 1
        asked = self._asked(rows)
        if not len(asked):
            return found
        padded = np.zeros(len(words) + 2 * REACH, np.intp)
        padded[REACH : REACH + len(words)] = rows
        window = padded[asked[:, None] + np.arange(2 * REACH + 1)]
        seen = self._vectors[window].reshape(len(asked), -1)
        units = np.maximum(seen @ self._hidden + casing(self._traits[rows])[asked] @ self._casing + self._bias, 0)
        scores = units @ self._out + self._out_bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        found[asked] = scores / scores.sum(axis=1, keepdims=True)
        return found

    def _asked(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Where it is worth looking: words that may be part of a name, and the signs between two of them."""
        is_open = self._open[rows]
        is_sign = self._sign[rows]
        between = is_sign.copy()
        between[1:] &= is_open[:-1]
        between[:-1] &= is_open[1:]
        return np.flatnonzero(is_open | between)

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
        self._traits: Floats = np.zeros((1024, 3), np.float32)
        self._open = np.zeros(1024, bool)
        self._sign = np.zeros(1024, bool)
        self._used = 1

    def _learn(self, words: list[str]) -> None:
        while self._used + len(words) > len(self._vectors):
            for name in ("_vectors", "_traits", "_open", "_sign"):
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros_like(getattr(self, name))]))
        rows: list[int] = []
        weights: list[float] = []
        starts: list[int] = []
        size = len(self._table)
        for word, listed in zip(words, self._lists.of(words), strict=True):
            starts.append(len(rows))
            for feature, weight in forms(word, listed):
                rows.append(hashed(feature) % size)
                weights.append(weight)
        vectors = self._table[rows] * (self._scale[rows] * np.array(weights, np.float32))[:, None]
        made = np.tanh(np.add.reduceat(vectors, starts, axis=0))
        new = slice(self._used, self._used + len(words))
        self._vectors[new] = made
        self._traits[new] = [traits(word) for word in words]
        self._sign[new] = [not word[0].isalnum() for word in words]
        self._open[new] = ~self._sign[new] & ~np.isin(np.array([hashed(word) for word in words], np.uint32), self._dull)
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
