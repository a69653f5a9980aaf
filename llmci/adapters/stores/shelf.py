"""A shelf: shards of one Arrow schema in a directory, each committed by its sidecar.

    <shelf>/<shard>.parquet        the rows
    <shelf>/<shard>.json           rows, fingerprint of the input, SHA-256; written last: the commit
    <shelf>/rejected/<shard>.jsonl records that were held back: where and why, never their text
    <shelf>/blobs/sha256/ab/<hex>  media that rows refer to, each once
    <shelf>/blobs/<shard>.txt      which of them a shard refers to

A shard without a sidecar does not exist, and one whose rows are not those of its sidecar is not read.
Workers on different shards never touch the same file.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from typing import TYPE_CHECKING

import orjson
from pydantic import TypeAdapter

from llmci.errors import UsageError
from llmci.files import at_hand, atomic_path, read_json, sha256_of, write_bytes, write_json, write_once
from llmci.seams import Rejected, ShardInfo, ShardWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from llmci.errors import LlmciError

REJECTED = "rejected"
_BLOBS = "blobs"


class DirectoryShelf:
    """A shelf in a local directory, or in one of an object store (`llmci.storage`); see `llmci.seams.Shelf`.

    Args:
        path: The directory; made on the first write, readable by its owner only where `private`.
        schema: Of every shard.
        private: For text that has not been sanitized.
        damaged: What is raised where a file is not as it was written.
    """

    def __init__(
        self, path: Path, schema: pa.Schema, *, private: bool = False, damaged: type[LlmciError] = UsageError
    ) -> None:
        self.path = path
        self.schema = schema
        self._private = private
        self._damaged = damaged

    def shards(self) -> Mapping[str, ShardInfo]:
        """See `Shelf.shards`."""
        found = {}
        for sidecar in sorted(self.path.glob("*.json")):
            if sidecar.name == "manifest.json":
                continue
            with contextlib.suppress(FileNotFoundError):
                found[sidecar.stem] = self._info(sidecar)
        return found

    def info(self, shard_id: str) -> ShardInfo | None:
        """See `Shelf.info`."""
        try:
            return self._info(self._sidecar(shard_id))
        except FileNotFoundError:
            return None

    def read(self, shard_id: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """See `Shelf.read`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._rows(shard_id)
        try:
            with at_hand(path) as local:
                if sha256_of(local) != self._info(self._sidecar(shard_id)).sha256:
                    raise self._redo(path, "its SHA-256 is not that of its sidecar")
                with pq.ParquetFile(local) as file:
                    yield from file.iter_batches(batch_size=1024, columns=list(columns) if columns else None)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._redo(path, type(error).__name__) from None

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """See `Shelf.batches`."""
        for shard_id in self.shards():
            yield from self.read(shard_id, columns)

    @contextlib.contextmanager
    def writer(self, shard_id: str, fingerprint: str) -> Iterator[ShardWriter]:
        """See `Shelf.writer`."""
        import pyarrow.parquet as pq

        self._make()
        writer = _Writer(self.path / _BLOBS)
        with atomic_path(self._rows(shard_id)) as temporary:
            with pq.ParquetWriter(temporary, self.schema, compression="zstd") as file:
                writer.open(file)
                yield writer
            digest = sha256_of(temporary)
        self._write_rejected(shard_id, writer.rejected)
        self._write_blobs(shard_id, writer.kept)
        info = {"rows": writer.rows, "rejected": len(writer.rejected), "fingerprint": fingerprint, "sha256": digest}
        write_json(self._sidecar(shard_id), info)

    def drop(self, shard_id: str) -> None:
        """See `Shelf.drop`."""
        # The sidecar goes first: a shard without one does not exist.
        for path in (self._sidecar(shard_id), self._rows(shard_id), self._rejected(shard_id), self._blobs(shard_id)):
            path.unlink(missing_ok=True)

    def size(self, shard_id: str) -> int:
        """Bytes of a committed shard."""
        return self._rows(shard_id).stat().st_size

    def adopt(self, other: DirectoryShelf, shard_id: str) -> None:
        """Move a shard here from another shelf on the same disk, in place of one of that id.

        A kill on the way leaves a shard that does not exist, never one whose rows are not those
        that its sidecar speaks of.
        """
        self._make()
        self._sidecar(shard_id).unlink(missing_ok=True)
        other._rows(shard_id).replace(self._rows(shard_id))
        self._rejected(shard_id).unlink(missing_ok=True)
        if other._rejected(shard_id).exists():
            self._rejected(shard_id).parent.mkdir(exist_ok=True)
            other._rejected(shard_id).replace(self._rejected(shard_id))
        other._sidecar(shard_id).replace(self._sidecar(shard_id))

    def rejected(self, shard_ids: Sequence[str] | None = None) -> Iterator[Rejected]:
        """See `Shelf.rejected`."""
        for shard_id in self.shards() if shard_ids is None else shard_ids:
            with contextlib.suppress(FileNotFoundError):
                for line in self._rejected(shard_id).read_bytes().splitlines():
                    yield Rejected(**orjson.loads(line))

    def manifest(self) -> Mapping[str, object] | None:
        """See `Shelf.manifest`."""
        try:
            found = read_json(self.path / "manifest.json")
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._damaged(f"{self.path / 'manifest.json'}: damaged.", fix="Delete it and run the stage again.")
        return found

    def write_manifest(self, manifest: Mapping[str, object]) -> None:
        """See `Shelf.write_manifest`."""
        self._make()
        write_json(self.path / "manifest.json", manifest)

    def sweep(self) -> None:
        """Remove what killed writers left behind, and media that no shard refers to any more.

        Only for who knows that nobody is writing now.
        """
        for path in list(self.path.rglob(".*")):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        used = {name for listed in self.path.glob(f"{_BLOBS}/*.txt") for name in listed.read_text().split()}
        for blob in self.path.glob(f"{_BLOBS}/sha256/*/*"):
            if blob.name not in used:
                blob.unlink(missing_ok=True)

    def blob(self, sha256: str) -> bytes | None:
        """The bytes of media that a row refers to, or None where they are not, or not as they were written."""
        try:
            content = _blob_path(self.path / _BLOBS, sha256).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def _info(self, sidecar: Path) -> ShardInfo:
        try:
            return TypeAdapter(ShardInfo).validate_python({"shard_id": sidecar.stem, **read_json(sidecar)})
        except (ValueError, TypeError):
            raise self._redo(sidecar, "not a sidecar") from None

    def _redo(self, path: Path, why: str) -> LlmciError:
        fix = f"Delete {self._sidecar(path.stem)} and run the stage again; only this shard is redone."
        return self._damaged(f"{path}: damaged or changed ({why}).", fix=fix)

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if self._private:
            self.path.chmod(0o700)

    def _write_rejected(self, shard_id: str, rejected: Sequence[Rejected]) -> None:
        path = self._rejected(shard_id)
        if rejected:
            write_bytes(path, b"".join(orjson.dumps({"where": r.where, "why": r.why}) + b"\n" for r in rejected))
        else:
            path.unlink(missing_ok=True)

    def _write_blobs(self, shard_id: str, kept: Collection[str]) -> None:
        if kept:
            write_bytes(self._blobs(shard_id), "".join(f"{name}\n" for name in sorted(kept)).encode())
        else:
            self._blobs(shard_id).unlink(missing_ok=True)

    def _blobs(self, shard_id: str) -> Path:
        return self.path / _BLOBS / f"{shard_id}.txt"

    def _rows(self, shard_id: str) -> Path:
        return self.path / f"{shard_id}.parquet"

    def _sidecar(self, shard_id: str) -> Path:
        return self.path / f"{shard_id}.json"

    def _rejected(self, shard_id: str) -> Path:
        return self.path / REJECTED / f"{shard_id}.jsonl"


class _Writer:
    """See `llmci.seams.ShardWriter`."""

    def __init__(self, blobs: Path) -> None:
        self.rows = 0
        self.rejected: list[Rejected] = []
        self.kept: set[str] = set()
        self._blobs = blobs
        self._file: object = None

    def open(self, file: object) -> None:
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write_batch(batch)  # type: ignore[attr-defined]  # a ParquetWriter, imported where it is made
        self.rows += batch.num_rows

    def reject(self, rejected: Rejected) -> None:
        self.rejected.append(rejected)

    def keep(self, sha256: str, content: bytes) -> None:
        if sha256 not in self.kept:
            # Another shard may have it already, or be at it; the content is the same.
            write_once(_blob_path(self._blobs, sha256), content)
            self.kept.add(sha256)


def _blob_path(blobs: Path, sha256: str) -> Path:
    return blobs / "sha256" / sha256[:2] / sha256
