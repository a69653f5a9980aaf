"""Groups to names: the words that set a group apart, and that enough traces share to name nobody."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from llmci.core.grouping.language import SMALL_WORDS
from llmci.core.grouping.pleasantries import GREETINGS
from llmci.core.grouping.words import MARK, UNSPACED, WORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.core.grouping.sample import Distinct

_WORD = re.compile(rf"{WORD.pattern}(?:['\u2019]{WORD.pattern})?")
# A chunk with any of these may be an address, a path, a number or a handle.
_TELLING = re.compile(r"[@\d_/\\#=<>{}$%&*+|~^]")
_LONGEST = 24
# Where more of the words within sentences are capitalised than this, capitals mark nouns and not names.
_CAPITALS_OF_NAMES = 0.2
_TERMS = 3
# Further terms are said where they weigh so much of what the first does.
_WORTH_SAYING = 0.4
# Greetings name a group only where they are in so much of it.
_MOSTLY = 0.5
# Where words are not told apart by spaces, a term is so many signs that come together, of so many that a text begins with.
_SIGNS = range(2, 13)
_SIGNS_WITHIN = 40
# A part of a longer term that is nearly as frequent is no term.
_NEARLY = 0.8


def name_groups(
    distinct: Sequence[Distinct], groups: Sequence[int], *, count: int, min_traces: int, min_users: int
) -> list[str]:
    """Name each group by its most distinctive terms.

    A term is a word or two neighbouring words; in scripts without spaces, signs that come together. It must occur in `min_traces` traces of the group
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
    names_of_people = _written_like_names(distinct)
    traces = _occurrences(distinct, groups, names_of_people, min_traces)
    users = _users(distinct, groups, names_of_people, traces, min_traces) if any(e.users for e in distinct) else None
    everywhere: Counter[str] = Counter()
    for inside in traces.values():
        everywhere.update(inside)
    average = sum(everywhere.values()) / max(1, len(traces))
    members: Counter[int] = Counter()
    for entry, group in zip(distinct, groups, strict=True):
        members[group] += entry.traces
    names: list[str] = []
    for group in range(count):
        size = sum(traces[group].values()) or 1
        weights = {
            term: n / size * math.log1p(average / everywhere[term]) * _length(term)
            for term, n in traces[group].items()
            if n >= min_traces
            and (users is None or len(users[group, term]) >= min_users)
            and (n >= _MOSTLY * members[group] or not _is_greeting(term))
        }
        names.append(_unlike(names, *_best(_whole(weights, traces[group])), group))
    return names


def _occurrences(
    distinct: Sequence[Distinct], groups: Sequence[int], names: frozenset[str], min_traces: int
) -> defaultdict[int, Counter[str]]:
    """How many traces of each group hold each term."""
    members: defaultdict[int, list[Distinct]] = defaultdict(list)
    for entry, group in zip(distinct, groups, strict=True):
        members[group].append(entry)
    traces: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for group, entries in members.items():
        for entry in entries:
            for term in set(_terms(entry.text, names)):
                traces[group][term] += entry.traces
        # There are a great many sequences of signs, and nearly all are rare.
        for term in [term for term, n in traces[group].items() if n < min_traces and UNSPACED.match(term)]:
            del traces[group][term]
    return traces


def _users(
    distinct: Sequence[Distinct],
    groups: Sequence[int],
    names: frozenset[str],
    traces: Mapping[int, Counter[str]],
    min_traces: int,
) -> defaultdict[tuple[int, str], set[int]]:
    """Who wrote the terms that are frequent enough in their group."""
    users: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for entry, group in zip(distinct, groups, strict=True):
        for term in set(_terms(entry.text, names)):
            if traces[group][term] >= min_traces:
                users[group, term] |= entry.users
    return users


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
        word = words[0] if len(words) == 1 and 1 < len(words[0]) <= _LONGEST else ""
        if word in ENGLISH_STOP_WORDS or word in SMALL_WORDS or word in names or not _is_word(word):
            word = ""
        if word:
            yield word
            if before:
                yield f"{before} {word}"
        before = word
    for run in UNSPACED.findall(text[:_SIGNS_WITHIN]):
        for length in _SIGNS:
            for start in range(len(run) - length + 1):
                if not MARK.match(run[start]):
                    yield run[start : start + length]


def _is_word(word: str) -> bool:
    return (
        word != ""
        and not any(sign.isdigit() or sign == "'" for sign in word)
        and "\u2019" not in word
        and not UNSPACED.search(word)
    )


def _length(term: str) -> float:
    """What a term weighs by its length: many signs say more than few, words are as good as each other."""
    return math.log2(len(term)) if UNSPACED.match(term) else 1.0


def _is_greeting(term: str) -> bool:
    return not GREETINGS.isdisjoint(term.split())


def _whole(weights: dict[str, float], traces: Mapping[str, int]) -> dict[str, float]:
    """Less the terms that are but a part of one of those that is nearly as frequent."""
    parts = {
        part
        for term in weights
        if UNSPACED.match(term)
        for part in (term[1:], term[:-1])
        if traces.get(part, 0) * _NEARLY <= traces[term]
    }
    return {term: weight for term, weight in weights.items() if term not in parts}


def _best(weights: dict[str, float]) -> tuple[list[str], int]:
    """The heaviest terms, and how many are worth saying; a word that is part of a chosen pair is not said twice."""
    chosen: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        alike = [other for other in chosen if _overlap(term, other)]
        if not alike:
            chosen.append(term)
        elif len(alike) == 1 and alike[0] in term.split() and weights[term] > 0.5 * weights[alike[0]]:
            chosen[chosen.index(alike[0])] = term
        if len(chosen) > 2 * _TERMS:
            break
    return chosen, sum(weights[term] >= _WORTH_SAYING * weights[chosen[0]] for term in chosen[:_TERMS])


def _overlap(one: str, two: str) -> bool:
    """Whether they share a word, or where words are not told apart two signs."""
    if not (UNSPACED.match(one) and UNSPACED.match(two)):
        return not set(one.split()).isdisjoint(two.split())
    return any(one[at : at + 2] in two for at in range(len(one) - 1))


def _unlike(taken: Sequence[str], terms: Sequence[str], said: int, group: int) -> str:
    """The shortest name of these terms, of so many and more, that is not taken."""
    if not terms:
        return f"group {group + 1}"
    for length in range(min(said, len(terms)), len(terms) + 1):
        name = ", ".join(terms[:length])
        if name not in taken:
            return name
    return f"{', '.join(terms[:_TERMS])} ({group + 1})"
