"""What people say letter by letter and figure by figure: addresses of mail, telephone numbers and dates, as transcripts have them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIGURES = (
    "zero one two three four five six seven eight nine",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zéro un deux trois quatre cinq six sept huit neuf",
)
_FIGURE = {word: str(value) for words in _FIGURES for value, word in enumerate(words.split())} | {"oh": "0"}
_TIMES = {"double": 2, "triple": 3}
_MORE = ("oh", *_TIMES)
_ANY = "|".join(sorted({*_FIGURE, *_TIMES}, key=len, reverse=True))
_BETWEEN = r"(?:[ ]?[,.;/–-][ ]?|[ ])"
# Seven figures are the least that anything is known by.
_NUMBER = re.compile(rf"(?<!\w)(?:{_ANY})(?:{_BETWEEN}(?:{_ANY})){{5,30}}(?!\w)", re.IGNORECASE)
_PIECE = re.compile(rf"(?P<word>{_ANY})(?P<gap>{_BETWEEN})?", re.IGNORECASE)
_LEAST = 7
# Of a text, so much is searched around words that are worth it.
_BEFORE, _BEHIND = 160, 240
_DOT = r"[ ](?:dot|punkt|punto|point)[ ]"
_MAIL = re.compile(
    rf"(?<![\w@.])(?!(?:me|us|him|her|them|it|is|are|look|find|reach|mail|e-?mail|contact|visit|sign|located|available|be|was)[ ](?:at|bei)\b)"
    rf"(?P<local>[\w+-]{{1,40}}(?:(?:{_DOT}|[ ](?:underscore|dash|hyphen|minus)[ ])[\w+-]{{1,40}}){{0,4}})"
    rf"[ ](?:at|arroba|arobase|ät)[ ](?P<host>[\w-]{{1,40}}(?:{_DOT}[\w-]{{2,24}}){{1,3}})(?!\w)",
    re.IGNORECASE,
)
_SIGNS = {"underscore": "_", "dash": "-", "hyphen": "-", "minus": "-"}
_SIGN = re.compile(r"[ ](dot|punkt|punto|point|underscore|dash|hyphen|minus)[ ]", re.IGNORECASE)
_ORDINALS = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth
    """.split()  # noqa: SIM905  words read more easily without quotes
_UNITS = "one two three four five six seven eight nine".split()  # noqa: SIM905  words read more easily without quotes
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_ORDINAL = {word: index for index, word in enumerate(_ORDINALS, start=1)} | {"thirtieth": 30}
_ORDINAL |= {f"{tens}-{word}": 10 * ten + index for ten, tens in ((2, "twenty"), (3, "thirty"))
             for index, word in enumerate(_ORDINALS[:9], start=1)}  # fmt: skip
_CARDINAL = {word: index for index, word in enumerate([*_UNITS, *_TEENS], start=1)}
_CARDINAL |= {word: 10 * index for index, word in enumerate(_TENS, start=2)}
_CARDINAL |= {f"{tens}-{unit}": 10 * ten + one for ten, tens in enumerate(_TENS, start=2)
              for one, unit in enumerate(_UNITS, start=1)}  # fmt: skip
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"


def _any_of(words: dict[str, int]) -> str:
    return "|".join(sorted((word.replace("-", "[ -]") for word in words), key=len, reverse=True))


# A day beside its month, and a year behind it, in words.
_YEAR = rf"(?:(?P<century>nineteen|twenty)[ -](?:hundred[ ](?:and[ ])?)?|(?P<thousand>two thousand)(?:[ ]and)?[ ]?)(?P<rest>(?:oh[ -])?(?:{_any_of(_CARDINAL)}))?"
_DATE = re.compile(
    rf"(?<!\w)(?:(?:(?P<day>{_any_of(_ORDINAL)})[ ](?:day[ ])?(?:of[ ])?(?P<month>{_MONTH})|(?P<first>{_MONTH})[ ](?:the[ ])?(?P<last>{_any_of(_ORDINAL)})"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ ](?:of[ ])?(?:{_MONTH})|(?:{_MONTH})[ ]\d{{1,2}}(?:st|nd|rd|th)?)(?:,?[ ](?:in[ ])?(?P<year>{_YEAR}))?)(?!\w)",
    re.IGNORECASE,
)


def said(text: str) -> Iterator[tuple[int, int, str]]:
    """Where something is spelled out, and how it is written; in order."""
    at = 0
    for start, end in _worth(text):
        edits = [
            *((*match.span(), _written(match)) for match in _MAIL.finditer(text, start, end)),
            *(edit for match in _NUMBER.finditer(text, start, end) if (edit := _number(match)) is not None),
            *(edit for match in _DATE.finditer(text, start, end) for edit in _dated(match)),
        ]
        for edit in sorted(edits):
            if edit[0] >= at:
                yield edit
                at = edit[1]


def _written(match: re.Match[str]) -> str:
    local, host = (_SIGN.sub(lambda sign: _SIGNS.get(sign[1].lower(), "."), match[part]) for part in ("local", "host"))
    return f"{local}@{host}"


def _number(match: re.Match[str]) -> tuple[int, int, str] | None:
    made, times = "", 1
    for piece in _PIECE.finditer(match[0]):
        word = piece["word"].lower()
        if word in _TIMES:
            times = _TIMES[word]
            continue
        made += _FIGURE[word] * times + ("-" if (piece["gap"] or " ").strip() and piece.end() < len(match[0]) else "")
        times = 1
    return (*match.span(), made) if sum(map(str.isdigit, made)) >= _LEAST else None


def _dated(match: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    for group in ("day", "last"):
        if match[group]:
            number = _ORDINAL[match[group].lower().replace(" ", "-")]
            yield *match.span(group), str(number)
    if match["year"] and (match["rest"] or match["thousand"]):
        rest = (match["rest"] or "").lower()
        rest = rest.removeprefix("oh ").removeprefix("oh-").replace(" ", "-")
        century = {"nineteen": 1900, "twenty": 2000}.get((match["century"] or "").lower(), 2000)
        yield *match.span("year"), str(century + _CARDINAL.get(rest, 0))


def _worth(text: str) -> Iterator[tuple[int, int]]:
    """Stretches around words that stand beside each other in what is spelled out, and hardly anywhere else."""
    if len(text) <= _LEAST:
        return
    start = end = 0
    for _, first, last in _finder().find_matches_as_indexes(text.lower()):
        if first - _BEFORE > end:
            if end:
                yield start, end
            start = max(0, first - _BEFORE)
        end = last + _BEHIND
    if end:
        yield start, min(end, len(text))


@lru_cache(maxsize=1)
def _finder() -> Any:  # noqa: ANN401  an AhoCorasick
    from ahocorasick_rs import AhoCorasick, Implementation

    months = _MONTH.lower().split("|")
    begins = {word[:3] for word in (*_ORDINAL, "the")}
    return AhoCorasick(
        [
            *(f"{one} {other}" for words in _FIGURES for one, other in product((*words.split(), *_MORE), repeat=2)),
            *(f"{one}, {other}" for one, other in product((*_FIGURES[0].split(), *_MORE), repeat=2)),
            *(f" {dot} " for dot in ("dot", "punkt", "punto", "point")),
            *(f"{end} of " for end in _ORDINAL if "-" not in end),
            *(f"{end} {month}" for end, month in product(("rst", "ond", "ird", "th"), months)),
            *(f"{month} {word}" for month, word in product(months, begins)),
            *("nineteen", "two thousand", "twenty twenty", "twenty oh", "twenty ten"),
        ],
        # Four times as fast as what it takes by itself.
        implementation=Implementation.DFA,
    )
