"""Whether a text says the same again and again: sentences in their turn, or a few words at its end.

A word or a line that comes often is none: programs, tables, lists and songs are full of them. In a loop nothing else comes between.
"""

from __future__ import annotations

import re

# So often is again and again.
LOOP_TIMES = 4
# Lines of programs and tables are alike more often than sentences are.
_LINES_TIMES = 20
_LINE_OF_CODE = re.compile(r"[{}\[\]<>=;|\t]|^\s{2,}|,\S+,|\"\s*:")
_SENTENCE = re.compile(r"[^.!?\n。！？।؟]+[.!?\n。！？।؟]*")  # noqa: RUF001  ends of sentences in many scripts
# Numbers of a list, and what marks its points.
_POINT = re.compile(r"^[\W\d_]+|\W+$")
_WITHIN = 20_000
# So many sentences may take their turn.
_TURN = 4
# What a turn of sentences has at least, in bytes: a script that needs few signs has long ones.
_LEAST = 16
# So many characters at the end that repeat themselves are no verse.
_ROUND = 160
_LONGEST_ROUND = 400
_MARK = 12
_TRIES = 12


def says_again(text: str) -> bool:
    """Whether it says the same sentences again and again with nothing between, or ends in a few words over and over."""
    return _in_turn(text[-_WITHIN:]) or _goes_round(text)


def _in_turn(text: str) -> bool:
    said = [match.rstrip() for match in _SENTENCE.findall(text)]
    bare = [_POINT.sub("", each).casefold() for each in said]
    kept = [at for at, each in enumerate(bare) if each]
    plain, rough = [bare[at] for at in kept], [said[at] for at in kept]
    for turn in range(1, min(_TURN, len(plain) // LOOP_TIMES) + 1):
        alike = 0
        for at in range(turn, len(plain)):
            alike = alike + 1 if plain[at] == plain[at - turn] else 0
            if alike >= (LOOP_TIMES - 1) * turn and _enough(plain, rough, at, alike, turn):
                return True
    return False


def _enough(plain: list[str], rough: list[str], at: int, alike: int, turn: int) -> bool:
    """Whether what came round by then is more than short words, or lines of a program."""
    if sum(len(each.encode()) for each in plain[at - turn + 1 : at + 1]) < _LEAST:
        return False
    of_code = any(_LINE_OF_CODE.search(each) for each in rough[at - turn + 1 : at + 1])
    return not of_code or alike >= (_LINES_TIMES - 1) * turn


def _goes_round(text: str) -> bool:
    """Whether it ends in a few words over and over, wherever it was cut off; rules, dots and long codes are no words."""
    end = text.rstrip()[-LOOP_TIMES * _LONGEST_ROUND :]
    mark, before = end[-_MARK:], len(end)
    for _ in range(_TRIES):
        before = end.rfind(mark, 0, before - 1)
        period = len(end) - _MARK - before
        if before < 0 or period > _LONGEST_ROUND:
            return False
        round_ = end[-max(_ROUND, LOOP_TIMES * period) :]
        if len(round_) >= _ROUND and round_[period:] == round_[:-period] and len(round_) >= LOOP_TIMES * period:
            return _are_words(round_[:period])
        before += _MARK
    return False


def _are_words(text: str) -> bool:
    return any(sign.isalpha() for sign in text) and (not text.isascii() or any(sign.isspace() for sign in text))
