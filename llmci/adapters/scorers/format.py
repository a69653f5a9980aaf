"""Whether code fences and what is in them are well formed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Literal

from llmci import seams
from llmci.adapters.scorers.rule import Marked, RuleScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answered

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n`]*$", re.MULTILINE)
_MARKS = ("```", "~~~")

Fence = Literal["any", "none", "one", "some"]
Syntax = Literal["json", "yaml", "xml", "python", "toml"]


class FormatOptions(seams.Options):
    """What the answer must be like.

    Attributes:
        fence: any: fences may be there, and are closed. none: there is no fence. one: the answer is one
            fenced block and nothing else. some: there is at least one.
        syntax: What fenced blocks must hold (the whole answer, with `fence: none`); without it each
            block must hold what its own fence says, as far as that is known.
    """

    fence: Fence = "any"
    syntax: Syntax | None = None


class FormatScorer(RuleScorer[FormatOptions]):
    """1 if the format is right; the reason says what is not."""

    Options = FormatOptions

    def mark(self, case: Case, answer: Answered) -> float | Marked:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        wrong = self._wrong(answer.text)
        return Marked(0.0, wrong) if wrong else 1.0

    def _wrong(self, text: str) -> str | None:
        options, blocks = self.options, _blocks(text)
        if blocks is None:
            return "a code fence is not closed"
        if (misplaced := _misplaced(options.fence, blocks, text)) is not None:
            return misplaced
        held = [("", text)] if options.fence == "none" else blocks
        named = [(options.syntax or _NAMES.get(language), body) for language, body in held]
        broken = next((syntax for syntax, body in named if syntax and not _parses(syntax, body)), None)
        return f"not {broken}" if broken else None


def _misplaced(wanted: Fence, blocks: Sequence[tuple[str, str]], text: str) -> str | None:
    if wanted == "none" and blocks:
        return "there is a code fence"
    if wanted in ("one", "some") and not blocks:
        return "there is no code fence"
    bare = text.strip()
    if wanted == "one" and (len(blocks) > 1 or not bare.startswith(_MARKS) or not bare.endswith(_MARKS)):
        return "there is more than one fenced block"
    return None


def _blocks(text: str) -> list[tuple[str, str]] | None:
    """Language and body of each fenced block; None if one is not closed."""
    blocks, opened = [], None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match[1].startswith(opened[1]) and not match[2]:
            blocks.append((opened[2].lower(), text[opened.end() : match.start()]))
            opened = None
    return blocks if opened is None else None


def _parses(syntax: Syntax, text: str) -> bool:
    try:
        _PARSERS[syntax](text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _json(text: str) -> None:
    import orjson

    orjson.loads(text)


def _yaml(text: str) -> None:
    import yaml

    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        raise ValueError from error


def _xml(text: str) -> None:
    """Well-formed; entities are not expanded, so that no answer can blow up."""
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _no_entity
    try:
        parser.Parse(text, True)  # noqa: FBT003  expat's signature
    except expat.ExpatError as error:
        raise ValueError from error


def _no_entity(*_: object) -> None:
    raise ValueError


def _toml(text: str) -> None:
    import tomllib

    tomllib.loads(text)


_PARSERS: dict[Syntax, Callable[[str], object]] = {
    "json": _json,
    "yaml": _yaml,
    "xml": _xml,
    "python": ast.parse,
    "toml": _toml,
}
_NAMES: dict[str, Syntax] = {
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "xml": "xml",
    "python": "python",
    "py": "python",
    "toml": "toml",
}
