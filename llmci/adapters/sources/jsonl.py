"""JSON Lines: one record a line; `.gz`, `.bz2` and `.zst` are unpacked on the way."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmci.adapters.sources import batches
from llmci.adapters.sources.chunks import chunks_of, located
from llmci.adapters.sources.files import READ_ERRORS, fingerprint_of, matching, open_bytes, shard_id, shown, unreadable
from llmci.adapters.sources.grouped import span_preset_of, traces_of
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.rows import FileOptions, Normaliser
from llmci.core.canonical import digest_of
from llmci.core.traces.presets import recognized
from llmci.core.traces.records import Origin
from llmci.errors import UsageError
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

# A shard of all files, because a trace's steps may stand in any of them.
_WHOLE = "steps:"
_HEAD_LINES = 20


class JsonlSource:
    """Traces in JSON Lines files; see `llmci.seams.Source`."""

    class Options(FileOptions):
        """Files with one JSON object a line.

        Attributes:
            max_line_mb: A longer line is rejected; it is skipped without being held in memory.
        """

        max_line_mb: float = Field(default=32, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context
        self._limit = int(options.max_line_mb * 1_000_000)

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for each 64 MiB of a file, or for each packed file.

        Where rows are steps of traces there is one for all files; where they are a batch's answers,
        a shard changes with its requests.
        """
        name, root, files = self._context.name, self._context.root, self._files()
        for path in files:
            _check_lines(path)
        head = self._head(files)
        if steps := span_preset_of(head, self._options.preset if self._options.fields is None else "none"):
            digest = digest_of(steps, *([shown(path, root), fingerprint_of(path)] for path in files))
            size = sum(path.stat().st_size for path in files)
            return [Shard(shard_id(name, self._options.path), digest, f"{_WHOLE}{steps}", size)]
        together = digest_of(*(fingerprint_of(path) for path in files)) if self._is_batch(head) else None
        shards = []
        for path in files:
            for chunk in chunks_of(path):
                shard = shard_id(name, shown(path, root), chunk.number)
                fingerprint = chunk.fingerprint if together is None else digest_of(chunk.fingerprint, together)
                shards.append(Shard(shard, fingerprint, chunk.uri(path), chunk.size))
        return shards

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        origin = Origin(self._context.name, "jsonl")
        if shard.uri.startswith(_WHOLE):
            records = (entry for path in self._files() for entry in self._records(path, 0, None, 0))
            spill = self._context.state / "raw" / f".spill-{shard.shard_id}"
            preset = shard.uri.removeprefix(_WHOLE)
            yield from traces_of(records, preset, origin, window, spill=spill, size=shard.size or 0)
            return
        path, start, end, number = located(shard.uri)
        normalise = Normaliser(origin, self._options, window)
        with closing(batches.Joiner(self._files, self._limit, self._is_batch)) as requests:
            for entry in self._records(path, start, end, number):
                if isinstance(entry, Rejected):
                    yield entry
                    continue
                record, where = entry
                if outcome := normalise(requests.joined(record), where):
                    yield outcome

    def _files(self) -> list[Path]:
        return matching(self._options.path, self._context.root, source=self._context.name)

    def _records(self, path: Path, start: int, end: int | None, number: int) -> Iterator[tuple[Any, str] | Rejected]:
        """Records of a piece of a file with their places; `number` lines come before it."""
        name = shown(path, self._context.root)
        with open_bytes(path) as file:
            try:
                if start:
                    file.seek(start)
                for line in lines_of(file, self._limit, None if end is None else end - start):
                    number += 1
                    where = f"{name}:{number}"
                    try:
                        record = parsed(line, self._limit)
                    except NotJson as error:
                        yield Rejected(where, str(error))
                        continue
                    # An empty line and JSON's null both say nothing, but only the second is a record.
                    if record is not None or (line or b"").strip():
                        yield record, where
            except READ_ERRORS as error:
                raise unreadable(path, error) from None

    def _head(self, files: Sequence[Path]) -> Any:  # noqa: ANN401  JSON holds anything
        """The first record that can be read."""
        for path in files:
            for number, entry in enumerate(self._records(path, 0, None, 0)):
                if not isinstance(entry, Rejected) and isinstance(entry[0], dict):
                    return entry[0]
                if number >= _HEAD_LINES:
                    break
        return None

    def _is_batch(self, head: object) -> bool:
        if self._options.preset is not None:
            return self._options.preset in batches.PRESETS
        if self._options.fields is not None or not isinstance(head, dict):
            return False
        preset = recognized(head)
        return preset is not None and preset.name in batches.PRESETS


def _check_lines(path: Path) -> None:
    """A JSON array would be rejected line by line; one message says it better."""
    with open_bytes(path) as file:
        try:
            head = file.read(64).lstrip()
        except READ_ERRORS as error:
            raise unreadable(path, error) from None
    if head.startswith(b"[") and head[1:].lstrip()[:1] in (b"{", b""):
        raise UsageError(f"{path}: one JSON array, not JSON Lines.", fix="Set `kind: json` for it.")
