"""Labelled sets to lists of tokens, and what is done to them so that the tagger sees more than they hold."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
from letters import NICKNAMES

from llmci.adapters.recognizers.tagger import tokens_of
from llmci.adapters.recognizers.wordforms import words_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LABELS = ("O", "PERSON", "LOCATION", "ORGANIZATION", "ADDRESS")
ANY = (1 << len(LABELS)) - 1
# Sets of few documents: their records are told apart by id, not by group alone.
_FEW_GROUPS = frozenset({"btc", "crossner", "wikigold", "wnut17", "sec_filings", "meddocan_es"})
# How often a set is seen in a pass.
SETS = {
    "btc": 1.0,
    "crossner": 1.0,
    "wikigold": 1.0,
    "wnut17": 1.5,
    "sec_filings": 0.5,
    "multidogo": 1.0,
    "meddocan_es": 0.5,
    "taubench_airline": 0.4,
}
# Languages of Faker in Latin letters whose first name on the list has accents, and those in other letters with words.
_LATIN = frozenset(
    ["az", "cs", "da", "de", "es", "fi", "fr", "hr", "is", "it", "lt", "lv", "no", "pl", "pt", "sk", "sv", "tr", "vi"]
)
_CASED = frozenset(["ar", "bg", "el", "fa", "he", "hi", "hy", "ru", "uk"])
# Roles of a contract that its annotators called persons.
_ROLES = frozenset(
    [
        "borrower",
        "lender",
        "bank",
        "holder",
        "company",
        "party",
        "agent",
        "guarantor",
        "tenant",
        "landlord",
        "executive",
        "employee",
        "grantor",
        "pledgor",
    ]
)
# Words of last names that are no names.
_PARTICLES = ("van", "van der", "van den", "von", "von der", "zu", "de", "de la", "de los", "del", "della", "di", "da", "dos", "du", "le", "la", "al", "el", "bin", "ibn", "ben", "ter", "ten", "St.")  # fmt: skip


_VALUE = re.compile(r'"\w+": ?"[^"\\]{1,60}"')


@dataclass(slots=True)
class Sentence:
    """Tokens of a text, the labels that each may have (bits), and its label where there is but one."""

    tokens: list[str]
    allowed: list[int]


def is_held_out(name: str, record: dict[str, Any]) -> bool:
    """Whether a record belongs to the quarter of a set that no weight has seen."""
    key = str(record["group"]) + (str(record["id"]) if name in _FEW_GROUPS else "")
    return zlib.crc32(key.encode()) % 4 == 1


def records(data: Path, name: str) -> list[dict[str, Any]]:
    """Records to train on, each text once."""
    rows = pq.read_table(data / f"{name}.parquet").to_pylist()
    kept: dict[str, dict[str, Any]] = {}
    for row in rows:
        if is_held_out(name, row):
            continue
        if name == "multidogo" or row["text"] not in kept:
            kept[row["text"] + (str(row["id"]) if name == "multidogo" and row["spans"] else "")] = row
    return list(kept.values())


def sentence(name: str, row: dict[str, Any]) -> Sentence:
    """Tokens and labels of a record."""
    text, labelled = row["text"], set(row["labelled_types"])
    known = set(LABELS[1:]) if "*" in labelled else labelled & set(LABELS[1:])
    if name == "taubench_airline":
        # Its places are those where somebody lives; the ends of a flight are none.
        known.add("LOCATION")
    outside = sum(1 << i for i, label in enumerate(LABELS) if label not in known)
    tokens, allowed = [], []
    spans = sorted(row["spans"], key=lambda s: s["start"])
    at = 0
    for word, (start, end) in zip(*tokens_of(text), strict=True):
        while at < len(spans) and spans[at]["end"] <= start:
            at += 1
        bits = outside | 1
        if at < len(spans) and spans[at]["start"] < end:
            bits = _bits(name, text, spans[at])
        # Handles are the names of accounts; only one of the sets calls them persons.
        if name == "btc" and (word == "@" or text[start - 1 : start] == "@"):
            bits = 1
        tokens.append(word)
        allowed.append(bits)
    return Sentence(tokens, allowed)


def _bits(name: str, text: str, span: dict[str, Any]) -> int:
    kind = span["type"]
    if name == "sec_filings" and kind == "PERSON":
        value = text[span["start"] : span["end"]]
        return ANY if value.casefold() in _ROLES or " " not in value else 1 << 1
    if kind == "LOCATION" and name == "sec_filings":
        return 1 << 2 | 1 << 4
    if kind == "ZIP_CODE":
        return 1 | 1 << 4
    return 1 << LABELS.index(kind) if kind in LABELS else 1


def changed(found: Sentence, rng: random.Random, names: Names, *, chat: bool) -> Sentence:
    """A sentence with other names in it, in another case, or without its punctuation."""
    tokens, allowed = list(found.tokens), list(found.allowed)
    if rng.random() < 0.35:
        tokens, allowed = names.renamed(tokens, allowed, rng, lower=chat)
    if chat:
        return Sentence(tokens, allowed)
    dice = rng.random()
    if dice < 0.2:
        tokens = [t.lower() for t in tokens]
        if rng.random() < 0.6:
            kept = [i for i, t in enumerate(tokens) if t[0].isalnum() or t == "\n"]
            tokens, allowed = [tokens[i] for i in kept], [allowed[i] for i in kept]
    elif dice < 0.23:
        tokens = [t.upper() for t in tokens]
    elif dice < 0.26:
        tokens = [t.capitalize() for t in tokens]
    return Sentence(tokens, allowed)


class Names:
    """Names to put in the place of others: of many cultures, from the lists."""

    def __init__(
        self,
        locales: dict[str, tuple[list[str], list[str]]],
        census_last: Sequence[str],
        places: Sequence[str],
        firms: Sequence[str],
    ) -> None:
        self.places, self.firms = places, firms
        latin = {k: v for k, v in locales.items() if all(v) and (v[0][0].isascii() or k[:2] in _LATIN)}
        self._latin = list(latin.values())
        self._other = [v for k, v in locales.items() if k not in latin and all(v) and k[:2] in _CASED]
        self._english = [v for k, v in locales.items() if k.startswith("en_") or k == "en"]
        self._last = [name.capitalize() for name in census_last[:40000]]

    def pair(self, rng: random.Random) -> tuple[str, str]:
        """A first and a last name of one culture."""
        dice = rng.random()
        group = self._english if dice < 0.35 else self._latin if dice < 0.97 else self._other
        firsts, lasts = rng.choice(group)
        last = rng.choice(self._last) if group is self._english and rng.random() < 0.5 else rng.choice(lasts)
        first, dice = rng.choice(NICKNAMES if rng.random() < 0.04 else firsts), rng.random()
        if dice < 0.04:
            last = f"{rng.choice(_PARTICLES)} {last}"
        elif dice < 0.07:
            first = f"{first} {rng.choice(firsts)}"
        elif dice < 0.09:
            last = f"{last}-{rng.choice(lasts)}"
        return first, last

    def renamed(
        self, tokens: list[str], allowed: list[int], rng: random.Random, *, lower: bool
    ) -> tuple[list[str], list[int]]:
        """The sentence with people, and some places and firms, replaced by others of about as many words."""
        new_tokens: list[str] = []
        new_allowed: list[int] = []
        at = 0
        while at < len(tokens):
            bits, end = allowed[at], at + 1
            while end < len(tokens) and bits in (2, 4, 8) and allowed[end] == bits:
                end += 1
            made = self._another(tokens[at:end], bits, rng, lower=lower)
            new_tokens += made
            new_allowed += [bits] * len(made)
            at = end
        return new_tokens, new_allowed

    def _another(self, old: list[str], bits: int, rng: random.Random, *, lower: bool) -> list[str]:
        if bits not in (2, 4, 8) or len(old) > 2 or not all(t[0].isalpha() for t in old):
            return old
        if bits == 2:
            first, last = self.pair(rng)
            name = f"{first} {last}" if len(old) == 2 else first if rng.random() < 0.7 else last
        elif rng.random() < 0.5 and old[0][0].isupper():
            name = rng.choice(self.places if bits == 4 else self.firms)
        else:
            return old
        cased = (
            name.lower()
            if lower or old[0].islower()
            else name.upper()
            if len(old[0]) > 1 and old[0].isupper()
            else name
        )
        return words_of(cased)


def corpus(data: Path, sets: Sequence[str]) -> list[tuple[str, Sentence]]:
    """All sentences of the sets, with the name of their set."""
    rows = ((name, part) for name in sets for row in records(data, name) for part in (row, *values(row)))
    return [(name, found) for name, row in rows if (found := sentence(name, row)).tokens]


def values(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each value of a record in JSON with its key, as the tagger is asked about it."""
    if row["text"].lstrip()[:1] not in ("{", "["):
        return
    for match in _VALUE.finditer(row["text"]):
        start, end = match.span()
        spans = [
            {**s, "start": max(0, s["start"] - start), "end": min(end, s["end"]) - start}
            for s in row["spans"]
            if s["start"] < end and s["end"] > start
        ]
        if spans or zlib.crc32(match[0].encode()) % 8 == 0:
            yield {**row, "text": match[0], "spans": spans}


def joined(sentences: Sequence[Sentence], pad: int) -> Iterator[tuple[list[str | None], list[int]]]:
    """Tokens of sentences one after the other, with room between them."""
    tokens: list[str | None] = [None] * pad
    allowed = [0] * pad
    for found in sentences:
        tokens += found.tokens
        allowed += found.allowed
        tokens += [None] * pad
        allowed += [0] * pad
    yield tokens, allowed


def masks(allowed: Sequence[int]) -> np.ndarray:
    """Bits to a matrix (tokens, labels) of booleans."""
    return (np.asarray(allowed)[:, None] >> np.arange(len(LABELS)) & 1).astype(bool)
