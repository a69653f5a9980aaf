"""The demo's system: answers questions about the Python standard library from its docstrings.

`answer` is the callable that `llmci.yaml` names. It retrieves passages with BM25 and writes the
answer by extraction: the signatures of the best entries and the sentences that speak of the question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llmci.demo.retriever import Hit, RetrievalConfig, retriever

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.demo.corpus import Passage

# A second entry is answered from if it scores nearly as well as the first: "what is the difference between ...".
_NEARLY = 0.8
_LONGEST_CONTENT = 240
_LONGEST_SENTENCE = 300
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"])|\n\s*\n")
_NOTHING = "Nothing in the standard library's documentation speaks of that."


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question.

    Args:
        request: `question` is what the user wrote; `config` holds fields of
            `llmci.demo.retriever.RetrievalConfig`, and may be absent.

    Returns:
        `answer`, and the retrieved `documents` (id, content, score), best first.
    """
    config = RetrievalConfig(**(request.get("config") or {}))
    hits = search(str(request["question"]), config)
    return {"answer": _written(str(request["question"]), hits, config), "documents": documents(hits)}


def search(question: str, config: RetrievalConfig) -> list[Hit]:
    """The passages that an answer is written from."""
    return retriever(config).search(question)


def documents(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """What was retrieved, in the form that systems report it: id, a short content, score."""
    return [
        {"id": hit.passage.id, "content": _shown(hit.passage)[:_LONGEST_CONTENT], "score": round(hit.score, 4)}
        for hit in hits
    ]


def _written(question: str, hits: Sequence[Hit], config: RetrievalConfig) -> str:
    if not hits:
        return _NOTHING
    asked = set(config.terms(question))
    leading = [hit.passage for hit in hits[:2] if hit.score >= _NEARLY * hits[0].score]
    return "\n".join(_paragraph(passage, asked, config) for passage in leading)


def _shown(passage: Passage) -> str:
    return f"{'module ' if passage.kind == 'module' else ''}{passage.signature}: {passage.summary}"


def _paragraph(passage: Passage, asked: set[str], config: RetrievalConfig) -> str:
    """Signature and summary, and the sentence of the rest that shares most words with the question."""
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE_END.split(passage.doc)]
    rest = [s for s in sentences if len(s) <= _LONGEST_SENTENCE and s not in passage.summary and ">>>" not in s]
    shared = {sentence: len(asked & set(config.terms(sentence))) for sentence in rest}
    best = max(rest, key=lambda sentence: shared[sentence], default=None)
    return f"{_shown(passage)} {best}" if best is not None and shared[best] > 1 else _shown(passage)
