"""A small tagger for names of people, places and organisations, and for addresses.

A window of words around each word, every word as the sum of hashed features (itself, its ends, its
character trigrams, its shape, the word lists that it is on), one hidden layer, and a probability
for each label. `training/tagger.py` makes the weights.
"""

from __future__ import annotations

import functools
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.adapters.recognizers.wordforms import LONGEST_WORD, bare, folded, forms, hashed, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Counts = np.ndarray[Any, np.dtype[np.intp]]

LABELS = ("O", "PERSON", "LOCATION", "ORGANIZATION", "ADDRESS")
# Words to the left and to the right that count.
REACH = 4
_WINDOW = np.arange(-REACH, REACH + 1)
_NO_WORD = "\0"
# Windows in one product of matrices.
_AT_ONCE = 256
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
        asked = np.array([hashed(folded(bare(word))) for word in words], np.uint32)
        at = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        found: list[int] = np.where(self._keys[at] == asked, self._bits[at], 0).tolist()
        return found


def traits(word: str) -> tuple[bool, bool, bool]:
    """Whether a token is a word, is capitalised, and is in capitals."""
    return word[0].isalpha(), word[0].isupper(), len(word) > 1 and word.isupper()


def casing(found: Floats, starts: Counts | None = None, ends: Counts | None = None) -> Floats:
    """How the text around each word is written, from the traits of all, shape (words, 3).

    Shape (words, 3): the share of capitalised words and of words in capitals among those around it,
    without itself, and whether there are any.

    Args:
        found: See `traits`.
        starts: For each word, where its text begins; of one text if None.
        ends: For each word, where its text ends.
    """
    count = len(found)
    sums = np.zeros((count + 1, 3), np.float32)
    np.cumsum(found, axis=0, out=sums[1:])
    at = np.arange(count)
    last, first = at + _AROUND + 1, at - _AROUND
    last = np.minimum(last, count if ends is None else ends)
    first = np.maximum(first, 0 if starts is None else starts)
    around = sums[last] - sums[first] - found
    total = np.maximum(around[:, 0], 1)
    made: Floats = np.empty((count, 3), np.float32)
    np.divide(around[:, 1], total, out=made[:, 0])
    np.divide(around[:, 2], total, out=made[:, 1])
    made[:, 2] = around[:, 0] > 0
    return made


