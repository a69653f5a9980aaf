"""What a word is, in any script."""

from __future__ import annotations

import re

# Vowel signs and accents that stand apart are no letters to Python, and tear words of India, Thailand or Arabia to pieces.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0971-\u09e5\u0a01-\u0a65\u0a70-\u0ae5"
    "\u0b01-\u0b65\u0b82-\u0be5\u0c00-\u0c65\u0c81-\u0ce5\u0d00-\u0d65\u0d81-\u0ddf\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd"
    "\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u200c\u200d"
)
# Scripts that are written without spaces.
_UNSPACED = "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*")
UNSPACED = re.compile(f"[{_UNSPACED}]+")
MARK = re.compile(f"[{_MARKS}]")
