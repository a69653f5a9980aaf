"""What LiteLLM's proxy logs of its calls: objects of its S3 and GCS loggers, and bodies of its webhooks.

One JSON object a file (`s3_v2`, `gcs_bucket`), one a line (`s3_batch_file_upload`, webhooks with
`ndjson`), or an array of them (webhooks). A bucket has a file a call: files are read a thousand at a
time, and days outside of what is pulled are not opened.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from pydantic import Field

from llmci.adapters.sources.files import (
    READ_ERRORS,
    fingerprint_of,
    matching,
    open_bytes,
    shard_id,
    shown,
    unreadable,
    uri_of,
)
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.rows import placed
from llmci.core.canonical import digest_of
from llmci.core.traces import litellm
from llmci.core.traces.records import Origin, row_of
from llmci.core.traces.scalars import Unreadable
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard
from llmci.storage import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

_AT_ONCE = 1000
_DAY = re.compile(r"(?:^|/)(\d{4}-\d\d-\d\d)(?:/|$)")


class LitellmSource:
    """Calls through LiteLLM's proxy; see `llmci.seams.Source`."""

    class Options(BaseOptions):
        """Files of the proxy's loggers.

        Attributes:
            path: A directory, a file, a glob or a URI of an object store, from the configuration's directory,
                such as `logs/` or `s3://bucket/litellm/`.
            max_line_mb: A longer record is rejected; images stand in records unless the proxy strips them.
        """

        path: str = Field(min_length=1)
        max_line_mb: float = Field(default=32, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:
        """See `Source.shards`: a thousand files of a directory each; they are in order of time, so that only the last one grows."""
        name, root = self._context.name, self._context.root
        files = [
            path
            for path in matching(self._options.path, root, source=name)
            if _may_be_within(shown(path, root), window)
        ]
        shards = []
        for folder, found in groupby(files, key=lambda path: shown(path, root).rpartition("/")[0]):
            paths = list(found)
            for number, first in enumerate(range(0, len(paths), _AT_ONCE)):
                some = paths[first : first + _AT_ONCE]
                try:
                    fingerprint = digest_of(*([path.name, fingerprint_of(path)] for path in some))
                    size = sum(path.stat().st_size for path in some)
                except OSError as error:
                    raise unreadable(some[0], error) from None
                uri = orjson.dumps([uri_of(path) for path in some]).decode()
                shards.append(Shard(shard_id(name, folder, number), fingerprint, uri, size))
        return shards

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        for text in orjson.loads(shard.uri):
            for outcome, where in self._file(place(text, self._context.root)):
                if isinstance(outcome, Rejected):
                    yield outcome
                elif found := placed(outcome, where, window):
                    yield found

    def _file(self, path: Path) -> Iterator[tuple[TraceRow | Rejected, str]]:
        name, limit = shown(path, self._context.root), int(self._options.max_line_mb * 1_000_000)
        with open_bytes(path) as file:
            try:
                for number, line in enumerate(lines_of(file, limit), 1):
                    where = f"{name}:{number}"
                    try:
                        value = parsed(line, limit)
                    except NotJson as error:
                        yield Rejected(where, str(error)), where
                        continue
                    for record in value if isinstance(value, list) else [] if value is None else [value]:
                        yield self._row(record, where), where
            except READ_ERRORS as error:
                raise unreadable(path, error) from None

    def _row(self, record: Any, where: str) -> TraceRow | Rejected:  # noqa: ANN401  JSON holds anything
        if not litellm.is_payload(record):
            return Rejected(where, "not a record of LiteLLM's proxy: it has no litellm_call_id")
        try:
            return row_of(litellm.told(record), litellm.TOLD, Origin(self._context.name, "litellm"))
        except (Unreadable, RecursionError) as error:
            return Rejected(where, str(error) if isinstance(error, Unreadable) else "nested too deeply")


def _may_be_within(path: str, window: Window) -> bool:
    """Whether a file's day, where its path has one, may hold calls of a window; days are of the proxy's own clock and zone."""
    found = _DAY.findall(path.rpartition("/")[0])
    try:
        day = date.fromisoformat(found[-1]) if found else None
    except ValueError:
        day = None
    if day is None:
        return True
    margin = timedelta(days=1)
    return (window.since is None or day >= window.since.date() - margin) and (
        window.until is None or day <= window.until.date() + margin
    )
