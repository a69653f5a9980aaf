"""Records brought together by part without holding all of them: in memory while they are few, else in files.

The files hold numbers and hashes and no text, and have no name: they are gone with the process, however it ends.
"""

from __future__ import annotations

import itertools
import tempfile
from typing import IO, TYPE_CHECKING

import numpy as np

from llmci.core.stats.live import PARTS, held_at_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from llmci.core.stats.live import Part
    from llmci.core.stats.records import Records

# About 16 MB of what a canary looks at.
_MOST = 250_000


class PartsOnDisk:
    """See `llmci.core.stats.live.Parted`.

    Args:
        directory: Whose disk takes what is too much to hold.
        most: So many records are held.
    """

    def __init__(self, directory: Path, *, most: int = _MOST) -> None:
        self._directory, self._most = directory, most

    def __call__(self, records: Iterable[Records], part: Part) -> Iterator[Records]:
        """See `Parted`."""
        held, count = [], 0
        coming = iter(records)
        for some in coming:
            held.append(some)
            count += len(some)
            if count > self._most:
                kind, pieces = some.dtype, itertools.chain(held, coming)
                del held
                return _read(self._spilled(pieces, part), kind)
        return held_at_once(held, part)

    def _spilled(self, records: Iterable[Records], part: Part) -> list[IO[bytes]]:
        self._directory.mkdir(parents=True, exist_ok=True)
        files: list[IO[bytes]] = [tempfile.TemporaryFile(dir=self._directory, buffering=0) for _ in range(PARTS)]  # noqa: SIM115  see `_read`
        for some in records:
            parts = part(some)
            by_part = some[np.argsort(parts, kind="stable")]
            ends = np.cumsum(np.bincount(parts, minlength=PARTS)).tolist()
            for file, (first, end) in zip(files, itertools.pairwise([0, *ends]), strict=True):
                by_part[first:end].tofile(file)
        return files


def _read(files: Iterable[IO[bytes]], kind: np.dtype[np.void]) -> Iterator[Records]:
    for file in files:
        with file:
            file.seek(0)
            yield np.fromfile(file, kind)
