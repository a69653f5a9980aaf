"""A guess at the language of an input: by its script, and within the Latin script by its small words."""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN = "und"

# Scripts by code point range. Those that one large language owns name it.
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
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("pa", re.compile("[\u0a00-\u0a7f]")),
    ("gu", re.compile("[\u0a80-\u0aff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("kn", re.compile("[\u0c80-\u0cff]")),
    ("ml", re.compile("[\u0d00-\u0d7f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("am", re.compile("[\u1200-\u137f]")),
    ("km", re.compile("[\u1780-\u17ff]")),
    ("my", re.compile("[\u1000-\u109f]")),
    ("si", re.compile("[\u0d80-\u0dff]")),
)
# Letters, or words, that only one of the languages of a script has, looked for in this order.
_OWN = {
    "ru": (
        ("uk", re.compile("[іїєґ]", re.IGNORECASE)),
        ("sr", re.compile("[ђјљњћџ]", re.IGNORECASE)),
        ("ru", re.compile("[ыэё]", re.IGNORECASE)),
        ("bg", re.compile(r"ъ[^\Wеёюя]|\b(?:съм|моята|какво|къде|искам|да се|във|със|беше|ще|това)\b", re.IGNORECASE)),
        ("uk", re.compile(r"\b(?:де|як|що|чи|та|це|не можу|будь ласка)\b", re.IGNORECASE)),
    ),
    "ar": (("ur", re.compile("[ٹڈڑںےھ]")), ("fa", re.compile("[پچژگیک]"))),
    "hi": (("mr", re.compile(r"ळ|\b(?:आहे|माझे|माझा|माझी|कसे|कुठे)")),),
}
# Japanese has signs of its own between those that it shares with Chinese.
_KANA = 0.05
# Signs that hardly any Japanese text holds: without them a few shared ones may be either.
_CHINESE = re.compile("[的了吗嗎我你您们們这這那怎么麼没沒给給请請哪谁誰什为為么呢吧]")
_LATIN = re.compile("[a-zß-öø-ÿ\u0100-\u024f\u1e00-\u1eff]+", re.IGNORECASE)
_SMALL_WORDS = {
    "en": "the and is are was were to of in on for with my i you it this that how what why can do does not have has be where when a me please want there",
    "es": "el los las una un de que y en es por para con no mi se lo al del cómo qué cuál puedo tengo está hola dónde quiero mis su gracias",
    "fr": "le les des une un du et est en que qui pour pas dans sur je mon ma mes vous avec comment quel puis bonjour où veux la",
    "de": "der die das und ist ich nicht ein eine zu den mit von für auf wie was kann mein meine bitte es im habe wo möchte sie wird",
    "it": "il lo gli una un di che e è per non con mi del della sono come posso mio mia ho questo ciao quale dov voglio la",
    "pt": "o os as um uma de que e em para não com por meu minha do da como posso está qual você olá onde quero a meus",
    "nl": "de het een en van ik is dat niet op te met voor mijn hoe kan wat je heb naar aan er waar wil",
    "sv": "och att det är en som på jag inte med för till av min mitt mina hur vad var kan vill har om den ett hej",
    "da": "og at det er en som på jeg ikke med for til af min mit mine hvordan hvad hvor er kan vil gerne har om den et hej",
    "no": "og at det er en som på jeg ikke med for til av min mitt mine hvordan hva hvor er kan vil gjerne har om den et hei meg",
    "fi": "ja on ei se että en mutta ovat minun mitä miten missä miksi voinko haluan kun tämä ole",
    "pl": "i w na nie się jest to z do że co jak gdzie mój moja moje mogę chcę proszę jak czy dla od za po mam",
    "cs": "a v na se je to že s z do jak kde můj moje mohu chci prosím co jsem není si mám být",
    "ro": "și în de la nu este un o cu pe să mi meu mea cum unde vreau pentru ce am",
    "hu": "a az és hogy nem van egy is de meg mi hol hogyan szeretném kérem mert csak ezt",
    "tr": "ve bir bu için ile de da ne nasıl nerede mi mı istiyorum değil var çok olarak benim lütfen hangi",
    "id": "yang dan di saya tidak untuk dengan ini itu ke dari bagaimana apa mana bisa cara ingin adalah kapan",
    "vi": "của tôi là và không có cho được này với một các ở đâu như thế nào muốn làm sao bạn",
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
            share = len(script.findall(text)) / letters
            if share >= (_KANA if code == "ja" else _LEAST_SHARE):
                return _of_script(code, text, sure=least > 0)
    code, first, second = _most_votes(text)
    return code if first > times * second and first >= least else UNKNOWN


def _of_script(code: str, text: str, *, sure: bool) -> str:
    if code == "zh":
        return code if not sure or _CHINESE.search(text) else UNKNOWN
    return next((own for own, sign in _OWN.get(code, ()) if sign.search(text)), code)


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
