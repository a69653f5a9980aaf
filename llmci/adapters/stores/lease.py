"""A lease on a directory of an object store, so that of two drivers on one target the second refuses.

A store has no locks. Each driver writes an object of its own, then lists: of two, at least one sees the other, since
stores list what was written before. Whoever sees another one that is alive takes its own away and refuses. An object
is renewed while its driver lives; its age is told by the store's clock alone.
"""

from __future__ import annotations

import contextlib
import io
import threading
import uuid
from typing import TYPE_CHECKING

from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A driver that was killed keeps others away for so long.
LASTS_S = 120
_RENEWED_S = 30


@contextlib.contextmanager
def leased(directory: Path) -> Iterator[bool]:
    """Hold a directory; gives False where another driver has it.

    Args:
        directory: Of an object store, for leases of one kind; see `llmci.storage`.
    """
    mine = directory / f"{uuid.uuid4().hex}.lease"
    _write(mine)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(mine, over), name="lease", daemon=True)
    try:
        alone = not _others(directory, mine)
        if alone:
            renewing.start()
        yield alone
    finally:
        over.set()
        if renewing.is_alive():
            renewing.join()
        mine.unlink(missing_ok=True)


def _others(directory: Path, mine: Path) -> bool:
    """Whether another lease is alive; those that are not are swept."""
    now = mine.stat().st_mtime_ns
    found = False
    for path in directory.glob("*.lease"):
        with contextlib.suppress(FileNotFoundError):
            if path != mine and now - path.stat().st_mtime_ns < LASTS_S * 1e9:
                found = True
            elif path != mine:
                path.unlink(missing_ok=True)
    return found


def _renew(mine: Path, over: threading.Event) -> None:
    while not over.wait(_RENEWED_S):
        # A store that fails for a moment is asked again in half a minute.
        with contextlib.suppress(OutsideError):
            _write(mine)


def _write(path: Path) -> None:
    path.upload(io.BytesIO(b""))  # type: ignore[attr-defined]  # a `StorePath`
