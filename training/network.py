"""Trains the tagger's weights: numpy, Adam, and labels that may be known in part only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from llmci.adapters.recognizers.tagger import LABELS, REACH, Lists, casing, traits
from llmci.adapters.recognizers.wordforms import forms, hashed

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS, WIDTH, UNITS = 1 << 15, 48, 128
# Shares left out at random: hidden units, words around a word, a word's own identity, the lists it is on.
_UNITS_OUT, _AROUND_OUT, _WORD_OUT, _LISTS_OUT = 0.4, 0.15, 0.25, 0.1
_SPAN = 2 * REACH + 1


class Words:
    """Distinct words with the rows of their features: whole, without the word itself, and without the lists."""

    def __init__(self, lists: Lists, rows: int) -> None:
        self._lists, self._rows = lists, rows
        self._known: dict[str, int] = {}
        self._features: list[tuple[list[int], list[float]]] = [([], [])]

    def ids(self, words: Sequence[str | None]) -> np.ndarray:
        """A number for each word; 0 is nothing. The variants of a word follow it."""
        new = [w for w in dict.fromkeys(words) if w is not None and w not in self._known]
        for word, bits in zip(new, self._lists.of(new), strict=True):
            self._known[word] = len(self._features)
            for listed, from_ in ((bits, 0), (bits, 1), (0, 1)):
                made = list(forms(word, listed))[from_:]
                self._features.append(([hashed(f) % self._rows for f, _ in made], [w for _, w in made]))
        return np.array([0 if w is None else self._known[w] for w in words])

    def matrix(self, ids: np.ndarray) -> sp.csr_matrix:
        """Features of words, shape (words, rows)."""
        picked = [self._features[i] for i in ids]
        indices = np.concatenate([np.array(p[0], np.int32) for p in picked]) if picked else np.zeros(0, np.int32)
        values = np.concatenate([np.array(p[1], np.float32) for p in picked])
        ends = np.cumsum([0] + [len(p[0]) for p in picked])
        return sp.csr_matrix((values, indices, ends), shape=(len(ids), self._rows))


class Network:
    """The weights while they are trained."""

    def __init__(self, seed: int, *, rows: int = ROWS, width: int = WIDTH, units: int = UNITS) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.w: dict[str, np.ndarray] = {
            "table": rng.normal(0, 0.1, (rows, width)).astype(np.float32),
            "hidden": rng.normal(0, (2 / (_SPAN * width)) ** 0.5, (_SPAN * width, units)).astype(np.float32),
            "casing": np.zeros((3, units), np.float32),
            "bias": np.zeros(units, np.float32),
            "out": rng.normal(0, (1 / units) ** 0.5, (units, len(LABELS))).astype(np.float32),
            "out_bias": np.zeros(len(LABELS), np.float32),
        }
        self._m = {k: np.zeros_like(v) for k, v in self.w.items()}
        self._v = {k: np.zeros_like(v) for k, v in self.w.items()}
        self._t = 0
        self._sum = {k: np.zeros(v.shape, np.float64) for k, v in self.w.items()}
        self._remembered = 0

    def remember(self) -> None:
        """Take the weights as they are into the mean that is shipped."""
        for key, value in self.w.items():
            self._sum[key] += value
        self._remembered += 1

    def step(self, words: Words, tokens: list[str | None], allowed: np.ndarray, rate: float) -> float:
        """One step on the tokens of a batch; `allowed` is (tokens, labels). Gives the mean loss."""
        w, rng = self.w, self.rng
        ids = words.ids(tokens)
        dice = rng.random(len(ids))
        ids = np.where(ids == 0, 0, ids + (dice < _WORD_OUT) + (dice < _LISTS_OUT))
        types, inverse = np.unique(ids, return_inverse=True)
        features = words.matrix(types)
        touched = np.unique(features.indices)
        compact = sp.csr_matrix(
            (features.data, np.searchsorted(touched, features.indices), features.indptr),
            shape=(len(types), len(touched)),
        )
        vectors = np.tanh(compact @ w["table"][touched])
        if types[0] == 0:
            vectors[0] = 0
        centre = np.flatnonzero(allowed.any(axis=1))
        window = inverse[centre[:, None] + np.arange(-REACH, REACH + 1)]
        gate = (rng.random((len(centre), _SPAN, 1)) > _AROUND_OUT).astype(np.float32) / (1 - _AROUND_OUT)
        gate[:, REACH] = 1
        seen = (vectors[window] * gate).reshape(len(centre), -1)
        how = casing(np.array([traits(t or "\n") for t in tokens], np.float32))[centre]
        raw = seen @ w["hidden"] + how @ w["casing"] + w["bias"]
        keep = (rng.random(raw.shape) > _UNITS_OUT).astype(np.float32) / (1 - _UNITS_OUT)
        units = np.maximum(raw, 0) * keep
        scores = units @ w["out"] + w["out_bias"]
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        may = allowed[centre]
        right = np.where(may, p, 0)
        total = np.maximum(right.sum(axis=1, keepdims=True), 1e-9)
        loss = float(-np.log(total).mean())
        d_scores = (p - right / total) / len(centre)
        grads: dict[str, np.ndarray] = {"out": units.T @ d_scores, "out_bias": d_scores.sum(axis=0)}
        d_units = (d_scores @ w["out"].T) * keep * (raw > 0)
        grads["hidden"] = seen.T @ d_units
        grads["casing"] = how.T @ d_units
        grads["bias"] = d_units.sum(axis=0)
        d_seen = ((d_units @ w["hidden"].T).reshape(len(centre), _SPAN, -1) * gate).reshape(-1, vectors.shape[1])
        back = sp.csr_matrix(
            (np.ones(window.size, np.float32), window.ravel(), np.arange(window.size + 1)),
            shape=(window.size, len(types)),
        )
        d_vectors = (back.T @ d_seen) * (1 - vectors**2)
        if types[0] == 0:
            d_vectors[0] = 0
        self._adam(grads, touched, compact.T @ d_vectors, rate)
        return loss

    def _adam(self, grads: dict[str, np.ndarray], touched: np.ndarray, d_table: np.ndarray, rate: float) -> None:
        self._t += 1
        fix = (1 - 0.999**self._t) ** 0.5 / (1 - 0.9**self._t)
        for key, g in grads.items():
            self._m[key] += 0.1 * (g - self._m[key])
            self._v[key] += 0.001 * (g * g - self._v[key])
            self.w[key] -= rate * fix * self._m[key] / (np.sqrt(self._v[key]) + 1e-7)
        m, v = self._m["table"], self._v["table"]
        m[touched] += 0.1 * (d_table - m[touched])
        v[touched] += 0.001 * (d_table * d_table - v[touched])
        self.w["table"][touched] -= rate * fix * m[touched] / (np.sqrt(v[touched]) + 1e-7)

    def packed(self) -> dict[str, Any]:
        """The weights as they are shipped: the table in bytes with a scale for each row."""
        mean = {k: (v / self._remembered).astype(np.float32) for k, v in self._sum.items()}
        table = mean["table"]
        scale = np.maximum(np.abs(table).max(axis=1), 1e-6) / 127
        small = {k: v.astype(np.float16) for k, v in mean.items() if k != "table"}
        return {"table": np.round(table / scale[:, None]).astype(np.int8), "scale": scale.astype(np.float16), **small}
