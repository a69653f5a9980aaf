"""Eval sets in a directory of the repository, or of an object store, version by version.

    <sets>/<name>/CURRENT                     number of the version in use
    <sets>/<name>/v0007/cases.parquet         the cases, in order of id
    <sets>/<name>/v0007/traffic.parquet       what a sample of the traffic asked, for drift
    <sets>/<name>/v0007/manifest.json         digests, lineage, parameters, strata
    <sets>/<name>/v0007/CARD.md               the same for people

A version appears whole or not at all, and is never written again. In an object store its manifest is written last: a
version without one is none.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from llmci.adapters.stores.casefile import CASES, cases_from, table_of
from llmci.adapters.stores.lease import LASTS_S, leased
from llmci.adapters.stores.trafficfile import TRAFFIC, traffic_from, traffic_table
from llmci.core.canonical import digest_of
from llmci.core.evalsets.card import card_of
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.domain.evalset import SCHEMA_NAME, EvalSet, Stratum
from llmci.errors import PrivacyStop, UsageError
from llmci.files import (
    at_hand,
    atomic_directory,
    atomic_path,
    is_stored,
    read_json,
    remove_tree,
    sha256_of,
    sweep_unfinished,
    write_bytes,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from llmci.domain.evalset import TrafficInput

_Made = TypeVar("_Made")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"v(\d{4,})")
_MANIFEST_KEYS = (
    "name",
    "version",
    "parent",
    "digest",
    "schema_fingerprint",
    "sanitize_digest",
    "created_at",
    "seed",
    "parameters",
)
_FILES = ("cases.parquet", "traffic.parquet", "CARD.md", "manifest.json")
# In a version: what replaces it.
_INSTEAD = "instead"
# No build writes for so long.
_ABANDONED_S = 3600
# Of everything else in the manifest; versions that were written before it existed have none.
_OWN_DIGEST = "manifest_digest"
_RESTORE = "Restore the version from your repository's history, or delete its directory and run `llmci evalset build`."


class DirectoryEvalSets:
    """Eval sets below a directory; see `llmci.seams.EvalSetStore`.

    Args:
        path: Directory that holds one directory a set; local, or in an object store (`llmci.storage`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, evalset: EvalSet, traffic: Sequence[TrafficInput] = ()) -> None:
        """See `EvalSetStore.save`.

        Raises:
            UsageError: The version exists, or is being written: another build was faster. Nothing is overwritten.
        """
        target = self._version(evalset.name, evalset.version)
        try:
            if is_stored(target):
                self._upload(evalset, traffic, target)
            else:
                sweep_unfinished(target.parent, older_s=_ABANDONED_S)
                with atomic_directory(target) as temporary:
                    self._write(evalset, traffic, temporary)
        except FileExistsError:
            raise UsageError(
                f"{target} exists: another build wrote it meanwhile.", fix="Run `llmci evalset build` again."
            ) from None
        self.use(evalset.name, evalset.version)

    def _upload(self, evalset: EvalSet, traffic: Sequence[TrafficInput], target: Path) -> None:
        with leased(self._set(evalset.name) / "leases") as alone:
            if not alone:
                raise UsageError(
                    f"{target}: another build is writing this set, or was killed while it did.",
                    fix=f"Build again when it has ended; one that was killed is forgotten after {LASTS_S // 60} minutes.",
                )
            if (target / "manifest.json").exists():
                raise FileExistsError
            # What an upload that was interrupted left: no manifest names it, so that nobody could be erased from it.
            remove_tree(target)
            self._write(evalset, traffic, target)

    def rewrite(self, evalset: EvalSet, traffic: Sequence[TrafficInput]) -> None:
        """Replace a version that a person had to be erased from; whoever does so records both digests.

        What replaces it is written whole beside it first: where a kill left it half replaced, `finish_rewrites` goes on.
        """
        directory = self._version(evalset.name, evalset.version)
        remove_tree(directory / _INSTEAD)
        self._write(evalset, traffic, directory / _INSTEAD)
        _replace(directory)

    def finish_rewrites(self) -> None:
        """Replace what a killed `rewrite` did not."""
        for name in self.names():
            for version in self.versions(name):
                _replace(self._version(name, version))

    def use(self, name: str, version: int) -> None:
        """See `EvalSetStore.use`."""
        write_bytes(self._set(name) / "CURRENT", f"{version}\n".encode())

    def load(self, name: str, version: int | None = None) -> EvalSet:
        """See `EvalSetStore.load`; every digest is checked.

        Raises:
            UsageError: There is no such version, or it is damaged, edited or of a newer llmci.
            PrivacyStop: Nothing vouches for its text.
        """
        chosen = version if version is not None else self.current(name)
        directory = self._version(name, chosen)
        manifest = self._manifest(directory)
        if manifest.get("version") != chosen:
            # Copied or renamed: which version it is says its manifest, and others name it by that.
            raise UsageError(f"{directory}: its manifest is of version {manifest.get('version')}.", fix=_RESTORE)
        evalset = _evalset(manifest, self._cases(directory, manifest))
        _check_card(directory / "CARD.md", manifest)
        problem = next(iter(_problems(evalset)), None)
        if problem:
            raise UsageError(f"{directory}: {problem}.", fix=_RESTORE)
        return evalset

    def traffic(self, name: str, version: int) -> tuple[TrafficInput, ...]:
        """See `EvalSetStore.traffic`; its digest is checked.

        Raises:
            UsageError: There is no such version, or what it keeps of its traffic is damaged, edited or gone.
        """
        directory = self._version(name, version)
        told = self._manifest(directory).get("traffic")
        if not told:
            return ()
        return _read(directory / "traffic.parquet", told.get("sha256"), TRAFFIC, traffic_from)

    def current(self, name: str) -> int:
        """See `EvalSetStore.current`: the version that CURRENT names, or the newest.

        Raises:
            UsageError: There is no such set, or CURRENT names a version that is not there.
        """
        versions = self.versions(name)
        if not versions:
            known = ", ".join(self.names())
            raise UsageError(
                f"there is no eval set called {name!r} in {self.path}.",
                fix=f"There are: {known}." if known else "Make one with `llmci evalset build`.",
            )
        file = self._set(name) / "CURRENT"
        try:
            chosen = int(file.read_bytes().decode("ascii").strip().removeprefix("v"))
        except FileNotFoundError:
            return versions[-1]
        except ValueError:
            raise UsageError(f"{file}: not a version number.", fix=f"Write {versions[-1]} into it.") from None
        if chosen not in versions:
            raise UsageError(f"{file}: there is no version {chosen}.", fix=f"Write {versions[-1]} into it.")
        return chosen

    def versions(self, name: str) -> Sequence[int]:
        """See `EvalSetStore.versions`."""
        top = self._set(name)
        held = (path.parent for path in top.glob("v*/manifest.json")) if is_stored(top) else top.glob("v*")
        found = (_VERSION.fullmatch(path.name) for path in held)
        return sorted(int(match[1]) for match in found if match)

    def names(self) -> Sequence[str]:
        """See `EvalSetStore.names`."""
        stored = is_stored(self.path)
        held = (path.parent.parent for path in self.path.glob("*/v*/manifest.json")) if stored else self.path.glob("*")
        names = {path.name for path in held if _NAME.fullmatch(path.name)}
        return sorted(name for name in names if self.versions(name))

    def _write(self, evalset: EvalSet, traffic: Sequence[TrafficInput], directory: Path) -> None:
        digest = _written(table_of(evalset.cases), directory / "cases.parquet")
        told = (
            {
                "traffic": {
                    "inputs": len(traffic),
                    "sha256": _written(traffic_table(traffic), directory / "traffic.parquet"),
                }
            }
            if traffic
            else {}
        )
        card = card_of(evalset).encode()
        write_bytes(directory / "CARD.md", card)
        manifest = {
            "schema": SCHEMA_NAME,
            **{key: getattr(evalset, key) for key in _MANIFEST_KEYS},
            "strata": [_stratum_document(stratum) for stratum in evalset.strata],
            "lineage": dict(evalset.lineage),
            "cases": len(evalset.cases),
            "sha256": digest,
            "card_sha256": _card_digest(card),
            **told,
        }
        write_json(directory / "manifest.json", {**manifest, _OWN_DIGEST: digest_of(manifest)})

    def _manifest(self, directory: Path) -> Mapping[str, Any]:
        path = directory / "manifest.json"
        try:
            manifest: Mapping[str, Any] = read_json(path)
            schema = manifest["schema"]
        except FileNotFoundError:
            raise UsageError(f"{path}: there is no such version.", fix="`llmci evalset list` shows all.") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path}: damaged.", fix=_RESTORE) from None
        if schema != SCHEMA_NAME:
            raise UsageError(
                f"{path}: written as {schema!r}, but this llmci reads {SCHEMA_NAME!r}.",
                fix="Upgrade llmci, or build the set again.",
            )
        rest = {key: value for key, value in manifest.items() if key != _OWN_DIGEST}
        if _OWN_DIGEST in manifest and manifest[_OWN_DIGEST] != digest_of(rest):
            raise UsageError(f"{path}: edited or damaged: its digest is not that of what it says.", fix=_RESTORE)
        return manifest

    def _cases(self, directory: Path, manifest: Mapping[str, Any]) -> tuple[Any, ...]:
        return _read(directory / "cases.parquet", manifest.get("sha256"), CASES, cases_from)

    def _set(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name[:80]!r} is no name for an eval set.", fix="Use letters, digits, dots, dashes and underscores."
            )
        return self.path / name

    def _version(self, name: str, version: int) -> Path:
        return self._set(name) / f"v{version:04d}"


