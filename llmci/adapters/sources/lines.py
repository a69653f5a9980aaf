"""Lines of JSON out of a file: bounded in length, and every line that is none says why."""

from __future__ import annotations

import json
import math
import re
from typing import IO, TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURROGATES = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"


class NotJson(ValueError):
    """Why a line is no JSON; holds nothing of the line."""


def lines_of(file: IO[bytes], limit: int, size: int | None = None) -> Iterator[bytes | None]:
    """Lines within the next `size` bytes; None for one that is longer than `limit`, which is not held."""
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


def parsed(line: bytes | None, limit: int) -> Any:  # noqa: ANN401  JSON holds anything
    """The value of a line of `lines_of`; None for an empty one.

    Raises:
        NotJson: It is too long or no JSON.
    """
    if line is None:
        raise NotJson(f"longer than {limit / 1_000_000:g} MB (max_line_mb)")
    line = line.removeprefix(_BOM).strip()
    if not line:
        return None
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
        raise NotJson(f"invalid UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not valid JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None


def _no_constant(name: str) -> float:
    raise NotJson(f"holds {name}, which JSON does not have")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson("holds a number too large for a double")
    return number
