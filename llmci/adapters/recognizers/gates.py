"""Which patterns a text is worth: one pass for the words that each of them needs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Gate:
    """Tells which of several sets of words a text holds one of; case does not matter.

    Args:
        words: A set of words, in lower case, for every pattern.
    """

    def __init__(self, words: Sequence[Iterable[str]]) -> None:
        bits: dict[str, int] = {}
        for index, needed in enumerate(words):
            for word in needed:
                bits[word] = bits.get(word, 0) | 1 << index
        self._words, self._bits = list(bits), list(bits.values())
        self._automaton = lru_cache(maxsize=1)(self._made)

    def open(self, text: str) -> int:
        """Bit i is set where a word of set i stands in the text."""
        opened = 0
        for index, _, _ in self._automaton().find_matches_as_indexes(text.lower(), overlapping=True):
            opened |= self._bits[index]
        return opened

    def _made(self) -> Any:  # noqa: ANN401  an AhoCorasick
        from ahocorasick_rs import AhoCorasick, Implementation

        # For more than a hundred words it would take a slower one by itself.
        return AhoCorasick(self._words, implementation=Implementation.DFA)
