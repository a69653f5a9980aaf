"""Foreign text made harmless for every format: what cannot be seen is spelled out, what is too long is cut."""

from __future__ import annotations

import re

# C0 and C1 controls (tab and newline stand), bidirectional controls, line and paragraph separators,
# zero-width characters that hide or carry text, surrogates, tags, and what XML forbids. The joiners
# U+200C and U+200D stay: Persian, Hindi and emoji need them, and they hide nothing.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_NEWLINE = re.compile(r"\r\n?")


def visible(text: str, limit: int | None = None) -> str:
    r"""Spell out what a reader could not see, such as ESC as `\x1b` and a bidi override as `\u202e`.

    Args:
        text: Anything.
        limit: Longest text in code points; the rest is replaced by a note that says how much there was.

    Example:
        >>> visible("a\x1b[2Jb")
        'a\\x1b[2Jb'
    """
    rest = len(text) - limit if limit is not None else 0
    if rest > 0:
        text = text[:limit]
    shown = _UNSEEN.sub(_spelled, _NEWLINE.sub("\n", text))
    return f"{shown}\n[... {rest:,} more characters]" if rest > 0 else shown


def one_line(text: str, limit: int) -> str:
    """The beginning of a text on one line, for tables and headings."""
    line = " ".join(visible(text[: limit * 4]).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
