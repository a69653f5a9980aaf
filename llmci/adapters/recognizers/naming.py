"""Names of people, places and organisations, and addresses: what rules see and what the tagger makes of it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.adapters.recognizers.people import HEADED, ITEM, lists, people
from llmci.adapters.recognizers.software import is_software
from llmci.adapters.recognizers.tagger import LABELS, bundled, places_of
from llmci.adapters.recognizers.wordforms import words_of
from llmci.core.privacy.common_names import NAMES_THAT_ARE_WORDS
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DETECTOR = "structured.tagger"
# A finding holds a word at least as likely as the first, and only words as likely as the second.
# Names that are less likely are findings below any score that counts: hints for the memory.
_LIKELY = {"PERSON": (0.1, 0.25), "LOCATION": (0.5, 0.35), "ORGANIZATION": (0.5, 0.35), "ADDRESS": (0.6, 0.4)}
_PERSON = LABELS.index("PERSON")
_COLUMNS = [LABELS.index(kind) for kind in _LIKELY]
# Of the two the lower one, and the second, as single as probabilities are.
_OPENS = {kind: float(np.float32(min(bounds))) for kind, bounds in _LIKELY.items()}
_HOLDS = {kind: float(np.float32(bounds[1])) for kind, bounds in _LIKELY.items()}
# Below this a finding is a hint and no more.
_COUNTS = 0.38
_MOST_OF_A_HINT = 0.2
# At the beginning of a sentence a capital says nothing.
_LIKELY_AT_START, _ENDS = 0.5, frozenset(".!?\n")
# The least that a finding is called, so that it counts by any usual `min_score`.
_LEAST = 0.5
# What a rule found is dropped where the tagger is surer than this that nobody is named.
_DOUBT, _DOUBT_OF_CUE = float(np.float32(0.15)), float(np.float32(0.05))
_CUE = 0.8
# An address without any number needs this.
_SURE = 0.9
# Names in addresses of the web and in handles are parts of them.
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w@])[@#]\w+")
# Keys of prose say nothing of the words under them.
_LONGEST_UNDER_KEY = 60
_LONGEST_CODE = 4
_TITLE = re.compile(r"(?<!\w)(?i:mr|mrs|ms|miss|mx|dr)\b\.?[ ]$")
_BEFORE = 6
_DEGREE = re.compile(r",?[ ](?:M\.?D\.?|Ph\.?D\.?|D\.?V\.?M\.?|D\.?D\.?S\.?|Jr\.?|Sr\.?|II|III|IV|Esq\.?|CPA|RN)(?!\w)")
_HAN, _LONGEST_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+"), 6
_PRONOUNS = frozenset("Меня Мне Мой Моя Мои Моё Вас Вам Ваш Ваша Здравствуйте Привет Спасибо Пожалуйста Это".split())  # noqa: RUF001,SIM905
# Written down, and not asked of the interpreter, so that every version of it finds the same.
_MODULES = [
    "argparse",
    "asyncio",
    "collections",
    "contextlib",
    "datetime",
    "decimal",
    "difflib",
    "functools",
    "hashlib",
    "importlib",
    "inspect",
    "itertools",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "numpy",
    "operator",
    "pandas",
    "pathlib",
    "pickle",
    "random",
    "shutil",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "typing",
    "unittest",
    "urllib",
    "uuid",
    "xml",
    "zipfile",
]
# A name in code: parts with dots between them, one of which is spelled as no word of prose is, or that is called,
# or that begins with a module that everyone has. "Thank you John.Please ..." is none.
_CODE = re.compile(
    r"(?<![\w@.])(?:(?=[\w.]*(?:[a-z][A-Z]|\w_\w|\d|\.\w+\.\w|\())|(?="
    + "|".join(_MODULES)
    + r"))[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?![\w@])\(?"
)
_DOTTED = re.compile(r"\w\.\w")
# What joins a word to the next in an identifier; a number after it is rather that of a person's account.
_JOINED, _JOINED_BEFORE = re.compile(r"_{1,2}[A-Za-z]"), re.compile(r"[A-Za-z]_$|__$")
# A date in brackets right behind a full name.
_BORN = re.compile(r"[ ]?\((\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2})\)")
# A town, a country and a postcode that ends the line, behind an address.
_POSTCODE = re.compile(
    r"(?:[,\s]{1,3}[^\W\d_][^\W\d_.'’-]{0,24}){0,6}[,\s]{1,3}\d{4,6}(?:-\d{4})?(?=[ \t]*(?:\n|$|[.,;]))"
)
# A list whose items are likely people on average is one of people.
_LISTED = 0.4


def named(texts: Sequence[tuple[str, str | None]], extra: frozenset[str]) -> list[list[Span]]:
    """Names and addresses; what rules took for a person counts only where the tagger does not rule it out.

    Args:
        texts: Each text to be searched with the key that it stands under, if any.
        extra: First names that the project knows, in lower case.
    """
    found: list[list[Span]] = [[] for _ in texts]
    asked = [at for at, (_, key) in enumerate(texts) if key != ""]
    for at, tagged in zip(asked, _tagged([texts[at] for at in asked]), strict=True):
        found[at] = list(_named(texts[at][0], tagged, extra))
    return found


def _named(text: str, tagged: Tagged, extra: frozenset[str]) -> Iterator[Span]:
    # Where nobody is likely, none of what the rules find is left; what is found otherwise needs no tagger.
    may_name = tagged.may_name or extra or not text.isascii()
    if may_name or tagged.may_hold:
        tagged.open()
    if may_name:
        for span in people(text, extra):
            if span.detector == HEADED or extra.intersection(text[span.start : span.end].casefold().split()):
                yield span
            elif (kept := tagged.trimmed(span)) is not None:
                yield kept
    marked = "@" in text or "#" in text or "://" in text or "www." in text
    links = [match.span() for match in _LINK.finditer(text)] if marked else []
    yield from (Span(start, end, "URL", _LEAST, _DETECTOR) for start, end in links if text[start] not in "@#")
    if tagged.may_hold:
        for span in tagged.spans():
            if not any(start <= span.start < end for start, end in links):
                yield span


def _tagged(texts: Sequence[tuple[str, str | None]]) -> Iterator[Tagged]:
    """What the tagger says of texts, each of which stands between the words of its key."""
    cut = [words_of(text) for text, _ in texts]
    around = [_around(text, key) for text, key in texts]
    asked = [[*before, *words, *after] if before else words for (before, after), words in zip(around, cut, strict=True)]
    likely, bounds = bundled().in_a_row(asked)
    starts = bounds[:-1] + [len(before) for before, _ in around]
    ends = bounds[1:] - [len(after) for _, after in around]
    most = _most(likely, starts, ends)
    may_name: list[bool] = (most[:, _PERSON] >= min(_DOUBT, _DOUBT_OF_CUE)).tolist()
    may_hold: list[bool] = np.any(most[:, _COLUMNS] >= list(_OPENS.values()), axis=1).tolist()
    for (text, key), words, start, end, name, hold in zip(
        texts, cut, starts.tolist(), ends.tolist(), may_name, may_hold, strict=True
    ):
        yield Tagged(text, words, likely[start:end], keyed=bool(key), may_name=name, may_hold=hold)


def _most(
    likely: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """The highest probability of each label in each text, shape (texts, labels); 0 in a text without words."""
    most = np.zeros((len(starts), len(LABELS)), likely.dtype)
    filled = np.flatnonzero(starts < ends)
    # Maxima of stretches: every second one is what lies between two texts.
    edges = np.stack([starts[filled], ends[filled]], axis=1).ravel()
    if len(filled):
        padded = np.concatenate([likely, np.zeros((1, len(LABELS)), likely.dtype)])
        most[filled] = np.maximum.reduceat(padded, edges)[::2]
    return most


def _around(text: str, key: str | None) -> tuple[list[str], list[str]]:
    if not key or len(text) > _LONGEST_UNDER_KEY or not text:
        return [], []
    return ['"', *words_of(key), '"', ":", '"'], ['"']


class Tagged:
    """What the tagger says of a text.

    Args:
        likely: Shape (words, labels).
        keyed: Whether the text stands under a key.

    Attributes:
        may_name: Whether any word is likely enough to leave anything of a person that a rule found.
        may_hold: Whether any word is likely enough for a finding.
    """

    def __init__(
        self,
        text: str,
        words: list[str],
        likely: np.ndarray[Any, Any],
        *,
        keyed: bool,
        may_name: bool,
        may_hold: bool,
    ) -> None:
        self._text, self._words, self._likely = text, words, likely
        self._coded = keyed and len(words) == 1
        self.may_name, self.may_hold = may_name, may_hold
        self._places: list[tuple[int, int]] = []
        self._people: list[float] = []
        self._code: list[tuple[int, int]] = []

    def open(self) -> None:
        """To be called before anything else is asked: most texts are never asked anything."""
        self._places = places_of(self._words, self._text)
        self._code = [match.span() for match in _CODE.finditer(self._text)] if _DOTTED.search(self._text) else []
        self._level()
        self._people = self._likely[:, _PERSON].tolist()

    def _level(self) -> None:
        """Make the items of a list as likely people as they are on average, where that is likely."""
        for match in lists(self._text):
            items = [self._between(*item.span()) for item in ITEM.finditer(self._text, *match.span())]
            mean = float(np.mean([self._likely[item, _PERSON].max() for item in items]))
            if mean >= _LISTED:
                for item in items:
                    self._likely[item, _PERSON] = np.maximum(self._likely[item, _PERSON], mean)

    def _between(self, start: int, end: int) -> slice:
        return slice(
            bisect_right(self._places, start, key=itemgetter(1)), bisect_left(self._places, end, key=itemgetter(0))
        )

    def trimmed(self, span: Span) -> Span | None:
        """What the tagger leaves of a person that a rule found; None if nothing."""
        words = self._between(span.start, span.end)
        if _is_part(self._text, span.start, span.end) or is_software(self._text, span.start, span.end):
            return None
        if not self._text[span.start : span.end].isascii() and span.score == _CUE:
            return span
        likely = self._people[words]
        if not likely or max(likely) < (_DOUBT_OF_CUE if span.score >= _CUE else _DOUBT):
            return None
        kept = [at for at, one in enumerate(likely, words.start) if one >= _DOUBT_OF_CUE]
        start, end = kept[0], kept[-1]
        # An initial belongs to the word behind it.
        while end + 1 < words.stop and len(self._text[slice(*self._places[end])].strip(".")) < 2:
            end += 1
        return span._replace(start=max(span.start, self._places[start][0]), end=min(span.end, self._places[end][1]))

    def spans(self) -> Iterator[Span]:
        """Findings of every kind."""
        for (kind, least), column in zip(_OPENS.items(), _COLUMNS, strict=True):
            likely = self._people if column == _PERSON else self._likely[:, column].tolist()
            found = [at for at, one in enumerate(likely) if one >= least]
            for run in self._runs(found, likely, kind):
                yield from self._run(kind, run, likely)

    def _runs(self, found: Sequence[int], likely: Sequence[float], kind: str) -> Iterator[list[int]]:
        """Words beside each other, the likely ones apart from the hints."""
        run: list[int] = []
        low = _HOLDS[kind]
        for at in found:
            if run and not (
                at == run[-1] + 1
                and self._places[at][0] - self._places[run[-1]][1] <= 2
                and (likely[at] >= low) == (likely[run[-1]] >= low)
            ):
                yield run
                run = []
            run.append(at)
        if run:
            yield run

    def _run(self, kind: str, run: list[int], likely: Sequence[float]) -> Iterator[Span]:
        while run and not self._words[run[0]][0].isalnum():
            run = run[1:]
        while run and not self._words[run[-1]][0].isalnum():
            run = run[:-1]
        if not run or (best := max(likely[at] for at in run)) < _LIKELY[kind][0]:
            return
        start, end = self._places[run[0]][0], self._places[run[-1]][1]
        score = 0.0 if _is_part(self._text, start, end) else self._score(kind, run, best)
        if any(first <= start and end <= last for first, last in self._code) or _is_joined(self._text, start, end):
            score = min(score, _MOST_OF_A_HINT)
        if kind == "PERSON" and (is_software(self._text, start, end) or _is_prose(self._text[start:end])):
            score = min(score, _MOST_OF_A_HINT)
        if not score:
            return
        if kind == "PERSON" and score >= _LEAST:
            start, end = self._with_title(start, end)
            if " " in self._text[start:end] and (born := _BORN.match(self._text, end)):
                yield Span(born.start(1), born.end(1), "DATE_OF_BIRTH", _LEAST, _DETECTOR)
        if kind == "ADDRESS" and (code := _POSTCODE.match(self._text, end)):
            end = code.end()
        yield Span(start, end, kind, score, _DETECTOR)

    def _score(self, kind: str, run: list[int], best: float) -> float:
        """What a finding is worth whose likeliest word is as likely as `best`; 0 if nothing."""
        words = [self._words[at] for at in run]
        lettered = sum(word[0].isalpha() for word in words)
        if not lettered:
            return 0.0
        if kind == "ADDRESS":
            return round(best, 2) if lettered < len(words) or (lettered > 1 and best >= _SURE) else 0.0
        if self._is_code(words) or (kind == "PERSON" and self._is_word(run, best)):
            return min(best, _MOST_OF_A_HINT) if kind == "PERSON" else 0.0
        return max(_LEAST, round(best, 2)) if best >= _COUNTS else min(round(best, 2), _MOST_OF_A_HINT)

    def _with_title(self, start: int, end: int) -> tuple[int, int]:
        title = _TITLE.search(self._text, max(0, start - _BEFORE), start)
        degree = _DEGREE.match(self._text, end)
        return title.start() if title else start, degree.end() if degree else end

    def _is_word(self, run: list[int], best: float) -> bool:
        """Whether one word is rather a word than a name: as it is written, nothing tells that it is one.

        In lower case, where the text has capitals elsewhere ("rock and roll"); or at the beginning of a sentence.
        """
        word = self._words[run[0]]
        if len(run) > 1 or word.casefold() not in NAMES_THAT_ARE_WORDS:
            return False
        if word.islower():
            return any(map(str.isupper, self._text))
        return best < _LIKELY_AT_START and (run[0] == 0 or self._words[run[0] - 1] in _ENDS)

    def _is_code(self, words: list[str]) -> bool:
        """Whether a word in capitals is rather the code of something: a few letters, or all of a value."""
        return len(words) == 1 and words[0].isupper() and (self._coded or len(words[0]) <= _LONGEST_CODE)


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether a finding is a part of a longer word: of the code of something. Scripts without capitals part no words."""
    return any(
        c.isdigit() or c.islower() or c.isupper() for c in (text[max(0, start - 1) : start], text[end : end + 1])
    )


def _is_prose(found: str) -> bool:
    """Whether a word is longer than any name in a script that parts no words, or a pronoun of one that has few examples here."""
    return (len(found) > _LONGEST_HAN and _HAN.fullmatch(found) is not None) or found in _PRONOUNS


def _is_joined(text: str, start: int, end: int) -> bool:
    """Whether a finding in lower case is a part of an identifier such as `read_shell` or `bloom_add`."""
    if not text[start:end].islower():
        return False
    return _JOINED_BEFORE.search(text, max(0, start - 2), start) is not None or _JOINED.match(text, end) is not None
