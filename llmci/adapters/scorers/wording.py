"""When two texts count as the same."""

from __future__ import annotations

import re
import unicodedata

from llmci import seams


class WordingOptions(seams.Options):
    """What is overlooked when texts are compared; white space at the ends always is.

    Attributes:
        ignore_case: Upper and lower case are the same.
        ignore_space: Runs of white space are one space.
        ignore_punctuation: Punctuation is left out.
        compatible: Unicode compatibility forms are the same (NFKC): full width, ligatures.
    """

    ignore_case: bool = False
    ignore_space: bool = False
    ignore_punctuation: bool = False
    compatible: bool = False


def plain(text: str, options: WordingOptions) -> str:
    """A text without what the options overlook."""
    # Composed and decomposed accents are the same text to every reader.
    text = unicodedata.normalize("NFKC" if options.compatible else "NFC", text)
    if options.ignore_case:
        text = text.casefold()
    if options.ignore_punctuation:
        text = "".join(character for character in text if not unicodedata.category(character).startswith("P"))
    if options.ignore_space:
        text = re.sub(r"\s+", " ", text)
    return text.strip()


def strings(value: object) -> tuple[str, ...] | None:
    """An expectation as texts: one text, or a list of them; None if it is neither or empty."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return (str(value),)
    if isinstance(value, (list, tuple)) and value:
        return tuple(str(item) for item in value)
    return None
