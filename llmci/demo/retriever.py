"""The retriever: BM25 over the corpus, under a retrieval configuration that a benchmark can vary."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llmci.demo.corpus import Passage, passages
from llmci.demo.words import Identifiers, StopWords, terms

if TYPE_CHECKING:
    from collections.abc import Mapping

_building = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalConfig:
    """What can be tuned; the defaults are what runs in production.

    Attributes:
        k: Passages handed to the answerer.
        identifiers: How dotted, underscored and CamelCase names are cut, see `llmci.demo.words.terms`.
        name_weight: How often the qualified name is indexed beside the text; 0 leaves it out.
        text: Whether the whole docstring is indexed or its first paragraph only.
        stop_words: Words that are not indexed.
        stem: Whether plurals and verb forms are reduced.
        k1: BM25's term saturation.
        b: BM25's length normalisation, in [0, 1].
    """

    k: int = 5
    identifiers: Identifiers = "parts"
    name_weight: int = 1
    text: Literal["full", "summary"] = "full"
    stop_words: StopWords = "english"
    stem: bool = False
    k1: float = 1.5
    b: float = 0.75

    def terms(self, text: str) -> list[str]:
        """Cut a text as the index is cut."""
        return terms(text, identifiers=self.identifiers, stop_words=self.stop_words, stem=self.stem)


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage; `score` is BM25's."""

    passage: Passage
    score: float


class Retriever:
    """An index of the corpus under one configuration."""

    def __init__(self, config: RetrievalConfig) -> None:
        import bm25s

        self.config = config
        self._passages = corpus()
        self._index = bm25s.BM25(k1=config.k1, b=config.b)
        self._index.index([self._indexed(passage) for passage in self._passages], show_progress=False)
        self._vocabulary: Mapping[str, int] = self._index.vocab_dict

    def _indexed(self, passage: Passage) -> list[str]:
        text = passage.doc if self.config.text == "full" else passage.summary
        return self.config.terms(passage.id) * self.config.name_weight + self.config.terms(text)

    def search(self, question: str) -> list[Hit]:
        """The best `k` passages, best first; none where no word of the question is in the corpus."""
        import numpy as np

        known = [term for term in self.config.terms(question) if term in self._vocabulary]
        if not known:
            return []
        scores = self._index.get_scores(known)
        best = np.argsort(-scores, kind="stable")[: self.config.k]
        return [Hit(self._passages[i], float(scores[i])) for i in best if scores[i] > 0]


@functools.cache
def corpus() -> tuple[Passage, ...]:
    """The corpus, gathered once in a process."""
    return tuple(passages())


def retriever(config: RetrievalConfig) -> Retriever:
    """The index for a configuration, built once in a process."""
    with _building:
        return _built(config)


@functools.lru_cache(maxsize=4)
def _built(config: RetrievalConfig) -> Retriever:
    return Retriever(config)
