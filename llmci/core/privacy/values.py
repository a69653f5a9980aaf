"""What a value looks like: a random string, a placeholder, a piece of code, or a password."""

from __future__ import annotations

import math
import re
from collections import Counter

# Runs of one class of characters; a capital belongs to the lower-case letters behind it.
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_VOWELS = frozenset("aeiouyAEIOUY")
_HEX = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Random strings change class every second or third character or sooner; words and names of things more seldom.
# In a short string that is seen less surely.
_LONGEST_MEAN_RUN, _LONGEST_OF_SHORT, _SHORT = 3.2, 2.7, 20
_LONGEST_WORD = 6
_FEWEST_VOWELS = 0.15
_SHORTEST_RANDOM, _FEWEST_RUNS = 10, 4
# xxxxxx and 000000 stand for a secret and are none.
_FILLED = re.compile(r"([A-Za-z0-9*.#_-])\1{5,}|(?i:xxxxxx|\*\*\*|\.\.\.)")
_STAND_IN = re.compile(
    r"(?i)^[\"'<({]{0,2}(?:example|sample|dummy|changeme|change_me|placeholder|redacted|your|my|some|insert|enter|replace)(?:[^a-z]|[a-z]*[_ -]|$)|placeholder|^(?:abcdef|1234|qwerty)[a-z0-9]{0,16}$"
)
_NO_VALUE = frozenset(
    """
    none null nil true false undefined yes no string str required optional test password passwd secret token key
    username user pass pwd empty default hidden masked n/a tbd todo admin_password integer int bool boolean
    array object number unknown enabled disabled missing invalid expired reset changed bearer basic
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# A variable, a template, a call, a path, an address of the web or a name of a thing of the system.
_CODE = re.compile(
    r"`|[\"']?\$\{{0,2} ?[\w(\[]|%\w+%|%[sdv]$|\{\{|<[\w /:-]*>?|&lt;|\[|\{|@[\w.]+@?$|#[a-z_-]+$|(?:process|os|self|this|config|settings|options|params|args|"
    r"secrets|var|vars|data|request|req|env|ctx|app|local|module|context)\.|[\w.>:-]+\(|[\w$]+->|https?:|ftp:|arn:|~?/|\./|\.\.|\s?\+|\.\$|!=|,"
)
_ONLY_CODE = re.compile(
    r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|[A-Z]+(?:_[A-Z]+)+|.*\.(?:py|js|ts|json|ya?ml|txt|pem|key|crt|com|html|md|log)"
)


def entropy(text: str) -> float:
    """Shannon entropy of a text's characters, in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def is_filler(value: str) -> bool:
    """Whether a value stands for another: `xxxxxxxx`, `your-api-key`, `abcdefgh`."""
    return (
        value.strip("\"'<>`").lower() in _NO_VALUE
        or len(set(value)) <= 3
        or _FILLED.search(value) is not None
        or _STAND_IN.search(value) is not None
    )


def is_code(value: str) -> bool:
    """Whether a value refers to another: a variable, a call, a path, an address."""
    return _CODE.match(value) is not None or _ONLY_CODE.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    """Whether a value is a UUID."""
    return _UUID.fullmatch(value) is not None


def is_random(value: str) -> bool:
    """Whether a value looks like drawn by a machine, rather than written by a person."""
    if len(value) < _SHORTEST_RANDOM:
        return False
    letters = sum(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    if not letters or not digits:
        return False
    if _HEX.fullmatch(value):
        return entropy(value) > 2.5
    runs = _RUN.findall(value)
    most = _LONGEST_MEAN_RUN if len(value) >= _SHORT else _LONGEST_OF_SHORT
    if sum(map(len, runs)) / len(runs) <= most and len(runs) >= _FEWEST_RUNS:
        return True
    return any(
        len(run) > _LONGEST_WORD and run.isalpha() and sum(c in _VOWELS for c in run) / len(run) < _FEWEST_VOWELS
        for run in runs
    )


def is_password(value: str) -> bool:
    """Whether a word is one that people choose to be hard to guess."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    present = sum(any(test(c) for c in value) for test in kinds)
    return len(value) >= 5 and present >= 2 and any(c.isdigit() or c in "!@#$%^&*" for c in value)
