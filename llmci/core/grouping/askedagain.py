"""Which traces left their user unserved: the same conversation soon holds the same question again, be it in other words."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from llmci.core.grouping.language import SMALL_WORDS
from llmci.core.grouping.sample import digest64
from llmci.core.grouping.texts import input_text

if TYPE_CHECKING:
    from datetime import datetime

    from llmci.domain.trace import TraceRow

# Where words are written without spaces, each sign is one.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
# Vowels and doubled letters are what is mistyped most, and an ending what changes in other words.
_UNSURE = re.compile(r"(?<=.)[aeiouy]|(.)(?=\1)")
_STEM, _SHORT = 4, 5
# Calls that follow at once are a program's, not a person's.
_SOONEST = timedelta(seconds=2)
_LATEST = timedelta(minutes=10)
# Share of the words of both questions that is in both. Neither may have a word in place of another of the other: the weather in
# Paris is another question than the weather in London.
_ALIKE = 0.5
# A greeting or a "yes" may well come twice.
_FEWEST_WORDS = 3
_MOST_SESSIONS = 50_000
_MOST_TURNS = 8


@dataclass(frozen=True, slots=True)
class _Turn:
    trace: int
    start: datetime
    end: datetime
    # In their order; an odd number stands for a small word, which says nothing of what is asked.
    words: array[int]


@dataclass(slots=True)
class Sessions:
    """Gathers the questions of conversations, trace by trace, in any order.

    The latest few questions of the conversations that were seen last are held; that is enough where
    the traces of a conversation rest near to each other.

    Attributes:
        asked_again: Digests of the ids of the traces whose user asked again.
    """

    asked_again: set[int] = field(default_factory=set)
    _held: OrderedDict[int, deque[_Turn]] = field(default_factory=OrderedDict)

    def add(self, row: TraceRow) -> None:
        """Take one trace into account; one without session, start or words says nothing."""
        turn = _turn(row)
        if turn is None:
            return
        self._hold(digest64(row["session_id"]), turn)

    def merge(self, other: Sessions) -> None:
        """Take in what was gathered of other traces; a conversation may go on there."""
        self.asked_again |= other.asked_again
        for session, turns in other._held.items():
            for turn in turns:
                self._hold(session, turn)

    def _hold(self, session: int, turn: _Turn) -> None:
        turns = self._held.setdefault(session, deque(maxlen=_MOST_TURNS))
        self._held.move_to_end(session)
        for other in turns:
            before, after = (other, turn) if other.start <= turn.start else (turn, other)
            if _again(before, after):
                self.asked_again.add(before.trace)
        turns.append(turn)
        if len(self._held) > _MOST_SESSIONS:
            self._held.popitem(last=False)


def _turn(row: TraceRow) -> _Turn | None:
    start = row.get("start")
    if row.get("session_id") is None or start is None or not _user_spoke_last(row):
        return None
    words = _WORD.findall(input_text(row.get("input")).casefold())
    if len(set(words)) < _FEWEST_WORDS:
        return None
    # Numbers in place of words: a session's end is sent from one process to another, and may wait there for long.
    numbers = array("I", (_number(word) for word in words))
    end = start + timedelta(milliseconds=row.get("latency_ms") or 0)
    return _Turn(digest64(row["trace_id"]), start, end, numbers)


def _user_spoke_last(row: TraceRow) -> bool:
    """Whether this is a turn of the user, and no further call of an agent on the same turn."""
    messages = (row.get("input") or {}).get("messages") or ()
    return not messages or (messages[-1].get("role") or "").lower() == "user"


def _again(before: _Turn, after: _Turn) -> bool:
    if after.start < before.end or not _SOONEST <= after.start - before.start <= _LATEST:
        return False
    one, two = _telling(before.words), _telling(after.words)
    if (one - two and two - one) or len(one & two) < _ALIKE * len(one | two):
        return False
    return not _one_other_word(before.words, after.words)


def _number(word: str) -> int:
    """What stands for a word, however it is mistyped or ends; odd for a small word."""
    stem = _UNSURE.sub("", word)[:_STEM] if word.isascii() and word.isalpha() and len(word) >= _SHORT else word
    return zlib.crc32(stem.encode()) & ~1 | (word in SMALL_WORDS)


def _telling(words: array[int]) -> set[int]:
    """Words but small ones, unless there are no others."""
    return {word for word in words if not word & 1} or set(words)


def _one_other_word(one: array[int], two: array[int]) -> bool:
    """Whether all is alike but for one word, as in "turn it on" and "turn it off"; "my" and "the" are as good as each other."""
    other = [(a, b) for a, b in zip(one, two, strict=False) if a != b]
    return len(one) == len(two) and len(other) == 1 and not (other[0][0] & other[0][1] & 1)
