"""A guess at the language of an input: by its script, and within the Latin script by its small words."""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN = "und"

# Scripts by code point range. Those that one large language owns name it; the order decides ties,
# so kana comes before the Han characters that Japanese shares with Chinese.
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u4e00-\u9fff\u3400-\u4dbf]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_LATIN = re.compile("[a-zà-öø-ÿœšžßığşęąłżźćńő]+", re.IGNORECASE)
_SMALL_WORDS = {
    "en": "the and is are was were to of in on for with my i you it this that how what why can do does not have has be",
    "es": "el los las una de que y en es por para con no mi se lo al del cómo qué cuál puedo tengo está hola",
    "fr": "le les des une du et est en que qui pour pas dans sur je mon ma mes vous avec comment quel puis bonjour",
    "de": "der die das und ist ich nicht ein eine zu den mit von für auf wie was kann mein meine bitte es im habe",
    "it": "il lo gli una di che e è per non con mi del della sono come posso mio mia ho questo ciao quale",
    "pt": "o os as um uma de que e em para não com por meu minha do da como posso está qual você olá",
    "nl": "de het een en van ik is dat niet op te met voor mijn hoe kan wat je heb naar aan er",
}
_VOTES = {
    word: [code for code, words in _SMALL_WORDS.items() if word in words.split()]
    for words in _SMALL_WORDS.values()
    for word in words.split()
}
# Words that say nothing of what a text is about, in the languages that are told by them.
SMALL_WORDS = frozenset(_VOTES)
_LEAST_SHARE = 0.3


# A language of the Latin script is sure with so many votes, and so many times those of any other.
_SURE_VOTES = 3.0
_SURE_TIMES = 2.0


def language_of(text: str) -> str:
    """An ISO 639-1 code, or `UNKNOWN` where the text is too short or too mixed to tell."""
    return _told(text, least=0.0, times=1.0)


def surely(text: str) -> str:
    """As `language_of`, but `UNKNOWN` where it is little more than a guess."""
    return _told(text, least=_SURE_VOTES, times=_SURE_TIMES)


def _told(text: str, *, least: float, times: float) -> str:
    if not text.isascii():
        letters = sum(character.isalpha() for character in text)
        for code, script in _SCRIPTS if letters else ():
            if len(script.findall(text)) >= _LEAST_SHARE * letters:
                return code
    code, first, second = _most_votes(text)
    return code if first > times * second and first >= least else UNKNOWN


# A trace's input is asked about twice.
@lru_cache(maxsize=4)
def _most_votes(text: str) -> tuple[str, float, float]:
    """The language with the most votes of its small words, those votes, and those of the next."""
    votes = dict.fromkeys(_SMALL_WORDS, 0.0)
    for word in filter(_VOTES.__contains__, _LATIN.findall(text.lower())):
        codes = _VOTES[word]
        for code in codes:
            votes[code] += 1 / len(codes)
    second, first = sorted(votes.values())[-2:]
    return max(votes, key=votes.__getitem__), first, second
