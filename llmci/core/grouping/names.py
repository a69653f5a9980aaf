"""Groups to names: the words that set a group apart, and that enough traces share to name nobody."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from llmci.core.grouping.language import SMALL_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.core.grouping.sample import Distinct

_WORD = re.compile(r"[^\W\d_]{2,}(?:['\u2019][^\W\d_]+)?")
# A chunk with any of these may be an address, a path, a number or a handle.
_TELLING = re.compile(r"[@\d_/\\#=<>{}$%&*+|~^]")
_LONGEST = 24
# Where more of the words within sentences are capitalised than this, capitals mark nouns and not names.
_CAPITALS_OF_NAMES = 0.2
_TERMS = 3


def name_groups(
    distinct: Sequence[Distinct], groups: Sequence[int], *, count: int, min_traces: int, min_users: int
) -> list[str]:
    """Name each group by its most distinctive terms.

    A term is a word or two neighbouring words. It must occur in `min_traces` traces of the group
    and, where users are known, come from `min_users` of them; nothing with a digit or in an
    address is ever a term, and nor is a word that is written like a name.

    Args:
        distinct: Inputs with how often they came and from whom.
        groups: The group of each, from 0.
        count: How many groups there are.
        min_traces: See above.
        min_users: See above.

    Returns:
        A name for each group, no two alike; a group without terms is called by its number.

    Source:
        Class-based TF-IDF, Grootendorst (2022), BERTopic, eq. (2).
    """
    traces, users = _occurrences(distinct, groups, _written_like_names(distinct))
    everywhere: Counter[str] = Counter()
    for inside in traces.values():
        everywhere.update(inside)
    known = any(entry.users for entry in distinct)
    average = sum(everywhere.values()) / max(1, len(traces))
    names: list[str] = []
    for group in range(count):
        size = sum(traces[group].values()) or 1
        weights = {
            term: n / size * math.log1p(average / everywhere[term])
            for term, n in traces[group].items()
            if n >= min_traces and (not known or len(users[group, term]) >= min_users)
        }
        names.append(_unlike(names, _best(weights), group))
    return names


def _occurrences(
    distinct: Sequence[Distinct], groups: Sequence[int], names: frozenset[str]
) -> tuple[dict[int, Counter[str]], dict[tuple[int, str], set[int]]]:
    """How many traces of each group hold each term, and the users who wrote it."""
    traces: defaultdict[int, Counter[str]] = defaultdict(Counter)
    users: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for entry, group in zip(distinct, groups, strict=True):
        for term in set(_terms(entry.text, names)):
            traces[group][term] += entry.traces
            users[group, term] |= entry.users
    return traces, users


def _written_like_names(distinct: Sequence[Distinct]) -> frozenset[str]:
    """Words that are mostly capitalised within sentences: one customer may be in every trace."""
    large: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for entry in distinct:
        chunks = entry.text.split()
        for before, chunk in pairwise(chunks):
            word = _WORD.search(chunk)
            if word and before[-1] not in ".!?:":
                (large if word[0][0].isupper() else small)[word[0].casefold()] += 1
    if large.total() > _CAPITALS_OF_NAMES * (large.total() + small.total()):
        return frozenset()
    return frozenset(word for word, count in large.items() if count > small[word])


def _terms(text: str, names: frozenset[str]) -> Iterator[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    before = ""
    for chunk in text.casefold().split():
        words = [] if _TELLING.search(chunk) else _WORD.findall(chunk)
        word = words[0] if len(words) == 1 and len(words[0]) <= _LONGEST else ""
        if word in ENGLISH_STOP_WORDS or word in SMALL_WORDS or word in names or not word.isalpha():
            word = ""
        if word:
            yield word
            if before:
                yield f"{before} {word}"
        before = word


def _best(weights: dict[str, float]) -> list[str]:
    """The heaviest terms; a word that is part of a chosen pair is not said twice."""
    chosen: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        words = set(term.split())
        alike = [other for other in chosen if words & set(other.split())]
        if not alike:
            chosen.append(term)
        elif len(alike) == 1 and alike[0] in words and weights[term] > 0.5 * weights[alike[0]]:
            chosen[chosen.index(alike[0])] = term
        if len(chosen) > 2 * _TERMS:
            break
    return chosen


def _unlike(taken: Sequence[str], terms: Sequence[str], group: int) -> str:
    """The shortest name of these terms that is not taken."""
    if not terms:
        return f"group {group + 1}"
    for length in range(min(_TERMS, len(terms)), len(terms) + 1):
        name = ", ".join(terms[:length])
        if name not in taken:
            return name
    return f"{', '.join(terms[:_TERMS])} ({group + 1})"
