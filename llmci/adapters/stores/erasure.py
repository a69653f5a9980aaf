"""Takes what belongs to certain traces or cases out of files that are otherwise never written again.

Each file is replaced as a whole, so that a kill leaves the one before or the one after; what was done
is done again without harm.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.stores.rows import ANSWER, SCORE
from llmci.core.canonical import digest_of
from llmci.core.evalsets.digests import evalset_digest
from llmci.core.grouping.sample import digest64
from llmci.files import atomic_path, read_json, sha256_of, write_bytes, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet, TrafficInput


def erase_rows(
    shelf: DirectoryShelf, shard_id: str, goes: Callable[[dict[str, list[Any]]], list[bool]], columns: list[str]
) -> int:
    """Write a shard again without some rows; its fingerprint stays, because its input is the same.

    Args:
        shelf: Where it is.
        shard_id: Its name.
        goes: For lists of these columns, which rows go.
        columns: What it is decided by.

    Returns:
        How many rows went; where none did, nothing was written.
    """
    import pyarrow as pa

    masks = [goes(batch.to_pydict()) for batch in shelf.read(shard_id, columns)]
    if not (gone := sum(map(sum, masks))):
        return 0
    info, rejected = shelf.shards()[shard_id], list(shelf.rejected([shard_id]))
    with shelf.writer(shard_id, info.fingerprint) as writer:
        for batch, mask in zip(shelf.read(shard_id), masks, strict=True):
            writer.write(batch.filter(pa.array([not out for out in mask])))
        for held in rejected:
            writer.reject(held)
    return gone


def reference_digest(case: Case) -> str:
    """Of the reference of a case, as it is remembered until all of it is erased."""
    return digest_of([case.case_id, case.reference])


def erase_cases(evalset: EvalSet, traces: Collection[str], references: Collection[str] = frozenset()) -> EvalSet | None:
    """The version without the cases of some traces, its weights still summing to 1; None where it holds none of them.

    Args:
        evalset: A version.
        traces: To erase.
        references: That they gave, by `reference_digest`; what the user wrote by hand stays.
    """
    kept = [
        replace(case, reference=None, reference_origin=None)
        if case.reference_origin not in (None, "hand") and reference_digest(case) in references
        else case
        for case in evalset.cases
        if case.origin.trace_id not in traces
    ]
    wanted = evalset.parameters.get("reviewed")
    reviewed = [trace for trace in wanted if trace not in traces] if isinstance(wanted, list) else wanted
    if tuple(kept) == evalset.cases and reviewed == wanted:
        return None
    total = sum(case.weight for case in kept) or 1.0
    held = tuple(replace(case, weight=case.weight / total) for case in kept)
    parameters = {**evalset.parameters, **({} if wanted is None else {"reviewed": reviewed})}
    told = evalset.lineage.get("cases")
    known = {case.case_id for case in held}
    left = {case_id: one for case_id, one in told.items() if case_id in known} if isinstance(told, dict) else {}
    lineage = {**evalset.lineage, "cases": left} if evalset.lineage else {}
    return replace(evalset, cases=held, digest=evalset_digest(held), parameters=parameters, lineage=lineage)


def erase_inputs(inputs: Sequence[TrafficInput], traces: Collection[str], user: str) -> tuple[TrafficInput, ...] | None:
    """What the traffic asked, without some traces and all of a user; None where it holds none of them."""
    theirs = digest64(user)
    kept = tuple(each for each in inputs if each.trace_id not in traces and each.user != theirs)
    return kept if len(kept) < len(inputs) else None


def erase_from_run(folder: Path, cases: Collection[str], digests: Mapping[str, str]) -> int:
    """Take answers and scores out of a stored run; gives how many rows.

    Args:
        folder: Of the run.
        cases: Whose rows go.
        digests: Of versions that changed, before and after: the run is one of what is left of its set.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    manifest, gone = read_json(folder / "manifest.json"), 0
    for name, schema in (("answers.parquet", ANSWER), ("scores.parquet", SCORE)):
        table = pq.read_table(folder / name)
        mask = pc.invert(pc.is_in(table.column("case_id"), value_set=_strings(cases)))
        kept = table.filter(mask)
        if kept.num_rows < table.num_rows:
            gone += table.num_rows - kept.num_rows
            with atomic_path(folder / name) as temporary:
                pq.write_table(kept.cast(schema), temporary, compression="zstd")
            manifest["files"][name] = sha256_of(folder / name)
    digest = manifest["evalset_digest"]
    if gone or digest in digests:
        manifest["evalset_digest"] = digests.get(digest, digest)
        manifest["case_ids"] = [case_id for case_id in manifest["case_ids"] if case_id not in cases]
        write_json(folder / "manifest.json", manifest)
    return gone


def erase_from_cache(path: Path, cases: Collection[str]) -> int:
    """Take answers and scores out of a cache, and their bytes out of its file; gives how many entries."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as cache:
        cache.execute("PRAGMA secure_delete=ON")
        found = cache.execute("SELECT key, value FROM entry").fetchall()
        keys = [(key,) for key, value in found if _case_in(value) in cases]
        cache.executemany("DELETE FROM entry WHERE key = ?", keys)
        cache.execute("VACUUM")
        cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(keys)


def erase_lines(path: Path, goes: Callable[[Any], bool]) -> int:
    """Take lines out of a file of JSON lines; one that cannot be read goes too. Gives how many went."""
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError:
        return 0
    kept = [line for line in lines if not _goes(line, goes)]
    if len(kept) < len(lines):
        write_bytes(path, b"".join(line + b"\n" for line in kept))
    return len(lines) - len(kept)


# How an export holds its records: the list of groups, the list of scopes in each, the records of each scope.
_SIGNALS = (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords"))


def erase_spans(path: Path, traces: Collection[str]) -> int:
    """Take spans and log records out of a file of received OTLP exports; gives how many."""
    gone, lines = 0, []
    for line in path.read_bytes().splitlines():
        export = orjson.loads(line)
        for key, scopes, records in _SIGNALS:
            kept = []
            for group in export.pop(key, ()):
                found = [one for scope in group.get(scopes, ()) for one in scope.get(records, ())]
                stay = [one for one in found if one.get("traceId") not in traces]
                gone += len(found) - len(stay)
                if stay:
                    kept.append({**group, scopes: [{records: stay}]})
            if kept:
                export[key] = kept
        if export:
            lines.append(orjson.dumps(export) + b"\n")
    if gone:
        write_bytes(path, b"".join(lines))
    return gone


def _goes(line: bytes, goes: Callable[[Any], bool]) -> bool:
    try:
        return goes(orjson.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError):
        return True


def _case_in(value: bytes) -> str | None:
    try:
        found = orjson.loads(value)
    except ValueError:
        return None
    return found.get("case_id") if isinstance(found, dict) else None


def _strings(values: Collection[str]) -> Any:  # noqa: ANN401  an Arrow array
    import pyarrow as pa

    return pa.array(sorted(values), pa.string())
