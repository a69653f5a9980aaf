"""Sessions whose traces lie in several shards: what any of those tells is removed from all of them.

On any engine in three steps. Each shard names its sessions by keyed digests. Shards that have some in common write
what they find in those beside their raw text, for each other to read. Then all are sanitized with it. Through the
driver go digests and names of shards, and nothing that was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmci.core.canonical import digest_of
from llmci.core.privacy.notes import Notes, unpacked
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.spread import heard, told
from llmci.files import read_json, write_bytes, write_json, write_pieces
from llmci.pipeline.sanitize import known_sessions, learn_shard, sessions_in
from llmci.wiring.build import shelf_of
from llmci.wiring.privacy import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config
    from llmci.core.privacy.batch import Session
    from llmci.core.privacy.memory import Memory
    from llmci.core.privacy.redact import Redactor

_TOLD = "told"
_KEPT = ("sessions", "spread.json")


def named_in(config: Config, shard_id: str, environ: Mapping[str, str]) -> NDArray[np.uint64]:
    """First step, of a worker: the sessions of a shard."""
    return sessions_in(shelf_of(config, "raw"), shard_id, Keyed(key_of(config, environ)))


def told_file(staging: DirectoryShelf, shard_id: str, fingerprint: str) -> Path:
    """Where a shard tells of the sessions that it shares; of that name once it is written whole."""
    return staging.path / _TOLD / f"{shard_id}-{digest_of(fingerprint)[:16]}.told"


def tell(
    config: Config, target: Path, shard_id: str, split: bytes, redactor: Redactor, environ: Mapping[str, str]
) -> None:
    """Second step, of a worker: write what a shard tells of the sessions that it shares."""
    keyed = Keyed(key_of(config, environ))
    notes = Notes(keyed)
    found = learn_shard(
        shelf_of(config, "raw"), shard_id, redactor, keyed, set(np.frombuffer(split, np.uint64).tolist()), notes
    )
    # As raw as the traces: nobody else may read it.
    for directory in (target.parent.parent, target.parent):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    write_bytes(_notes_file(target), notes.packed())
    # Last: who finds it does not ask this shard again.
    write_pieces(target, told(found))


def noted(config: Config, teller: Path, environ: Mapping[str, str]) -> Notes:
    """Where something was found in a shard when it told; none where it did not, and all of it is searched."""
    keyed = Keyed(key_of(config, environ))
    try:
        return unpacked(_notes_file(teller).read_bytes(), keyed)
    except OSError:
        return Notes(keyed)


def _notes_file(teller: Path) -> Path:
    return teller.parent / f"{teller.stem}.notes"


def learnt(
    config: Config,
    shard_id: str,
    tellers: Sequence[Path],
    split: bytes,
    unknown: Collection[int],
    environ: Mapping[str, str],
) -> dict[str, Session]:
    """Third step, of a worker: all that is known of the sessions that a shard shares, by id.

    Args:
        tellers: What shards told, its own among them, in the order in which they are heard everywhere.
        split: Digests of the sessions.
        unknown: See `known_sessions`.
    """
    if not split:
        return {}
    memories: dict[int, Memory] = {}
    for teller in tellers:
        with teller.open("rb") as file:
            heard(file, np.frombuffer(split, np.uint64), memories)
    return known_sessions(shelf_of(config, "raw"), shard_id, Keyed(key_of(config, environ)), memories, unknown)


def kept_marks(clean: DirectoryShelf, contents: Mapping[str, str], digest: str) -> dict[str, str] | None:
    """The marks of the last run, if it was one over these very shards; see `Spread.mark`."""
    try:
        kept = read_json(clean.path / _KEPT[0] / _KEPT[1])
        return dict(kept["marks"]) if kept["of"] == _over(contents, digest) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def keep_marks(clean: DirectoryShelf, contents: Mapping[str, str], digest: str, marks: Mapping[str, str]) -> None:
    """Let the next run know them, so that it asks no shard where nothing has changed."""
    kept = {"of": _over(contents, digest), "marks": dict(marks)}
    path = clean.path / _KEPT[0] / _KEPT[1]
    try:
        if read_json(path) == kept:
            return
    except (FileNotFoundError, ValueError):
        pass
    write_json(path, kept)


def _over(contents: Mapping[str, str], digest: str) -> str:
    return digest_of(sorted(contents.items()), digest)