class _Places(dict[str, int]):
    """Where in the table a feature is; worked out when it is asked for first."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __missing__(self, feature: str) -> int:
        place = self[feature] = hashed(feature) % self._size
        return place


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
        return self.of_texts([words])[0]

    def of_texts(self, texts: Sequence[list[str]]) -> list[Floats]:
        """Shape (words, labels) for each text: many at once cost a fraction of one after the other."""
        found, bounds = self.in_a_row(texts)
        return [found[bounds[i] : bounds[i + 1]] for i in range(len(texts))]

    def in_a_row(self, texts: Sequence[list[str]]) -> tuple[Floats, Counts]:
        """Probabilities of the words of all texts, shape (words, labels), and where each text begins and the last ends."""
        lengths = [len(words) for words in texts]
        rows = self._rows(list(chain.from_iterable(texts)))
        found = np.zeros((len(rows), len(LABELS)), np.float32)
        found[:, 0] = 1
        bounds = np.cumsum([0, *lengths])
        of = np.repeat(np.arange(len(texts)), lengths)
        # Between two texts, and before the first, there is nothing for as far as a window reaches.
        padded = np.zeros(len(rows) + REACH * (len(texts) + 1), np.intp)
        shifted = np.arange(len(rows)) + REACH * (of + 1)
        padded[shifted] = rows
        asked = self._asked(rows, bounds, padded, shifted)
        around = casing(self._traits[rows], bounds[of], bounds[of + 1]) if len(asked) else found
        for start in range(0, len(asked), _AT_ONCE):
            at = asked[start : start + _AT_ONCE]
            found[at] = self._scored(padded[shifted[at][:, None] + _WINDOW], around[at])
        return found, bounds

    def _scored(self, window: Counts, around: Floats) -> Floats:
        """Probabilities of the words in the middle of windows; computed in blocks of one size.

        A product of matrices is computed in another order for another number of rows: blocks of one
        size give every word the same bits, whatever else is asked at the same time.
        """
        count = len(window)
        seen = self._vectors.take(window, axis=0).reshape(count, -1)
        if count < _AT_ONCE:
            seen = np.concatenate([seen, np.zeros((_AT_ONCE - count, seen.shape[1]), np.float32)])
        units = seen @ self._hidden
        units[:count] += around @ self._casing
        units += self._bias
        np.maximum(units, 0, out=units)
        scores = units @ self._out + self._out_bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        made: Floats = (scores / scores.sum(axis=1, keepdims=True))[:count]
        return made

    def _asked(self, rows: Counts, bounds: Counts, padded: Counts, shifted: Counts) -> Counts:
        """Where it is worth looking: words that may be part of a name, and the signs between two of them.

        A number, a sign or a single letter is a part of one only where there is a longer word in its window.
        """
        is_open = self._open[rows]
        before, after = np.ones(len(rows), bool), np.ones(len(rows), bool)
        before[1:], after[:-1] = is_open[:-1], is_open[1:]
        filled = bounds[:-1] < bounds[1:]
        before[bounds[:-1][filled]] = after[bounds[1:][filled] - 1] = True
        long = np.zeros(len(padded) + 1, np.intp)
        np.cumsum(self._long[padded], out=long[1:])
        near = long[shifted + REACH + 1] > long[shifted - REACH]
        return np.flatnonzero((is_open | (self._sign[rows] & before & after)) & near)

    def _rows(self, words: list[str]) -> Counts:
        """The row of each word; what is too long for a word is a sign to it, and is not remembered."""
        try:
            return np.fromiter(map(self._known.__getitem__, words), np.intp, len(words))
        except KeyError:
            words = [word if len(word) <= LONGEST_WORD else _NO_WORD for word in words]
        known = self._known
        new = [word for word in dict.fromkeys(words) if word not in known]
        if len(known) + len(new) > _MOST_KEPT:
            self._forget()
            new, known = list(dict.fromkeys(words)), self._known
        if new:
            self._learn(new)
        return np.fromiter(map(known.__getitem__, words), np.intp, len(words))

    def _forget(self) -> None:
        # The first row stands for what is beyond the text.
        self._known: dict[str, int] = {}
        self._places = _Places(len(self._table))
        self._vectors: Floats = np.zeros((1024, self._width), np.float32)
        self._traits: Floats = np.zeros((1024, 3), np.float32)
        self._open = np.zeros(1024, bool)
        self._sign = np.zeros(1024, bool)
        self._long = np.zeros(1024, bool)
        self._used = 1

    def _learn(self, words: list[str]) -> None:
        while self._used + len(words) > len(self._vectors):
            for name in ("_vectors", "_traits", "_open", "_sign", "_long"):
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros_like(getattr(self, name))]))
        rows: list[int] = []
        weights: list[float] = []
        starts: list[int] = []
        place_of = self._places.__getitem__
        for word, listed in zip(words, self._lists.of(words), strict=True):
            starts.append(len(rows))
            features = forms(word, listed)
            rows += [place_of(feature) for feature, _ in features]
            weights += [weight for _, weight in features]
        vectors = self._table[rows] * (self._scale[rows] * np.array(weights, np.float32))[:, None]
        made = np.tanh(np.add.reduceat(vectors, starts, axis=0))
        new = slice(self._used, self._used + len(words))
        self._vectors[new] = made
        self._traits[new] = [traits(word) for word in words]
        self._sign[new] = [not word[0].isalnum() for word in words]
        keys = np.array([hashed(bare(word)) for word in words], np.uint32)
        at = np.minimum(np.searchsorted(self._dull, keys), len(self._dull) - 1)
        self._open[new] = ~self._sign[new] & (self._dull[at] != keys)
        self._long[new] = self._open[new] & [len(word) > 1 and word[0].isalpha() for word in words]
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
    words = words_of(text)
    return words, places_of(words, text)


def places_of(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where the tokens of a text stand; between two of them is nothing but space, which none begins with."""
    places = []
    end = 0
    for word in words:
        start = text.index(word, end)
        end = start + len(word)
        places.append((start, end))
    return places
