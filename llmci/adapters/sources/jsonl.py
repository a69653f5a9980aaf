"""JSON Lines: one record a line; `.gz` and `.zst` are unpacked on the way."""

from __future__ import annotations

import json
import math
import re
from typing import IO, TYPE_CHECKING, Any, ClassVar

import orjson
from pydantic import Field

from llmci.adapters.sources.chunks import chunks_of
from llmci.adapters.sources.files import READ_ERRORS, matching, open_bytes, shard_id, shown, unreadable
from llmci.adapters.sources.rows import FileOptions, Normaliser
from llmci.core.traces.records import Origin
from llmci.errors import UsageError
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window


_SURROGATES = re.compile("[\ud800-\udfff]")


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
        from llmci.adapters.sources.chunks import located

        path, start, end, number = located(shard.uri)
        shown_as = shown(path, self._context.root)
        normalise = Normaliser(Origin(self._context.name, "jsonl"), self._options.fields, window)
        limit = int(self._options.max_line_mb * 1_000_000)
        with open_bytes(path) as file:
            try:
                if start:
                    file.seek(start)
                for line in _lines(file, limit, None if end is None else end - start):
                    number += 1
                    if outcome := _record(line, f"{shown_as}:{number}", limit, normalise):
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


def _lines(file: IO[bytes], limit: int, size: int | None) -> Iterator[bytes | None]:
    """Lines within the next `size` bytes; None for one that is longer than `limit`."""
    done = 0
    while size is None or done < size:
        line = file.readline(limit + 1)
        done += len(line)
        if not line:
            return
        if len(line) <= limit or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(1 << 20)
            done += len(line)
        yield None


def _record(line: bytes | None, where: str, limit: int, normalise: Normaliser) -> TraceRow | Rejected | None:
    if line is None:
        return Rejected(where, f"longer than {limit / 1_000_000:g} MB (max_line_mb)")
    line = line.strip(b" \t\r\n\xef\xbb\xbf") if line[:1] == b"\xef" else line.strip()
    if not line:
        return None
    try:
        return normalise(_parsed(line), where)
    except _NotJson as error:
        return Rejected(where, str(error))


class _NotJson(ValueError):
    """Why a line is no JSON; holds nothing of the line."""


def _parsed(line: bytes) -> Any:  # noqa: ANN401  JSON holds anything
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _second_look(line)


def _second_look(line: bytes) -> Any:  # noqa: ANN401  JSON holds anything
    """What strict JSON does not take, or why it is none.

    Half an emoji, cut off by whatever truncated the text, is common; it becomes U+FFFD.
    """
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
        return orjson.loads(_SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except UnicodeDecodeError as error:
        raise _NotJson(f"invalid UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _NotJson(f"not valid JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _NotJson("nested too deeply") from None


def _no_constant(name: str) -> float:
    raise _NotJson(f"holds {name}, which JSON does not have")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotJson("holds a number too large for a double")
    return number
