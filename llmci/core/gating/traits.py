"""What can be seen of an answer without knowing what is right: its form, its language, whether it refuses."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.language import UNKNOWN, language_of
from llmci.core.grouping.refusals import is_refusal
from llmci.domain.run import Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.core.stats.arrays import BoolArray
    from llmci.domain.run import Run


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, as far as its form goes.

    Attributes:
        tools: Names of the tools that were called, in order.
        clean: Whether the text was sanitized, so that a piece of it that many answers share may be shown.
    """

    text: str
    tools: tuple[str, ...] = ()
    clean: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """Something that an answer has or has not.

    Attributes:
        kind: What it is about, in a word: format, refusals, language, tool calls, ...
        words: It said of several answers, such as "are wrapped in a code fence".
        before: Which of the baseline's answers have it, shape (n,).
        after: The same for the candidate's.
        bad: Whether more of it is worse whatever the task is.
    """

    kind: str
    words: str
    before: BoolArray
    after: BoolArray
    bad: bool = False


def _trait(kind: str, words: str, sides: Sequence[Sequence[bool]], *, bad: bool = False) -> Trait:
    before, after = (np.array(side, dtype=np.bool_) for side in sides)
    return Trait(kind, words, before, after, bad)


CONSTANT = "constant answer"

_FENCED = re.compile(r"\A\s*```.*```\s*\Z", re.DOTALL)
_PREAMBLE = re.compile(
    r"\A\W*(?:sure|certainly|of course|absolutely|great question|here(?: is|['\u2019]s| are)|i['\u2019]d be happy|happy to)\b",
    re.IGNORECASE,
)
_REASONING = re.compile(r"<\s*/?\s*(?:think|thinking|reasoning|analysis|scratchpad|reflection)\s*>", re.IGNORECASE)
_TAGS = re.compile(r"<([A-Za-z][\w-]*)(?:\s[^<>]*)?>.*?</\1>", re.DOTALL)
_MARKDOWN = re.compile(r"^(?:#{1,6} |\s*(?:[-*+]|\d+[.)]) )|\*\*[^*\n]+\*\*", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\w*(?:Error|Exception): |\b(?:undefined|NaN|null)\Z", re.MULTILINE
)
_GARBLED = re.compile("[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f]")
# A text is looked at no further than here.
_MOST_CHARS = 20_000
# Shorter ones may well end without a full stop.
_LONG = 200
_SAID_AGAIN = 4
# A first word, a last line or a tool is worth a look where so many of the answers share it.
_SHARED = 0.3
_SHARED_BY = 20
_LONGEST_MARK = 24
_TOOLS = 10


def _json(text: str) -> bool | None:
    """Whether it is JSON; None where it does not try to be."""
    import orjson

    if not text.startswith(("{", "[")):
        return None
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _cut_off(text: str) -> bool:
    if text.count("```") % 2:
        return True
    return len(text) >= _LONG and (text[-1].isalnum() or text[-1] in ",;(-") and not text[-40:].count("\n")


def _loops(text: str) -> bool:
    """Whether one sentence or line makes up half of it and more."""
    if len(text) < _LONG:
        return False
    pieces = [piece.strip() for piece in re.split(r"[.!?\n]+", text) if piece.strip()]
    if not pieces:
        return False
    piece, times = Counter(pieces).most_common(1)[0]
    return times >= _SAID_AGAIN and times * len(piece) > len(text) / 2


@dataclass(frozen=True, slots=True)
class _Test:
    """A trait that shows in the text alone: what it is called, whether more is worse, and the test of a stripped text."""

    kind: str
    words: str
    bad: bool
    has: Callable[[str], bool]


# Told only where none of the others says it more exactly.
_VAGUE = _Test(
    "format", "use Markdown headings, lists or bold type", bad=False, has=lambda text: bool(_MARKDOWN.search(text))
)
_TESTS = (
    _Test("empty answers", "are empty", bad=True, has=lambda text: not text),
    _Test("format", "are wrapped in a code fence", bad=False, has=lambda text: bool(_FENCED.match(text))),
    _Test(
        "format",
        "hold a code fence beside other text",
        bad=False,
        has=lambda text: "```" in text and not _FENCED.match(text),
    ),
    _Test("format", "are JSON", bad=False, has=lambda text: _json(text) is True),
    _Test("format", "look like JSON and cannot be parsed", bad=True, has=lambda text: _json(text) is False),
    _Test("format", "hold HTML or XML tags", bad=False, has=lambda text: "</" in text and bool(_TAGS.search(text))),
    _Test("format", "are a single word or number", bad=False, has=lambda text: bool(text) and len(text.split()) == 1),
    _Test(
        "format",
        "open with a preamble such as “Sure, here is”",
        bad=False,
        has=lambda text: bool(_PREAMBLE.match(text)),
    ),
    _Test(
        "reasoning tags",
        "show the tags of hidden reasoning",
        bad=True,
        has=lambda text: "<" in text and bool(_REASONING.search(text)),
    ),
    _Test("refusals", "decline", bad=True, has=is_refusal),
    _Test("truncation", "break off in the middle", bad=True, has=_cut_off),
    _Test("degenerate text", "repeat one sentence over and over", bad=True, has=_loops),
    _Test(
        "degenerate text", "hold characters that were garbled", bad=True, has=lambda text: bool(_GARBLED.search(text))
    ),
    _Test(
        "degenerate text",
        "hold an unfilled template or a control token",
        bad=True,
        has=lambda text: bool(_TEMPLATE.search(text)),
    ),
    _Test(
        "error messages", "are or hold the message of an error", bad=True, has=lambda text: bool(_TRACE.search(text))
    ),
    _Test("questions back", "end with a question", bad=False, has=lambda text: text.endswith("?")),
)


