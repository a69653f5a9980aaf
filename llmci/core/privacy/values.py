"""What a value looks like: a random string, a placeholder, a piece of code, or a password."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

# Runs of one class of characters; a capital belongs to the lower-case letters behind it.
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_LETTERS = re.compile(r"[a-z]{2,}")
_VOWELS = frozenset("aeiouyAEIOUY")
_HEX = re.compile(r"[0-9a-f]{15,}|[0-9A-F]{15,}")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Random strings change class every second or third character or sooner; words and names of things more seldom.
# In a short string that is seen less surely.
_LONGEST_MEAN_RUN, _LONGEST_OF_SHORT, _SHORT = 3.2, 2.7, 20
_LONGEST_WORD = 6
_FEWEST_VOWELS = 0.15
_SHORTEST_RANDOM, _FEWEST_RUNS = 10, 4
# The 230 pairs of letters of which 94 % of the pairs in English words are; of drawn letters it is a third.
_PAIRS = frozenset(
    """
    ab ac ad ag ai ak al am an ap ar as at au av aw ay ba bb be bi bl bo br bu ca ce ch ci ck cl co cr ct cu da dd de di
    dl do dr ds du ea ec ed ee ef eg ei el em en ep er es et ev ew ex fa fe ff fi fl fo fr fu ga ge gg gh gi gl go gr gs
    gu ha he hi ho ht hu ia ib ic id ie if ig il im in io ip ir is it iv iz ke ki ks la ld le li ll lo ls lt lu ly ma mb
    me mi mm mo mp ms mu na nc nd ne nf ng ni nk nn no ns nt nu oa ob oc od og oi ol om on oo op or os ot ou ov ow pa pe
    ph pi pl po pp pr ps pt pu qu ra rc rd re rg ri rk rl rm rn ro rr rs rt ru ry sa sc se sh si sl sm so sp ss st su ta
    tc te th ti tl to tr ts tt tu ty ua ub uc ud ue ug ui ul um un up ur us ut va ve vi vo wa we wi wo ys ze
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_FEWEST_PAIRS, _FEWEST_USUAL = 5, 0.55
# xxxxxx and 000000 stand for a secret and are none.
_FILLED = re.compile(r"([A-Za-z0-9*.#_-])\1{5,}|(?i:xxxxxx|\*\*\*|\.\.\.)")
_STAND_IN = re.compile(
    r"(?i)^[\"'<({]{0,2}(?:example|sample|dummy|changeme|change_me|placeholder|redacted|your|my|some|insert|enter|replace)(?:[^a-z]|[a-z]*[_ -]|$)|placeholder|^(?:abcdef|1234|qwerty)[a-z0-9]{0,16}$"
)
# An alphabet, or the digits in their order, are nobody's secret.
_ALPHABET = re.compile(r"(?i)abcdefghij|qrstuvwxyz|0123456789|1234567890")
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
    r"secrets|var|vars|data|request|req|env|ctx|app|local|module|context)\.|[\w.>:-]+\(|[A-Za-z_]\w*\[|[\w$]+->|https?:|ftp:|arn:|~?/|\./|\.\.|\s?\+|\.\$|!=|,"
)
_ONLY_CODE = re.compile(
    r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|[A-Z]+(?:_[A-Z]+)+|[a-z_]+(?:/[a-z_]+)+#[a-z_]+|.*\.(?:py|js|ts|json|ya?ml|txt|pem|key|crt|com|html|md|log)"
)

# An attribute of something: forge.pkcs5.pbkdf2.
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


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
        or _ALPHABET.search(value) is not None
        or _STAND_IN.search(value) is not None
    )


def is_code(value: str) -> bool:
    """Whether a value refers to another: a variable, a call, a path, an address."""
    if _CODE.match(value) is not None or _ONLY_CODE.fullmatch(value) is not None:
        return True
    return _DOTTED.fullmatch(value) is not None and not any(is_random(part) for part in value.split("."))


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
    pairs = [a + b for run in _LETTERS.findall(value.lower()) for a, b in pairwise(run)]
    if len(pairs) >= _FEWEST_PAIRS and sum(pair in _PAIRS for pair in pairs) < _FEWEST_USUAL * len(pairs):
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
