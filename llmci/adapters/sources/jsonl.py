"""JSON Lines: one record a line; `.gz` and `.zst` are unpacked on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from llmci.adapters.sources.chunks import chunks_of, located
from llmci.adapters.sources.files import READ_ERRORS, matching, open_bytes, shard_id, shown, unreadable
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.rows import FileOptions, Normaliser
from llmci.core.traces.records import Origin
from llmci.errors import UsageError
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window


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

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for each 64 MiB of a file, or for each packed file."""
        name, root = self._context.name, self._context.root
        shards = []
        for path in matching(self._options.path, root, source=name):
            _check_lines(path)
            for chunk in chunks_of(path):
                shard = shard_id(name, shown(path, root), chunk.number)
                shards.append(Shard(shard, chunk.fingerprint, chunk.uri(path), chunk.size))
        return shards

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        path, start, end, number = located(shard.uri)
        name = shown(path, self._context.root)
        normalise = Normaliser(Origin(self._context.name, "jsonl"), self._options.fields, window)
        limit = int(self._options.max_line_mb * 1_000_000)
        with open_bytes(path) as file:
            try:
                if start:
                    file.seek(start)
                for line in lines_of(file, limit, None if end is None else end - start):
                    number += 1
                    if outcome := _record(line, f"{name}:{number}", limit, normalise):
                        yield outcome
            except READ_ERRORS as error:
                raise unreadable(path, error) from None


def _check_lines(path: Path) -> None:
    """A JSON array would be rejected line by line; one message says it better."""
    with open_bytes(path) as file:
        try:
            head = file.read(64).lstrip()
        except READ_ERRORS as error:
            raise unreadable(path, error) from None
    if head.startswith(b"[") and head[1:].lstrip()[:1] in (b"{", b""):
        raise UsageError(f"{path}: one JSON array, not JSON Lines.", fix="Convert it, for example with `jq -c '.[]'`.")


def _record(line: bytes | None, where: str, limit: int, normalise: Normaliser) -> TraceRow | Rejected | None:
    try:
        record = parsed(line, limit)
    except NotJson as error:
        return Rejected(where, str(error))
    # An empty line and JSON's null both say nothing, but only the second is a record.
    return None if record is None and not (line or b"").strip() else normalise(record, where)
