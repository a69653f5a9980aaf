"""Signs in a text that something is wrong with it: it refuses, or says the same again and again."""

from __future__ import annotations

import re
from collections import Counter

# So often is again and again.
LOOP_TIMES = 4
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)? (?:sorry|afraid)|i apologi[sz]e|unfortunately|as an ai(?: language model)?)\b"
    r"[^.!?]{0,60}\b(?:can(?:'t|not)|can not|(?:am )?(?:not able|unable) to|won't be able)\b"
    r"|^\W*i (?:can(?:'t|not)|can not|am not able to|am unable to|won't) (?:help|assist|answer|provide|comply|do that)\b",
    re.IGNORECASE,
)
_REFUSAL_WITHIN = 300
_SENTENCE = re.compile(r"[^.!?\n]{15,}[.!?\n]*")
_LOOP_WITHIN = 20_000
# So many characters at the end that repeat themselves are no table and no verse.
_ROUND = 160


def is_refusal(text: str) -> bool:
    """Whether a text begins by saying, in English, that it will not do what was asked."""
    return bool(_REFUSAL.search(text[:_REFUSAL_WITHIN].replace("\u2019", "'")))


def says_again(text: str) -> bool:
    """Whether its end says the same sentence again and again."""
    sentences = [match.strip().lower() for match in _SENTENCE.findall(text[-_LOOP_WITHIN:])]
    return any(times >= LOOP_TIMES for times in Counter(sentences).values()) or _goes_round(text)


def _goes_round(text: str) -> bool:
    """Whether it ends in a few words over and over, wherever it was cut off; rules and dots are no words."""
    end = text.rstrip()[-_ROUND:]
    if len(end) < _ROUND or not any(sign.isalpha() for sign in end):
        return False
    return any(end[period:] == end[:-period] for period in range(1, _ROUND // LOOP_TIMES + 1))