def said_of(run: Run) -> dict[str, Said]:
    """The first answer to each case, by case id; cases without an answer are left out."""
    found: dict[str, Said] = {}
    for answer in run.answers:
        if isinstance(answer, Answered):
            parts = (part for message in answer.messages if message.role == "assistant" for part in message.parts)
            tools = tuple(part.tool_name or "" for part in parts if part.type == "tool_call")
            found.setdefault(answer.case_id, Said(answer.text, tools))
    return found


def traits(before: Sequence[Said], after: Sequence[Said]) -> list[Trait]:
    """Look at the answers of both systems to the same cases.

    Args:
        before: The baseline's, shape (n,).
        after: The candidate's, in the same order.
    """
    sides = [[said.text[:_MOST_CHARS].strip() for said in side] for side in (before, after)]
    found = [_tested(sides, one) for one in _TESTS]
    found.append(_constant(sides))
    found += _languages(sides)
    found += _marks(sides, shown=all(said.clean for side in (before, after) for said in side))
    return [*found, *_tools(before, after), _tested(sides, _VAGUE)]


def lengths(said: Sequence[Said]) -> np.ndarray:
    """Characters of each answer, shape (n,)."""
    return np.array([len(one.text.strip()) for one in said], dtype=np.float64)


def _tested(sides: Sequence[Sequence[str]], of: _Test) -> Trait:
    return _trait(of.kind, of.words, [[of.has(text) for text in side] for side in sides], bad=of.bad)


def _constant(sides: Sequence[Sequence[str]]) -> Trait:
    """Each side's answers that are its most common one, word for word."""
    shares = []
    for side in sides:
        plain = [" ".join(text.lower().split()) for text in side]
        usual, times = Counter(plain).most_common(1)[0] if plain else ("", 0)
        shares.append([times > 1 and text == usual for text in plain])
    # Not by itself worse: a classifier says little else than "yes".
    return _trait(CONSTANT, "are one and the same text", shares)


def _languages(sides: Sequence[Sequence[str]]) -> list[Trait]:
    spoken = [[language_of(text) for text in side] for side in sides]
    seen = Counter(name for side in spoken for name in side)
    names = [name for name, times in seen.most_common(_TOOLS) if times >= _SHARED_BY and name != UNKNOWN]
    # Code and numbers are in no language: an answer that became shorter has not changed its own.
    told = [UNKNOWN not in pair for pair in zip(*spoken, strict=True)]
    return [
        _trait(
            "language",
            f"are in the language “{name}”",
            [[code == name and known for code, known in zip(side, told, strict=True)] for side in spoken],
        )
        for name in names
    ]


def _marks(sides: Sequence[Sequence[str]], *, shown: bool) -> list[Trait]:
    """Words that many answers begin with, or begin their last line with: the frame of a format."""
    found = []
    for words, mark_of in (("begin with", _first_word), ("have a last line that begins with", _last_line)):
        marks = [[mark_of(text) for text in side] for side in sides]
        enough = max(_SHARED * len(sides[0]), _SHARED_BY)
        common = {name for side in marks for name, times in Counter(side).most_common(3) if times >= enough and name}
        for name in sorted(common):
            said = f"{words} “{name}”" if shown else f"{words} the word that most of them have in common there"
            found.append(_trait("format", said, [[mark == name for mark in side] for side in marks]))
    return found


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0][:_LONGEST_MARK] if text else ""


def _last_line(text: str) -> str:
    head, newline, last = text.rpartition("\n")
    return _first_word(last.strip()) if newline and head.strip() else ""


def _tools(before: Sequence[Said], after: Sequence[Said]) -> list[Trait]:
    sides = (before, after)
    called = Counter(name for side in sides for said in side for name in said.tools)
    if not called:
        return []

    shown = all(said.clean for side in sides for said in side)
    named = [
        _trait("tool calls", f"call {name}", [[name in said.tools for said in side] for side in sides])
        for name, _ in called.most_common(_TOOLS)
        if shown
    ]
    return [_trait("tool calls", "call tools", [[bool(said.tools) for said in side] for side in sides]), *named]


def by_case(said: Mapping[str, Said], case_ids: Sequence[str]) -> list[Said]:
    """The answers to these cases, in their order."""
    return [said[case_id] for case_id in case_ids]