def _replace(directory: Path) -> None:
    """Put what is in its place there; the manifest says that it is whole."""
    instead = directory / _INSTEAD
    manifest = instead / "manifest.json"
    if manifest.exists():
        for name in _FILES:
            if (instead / name).exists():
                write_bytes(directory / name, (instead / name).read_bytes())
            else:
                (directory / name).unlink(missing_ok=True)
        manifest.unlink()
    remove_tree(instead)


def _written(table: pa.Table, path: Path) -> str:
    """Write a table; gives the digest of the file."""
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=10_000)
        return sha256_of(temporary)


def _read(path: Path, digest: object, schema: pa.Schema, make: Callable[[pa.Table], _Made]) -> _Made:
    """What a file holds, if it is the one of this digest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with at_hand(path) as local:
            if sha256_of(local) != digest:
                raise UsageError(f"{path}: not what the manifest says; it was edited or damaged.", fix=_RESTORE)
            with pq.ParquetFile(local) as file:
                table = file.read()
            # `read_table` loads pyarrow's datasets, and pandas with them: only what an older llmci wrote needs that.
            return make(table if table.schema.equals(schema) else pq.read_table(local, schema=schema))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: damaged or unreadable ({type(error).__name__}).", fix=_RESTORE) from None


def _check_card(path: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a page for people that says something else; versions that were written before it had a digest are let pass."""
    if (wanted := manifest.get("card_sha256")) is None:
        return
    try:
        found = _card_digest(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{path}: gone.", fix=_RESTORE) from None
    if found != wanted:
        raise UsageError(f"{path}: edited or damaged.", fix=_RESTORE)


def _card_digest(card: bytes) -> str:
    """Of its lines, however they end: git rewrites their ends on Windows."""
    return hashlib.sha256(card.replace(b"\r\n", b"\n")).hexdigest()


def _stratum_document(stratum: Stratum) -> dict[str, object]:
    return {"name": stratum.name, "share": stratum.share, "traces": stratum.traces, "cases": stratum.cases}


def _evalset(manifest: Mapping[str, Any], cases: tuple[Any, ...]) -> EvalSet:
    try:
        strata = tuple(Stratum(**stratum) for stratum in manifest["strata"])
        # Versions that were written before there was a lineage have none.
        lineage = manifest.get("lineage", {})
        return EvalSet(strata=strata, cases=cases, lineage=lineage, **{key: manifest[key] for key in _MANIFEST_KEYS})
    except (KeyError, TypeError) as error:
        raise UsageError(f"the manifest lacks {error}.", fix=_RESTORE) from None


def _problems(evalset: EvalSet) -> list[str]:
    """What is wrong with a set that could be read; a set without a voucher is a privacy stop."""
    if evalset.sanitize_digest is None and any(case.origin.kind != "hand" for case in evalset.cases):
        raise PrivacyStop(
            f"eval set {evalset.name} v{evalset.version} holds production text, and no sanitize manifest vouches for it.",
            fix="Build it again from the clean shelf with `llmci evalset build`.",
        )
    found = []
    if evalset.schema_fingerprint != schema_fingerprint(CASES):
        found.append("its schema fingerprint is not that of its schema")
    if evalset.digest != evalset_digest(evalset.cases):
        found.append("its content is not what the manifest says")
    renamed = [c.case_id for c in evalset.cases if c.case_id != case_id_of(c.messages, c.tools, c.key)]
    if renamed:
        found.append(f"case {renamed[0]} is not the digest of its input")
    return found
