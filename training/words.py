"""Prints the words that are names as well: what memory must not take for a person wherever they stand.

PYTHONPATH=. python training/words.py terms/node_modules/@cspell > llmci/core/privacy/common_names.py
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from lists import lists

found = lists(Path(sys.argv[1]))
names = found["first_known"] | found["first_rare"] | found["last_known"] | found["last_usual"]
words = sorted(word for word in found["word_usual"] & names if word.isascii())
print('"""Common English words that are names of people as well; printed by `training/words.py`."""\n')
print("from __future__ import annotations\n")
print('NAMES_THAT_ARE_WORDS = frozenset(\n    """')
print(textwrap.fill(" ".join(words), 110, initial_indent="    ", subsequent_indent="    "))
print('    """.split()  # noqa: SIM905  words read more easily without quotes\n)')
