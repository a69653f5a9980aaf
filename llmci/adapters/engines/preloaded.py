"""Workers that find imported what their driver has: one process imports it, and is copied for each of them."""

from __future__ import annotations

import multiprocessing
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

# Packages that take long to import and start no thread that a copy would miss.
_PACKAGES = ("llmci", "numpy", "presidio_analyzer", "pyarrow", "scipy", "sklearn", "spacy")
# What every shard needs. Arrow imports pandas by itself, wherever it is installed, with the first list it is given;
# what is not installed is passed over.
_ALWAYS = ("pyarrow.parquet", "pyarrow.compute", "pandas")


def preloaded(*further: str) -> ForkServerContext:
    """Processes that start as copies of one that has imported what this one has by now, and further modules.

    Not of this one itself: threads of Arrow do not survive a fork, and its memory is nobody's business.
    """
    context = multiprocessing.get_context("forkserver")
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in _PACKAGES)
    context.set_forkserver_preload([*ours, *_ALWAYS, *further])
    return context
