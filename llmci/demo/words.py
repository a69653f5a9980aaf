"""Text to the terms that are searched: how the demo's retriever cuts prose and identifiers into words."""

from __future__ import annotations

import re
from typing import Literal

Identifiers = Literal["parts", "whole", "both"]
StopWords = Literal["none", "english", "questions"]

# A word, or an identifier with its dots and underscores.
_WORD = re.compile(r"[A-Za-z_][\w.]*\w|\w+")
# `HTTPServer_v2` is HTTP, Server, v, 2.
_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")

_ENGLISH = frozenset(
    """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they
    this to was will with
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# What people say around a question; in an answer none of these words carries meaning.
_QUESTIONS = _ENGLISH | frozenset(
    """
    please hello hi hey thanks thank you your me my mine i'm we our us what's whats what which who why how when
    where does do did can could should would want need tell explain describe call called use using docs
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_STOP: dict[StopWords, frozenset[str]] = {"none": frozenset(), "english": _ENGLISH, "questions": _QUESTIONS}

_SUFFIXES = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_SHORTEST_STEMMED = 5


def terms(text: str, *, identifiers: Identifiers, stop_words: StopWords, stem: bool) -> list[str]:
    """Cut a text into lower-case terms, in order and with repetitions.

    Args:
        text: A question, a qualified name or a docstring.
        identifiers: Whether `os.path.join` gives its parts, itself as one term, or all of them.
        stop_words: Which words are left out.
        stem: Whether plurals and verb forms are reduced ("parses" and "parsing" to "pars").

    Example:
        >>> terms("What does json.dumps do?", identifiers="both", stop_words="questions", stem=True)
        ['json.dumps', 'json', 'dump']
    """
    found: list[str] = []
    for word in _WORD.findall(text):
        pieces = [piece.lower() for piece in _PIECE.findall(word)] if identifiers != "whole" else []
        if identifiers == "whole" or (identifiers == "both" and len(pieces) > 1):
            found.append(word.lower())
        found += [_stemmed(piece) for piece in pieces] if stem else pieces
    stop = _STOP[stop_words]
    return [term for term in found if term not in stop]


def _stemmed(word: str) -> str:
    """A light suffix stripper: enough for English documentation, and nothing to install."""
    if len(word) < _SHORTEST_STEMMED or not word.isalpha():
        return word
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and not word.endswith("ss"):
            word = word[: -len(suffix)] + replacement
            break
    return word[:-1] if len(word) >= _SHORTEST_STEMMED and word.endswith("e") else word
