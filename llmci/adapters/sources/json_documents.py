"""JSON documents: an array of records, an object that holds them, results of promptfoo and Inspect, or one record."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmci.adapters.sources.files import READ_ERRORS, open_bytes, shown, unreadable, whole_files
from llmci.adapters.sources.grouped import span_preset_of, traces_of
from llmci.adapters.sources.lines import NotJson, parsed
from llmci.adapters.sources.rows import FileOptions, Normaliser
from llmci.core.traces.paths import at
from llmci.core.traces.records import Origin
from llmci.errors import OutsideError
from llmci.files import zipped
from llmci.seams import Rejected, Shard
from llmci.storage import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

# Where tools keep a document's records.
_HOLDERS = ("results.results", "samples", "data", "traces", "records", "items", "rows", "runs", "calls", "logs", "events")  # fmt: skip


class JsonSource:
    """Traces in JSON documents; see `llmci.seams.Source`."""

    class Options(FileOptions):
        """Files that are one JSON document each, and Inspect's `.eval` logs.

        Attributes:
            max_document_mb: A longer document is rejected: it is held in memory as a whole.
        """

        max_document_mb: float = Field(default=256, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for each file."""
        return whole_files(self._options.path, self._context)

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        path = place(shard.uri, self._context.root)
        name, origin = shown(path, self._context.root), Origin(self._context.name, "json")
        records = self._records(path, name)
        first = next(records, None)
        if first is None:
            return
        again = _chained(first, records)
        head = None if isinstance(first, Rejected) else first[0]
        if steps := span_preset_of(head, self._options.preset if self._options.fields is None else "none"):
            spill = self._context.state / "raw" / f".spill-{shard.shard_id}"
            yield from traces_of(again, steps, origin, window, spill=spill, size=shard.size or 0)
            return
        normalise = Normaliser(origin, self._options, window)
        for entry in again:
            outcome = entry if isinstance(entry, Rejected) else normalise(*entry)
            if outcome:
                yield outcome

    def _records(self, path: Path, name: str) -> Iterator[tuple[Any, str] | Rejected]:
        if path.suffix == ".eval":
            yield from _inspect_log(path, name)
            return
        limit = int(self._options.max_document_mb * 1_000_000)
        try:
            with open_bytes(path) as file:
                content = file.read(limit + 1)
        except READ_ERRORS as error:
            raise unreadable(path, error) from None
        if len(content) > limit:
            yield Rejected(name, f"longer than {self._options.max_document_mb:g} MB (max_document_mb)")
            return
        try:
            document = parsed(content, limit)
        except NotJson as error:
            yield Rejected(name, str(error))
            return
        yield from _listed(document, name)


def _chained(first: Any, rest: Iterable[Any]) -> Iterator[Any]:  # noqa: ANN401  records, or rejections
    yield first
    yield from rest


def _listed(document: object, name: str) -> Iterator[tuple[Any, str]]:
    """The records of a document with their places."""
    if isinstance(document, list):
        yield from ((record, f"{name}: record {number}") for number, record in enumerate(document, 1))
        return
    if isinstance(document, dict):
        header = _inspect_header(document)
        beside = {"eval_header": header} if header else {}
        # promptfoo says once when it ran.
        if (evaluated := at(document, "results.timestamp")) is not None:
            beside["evaluated_at"] = evaluated
        for holder in _HOLDERS:
            inner = at(document, holder)
            # A dictionary of lists is one record, such as a trace with its events.
            if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner) and "messages" not in document:  # fmt: skip
                for number, record in enumerate(inner, 1):
                    yield {**record, **beside}, f"{name}: {holder}[{number - 1}]"
                return
    if document is not None:
        yield document, name


def _inspect_header(document: dict[str, Any]) -> dict[str, Any] | None:
    found = document.get("eval")
    return found if isinstance(found, dict) and ("task" in found or "model" in found) else None


def _inspect_log(path: Path, name: str) -> Iterator[tuple[Any, str] | Rejected]:
    """Samples of Inspect's zipped log, one at a time; of one that was cut off, those that it holds."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = {info.filename: info for info in archive.infolist()}
            start = names.get("header.json") or names.get("_journal/start.json")
            header = (
                None if start is None else _inspect_header(parsed(zipped(path, archive, start), start.file_size + 1))
            )
            for member in sorted(member for member in names if member.startswith("samples/")):
                where = f"{name}: {member}"
                try:
                    sample = parsed(zipped(path, archive, names[member]), names[member].file_size + 1)
                except NotJson as error:
                    yield Rejected(where, str(error))
                    continue
                yield ({**sample, "eval_header": header or {}} if isinstance(sample, dict) else sample), where
    except (zipfile.BadZipFile, KeyError, OSError, struct.error, NotJson):
        raise OutsideError(f"{path}: not an Inspect log, or damaged.", fix="Run the evaluation again.") from None
