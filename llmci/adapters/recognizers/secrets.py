"""Keys, tokens and passwords: known forms where their first letters stand, and values beside telling words.

One pass of Aho and Corasick's automaton finds the first letters of all forms, another the telling
words; patterns are only tried there. Every pattern is bounded, so that the time is linear.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmci import seams
from llmci.adapters.recognizers.secret_names import told
from llmci.adapters.recognizers.secret_places import forms, long, placed
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.seams import Leaf, Span

# Raised whenever a rule changes: clean shards are then made anew.
_VERSION = 5
_SHORTEST = 5


class SecretsRecognizer:
    """Finds secrets in text, code, logs and connection strings."""

    class Options(seams.Options):
        """Forms of your own.

        Attributes:
            patterns: Regular expressions of secrets beside the built-in ones; a group called
                `secret` marks the part to remove.
            min_entropy: Bits per character that an assigned value needs, where nothing but the word
                beside it says that it is a secret.
        """

        patterns: tuple[str, ...] = ()
        min_entropy: float = 3.0

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._own = [_compiled(pattern, context.name) for pattern in options.patterns]
        self._min_entropy = options.min_entropy

    @property
    def version(self) -> str:
        """See `Recognizer.version`."""
        return f"secrets/{_VERSION}"

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`."""
        return [list(self._find(leaf.text)) for leaf in leaves]

    def _find(self, text: str) -> Iterator[Span]:
        if len(text) >= _SHORTEST:
            yield from forms(text)
            yield from placed(text)
            yield from long(text)
            yield from told(text, self._min_entropy)
        for pattern in self._own:
            yield from (_span(match, 0.99, "secrets.own") for match in pattern.finditer(text))


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"recognizers.{name}.patterns: a pattern cannot be compiled: {error.msg}.", fix="Correct the expression."
        ) from None


def _span(match: re.Match[str], score: float, detector: str) -> Span:
    group = "secret" if "secret" in match.re.groupindex else 0
    return seams.Span(match.start(group), match.end(group), "SECRET", score, detector)
