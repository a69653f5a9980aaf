"""Markdown as GitHub shows it: foreign text that means nothing, and documents cut by whole rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A comment on GitHub holds 65,536 characters; what is longer is refused.
MOST_CHARS = 60_000
# Most that one block takes, so that a long one leaves room for the others.
_BLOCK = 20_000
_ALERTS = {"good": "TIP", "bad": "CAUTION", "unsure": "WARNING"}
# Where Markdown would see emphasis, code, a link, an image, HTML, a table or mathematics.
_MEANING = re.compile(r"[\\`*\[\]<>!|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What GitHub links in the finished text (an entity would not stop it), broken by a joiner that nobody sees.
_LINKED = re.compile(r"[@#]|(?<=\w)(?=://)|(?<=www)(?=\.)|(?<=GH)(?=-)", re.IGNORECASE)
_JOINER = "\u2060"


def inline(text: str) -> str:
    """Foreign text inside a line: nothing in it is Markdown, a mention, a link or an image."""
    broken = _LINKED.sub(lambda match: f"{match[0]}{_JOINER}", text)
    return _MEANING.sub(lambda match: f"&#{ord(match[0])};", broken)


def fenced(text: str) -> str:
    """Foreign text as a block that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def marker(name: str) -> str:
    """The hidden line that a comment starts with, and is found again by."""
    return f"<!-- llmci:{re.sub(r'[^A-Za-z0-9._-]', '-', name)} -->"


def alert(tone: str, sentence: str, reasons: Sequence[str] = ()) -> str:
    """A box in the colour of the tone (see `Mark`): a sentence, and reasons below it, all of them Markdown."""
    lines = [f"> [!{_ALERTS.get(tone, 'NOTE')}]", f"> {sentence}", *(f"> - {reason}" for reason in reasons)]
    return "\n".join(lines[: _fitting(lines, _BLOCK)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, most: int) -> str:
    """A table of cells that are Markdown; rows beyond `most`, or beyond a block's size, are counted in a last one."""
    lines = [f"| {' | '.join(row)} |" for row in rows[:most]]
    kept = _fitting(lines, _BLOCK)
    rest = [f"| {len(rows) - kept:,} more in the report |"] if kept < len(rows) else []
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines[:kept], *rest])


def document(blocks: Sequence[str], pointer: str = "the report holds the rest", foot: str = "") -> str:
    """The blocks one below the other, empty ones left out, and the foot, which is never cut; see `within`."""
    ending = [foot] if foot else []
    return "\n\n".join([*within(blocks, MOST_CHARS - len(foot) - 10, pointer), *ending]) + "\n"


def within(blocks: Sequence[str], room: int, pointer: str) -> list[str]:
    """As many blocks as fit into so many characters. The first that does not is cut by whole lines, and a pointer follows."""
    wanted = [block for block in blocks if block]
    if sum(len(block) + 2 for block in wanted) <= room:
        return wanted
    end = f"_Cut here: {pointer}._"
    room -= len(end) + 2
    kept = _fitting(wanted, room)
    room -= sum(len(block) + 2 for block in wanted[:kept])
    part = _beginning(wanted[kept], room) if kept < len(wanted) else ""
    return [*wanted[:kept], *([part] if part else []), end]


def _beginning(block: str, room: int) -> str:
    """The lines that fit; none of a block that would have to be closed again, nor the mere head of a table."""
    lines = block.split("\n")
    kept = lines[: _fitting(lines, room)]
    if block.startswith("<details>") or any(line.startswith("```") for line in lines):
        return ""
    return "" if lines[0].startswith("|") and len(kept) <= len(("head", "rule")) else "\n".join(kept)


def _fitting(parts: Sequence[str], room: int) -> int:
    """How many of the parts fit, from the first."""
    for number, part in enumerate(parts):
        room -= len(part) + 2
        if room < 0:
            return number
    return len(parts)
