"""JSON documents that runners leave behind, and what all readers of them need."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DIGEST_CHARS = 16


# Each format is asked whether it knows the document: it is parsed once for all of them.
@lru_cache(maxsize=1)
def document(path: Path) -> Any:  # noqa: ANN401  JSON holds anything
    """Parse a whole file; the last one is remembered.

    Raises:
        UsageError: It is no JSON, or cut off.
    """
    return parsed(path.read_bytes(), str(path))


def parsed(content: bytes, where: str) -> Any:  # noqa: ANN401  see above
    """Parse JSON, the NaN that Python writes included; raises `UsageError` naming `where`."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{where}: byte {error.start} is not UTF-8.", fix="Save the file as UTF-8.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{where}: not JSON, or cut off.", fix="Have the runner write the file again.") from None


def member(value: Any, *names: str) -> Any:  # noqa: ANN401  see above
    """What stands under nested names; None as soon as one of them is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def objects(value: Any, where: str) -> list[dict[str, Any]]:  # noqa: ANN401  see above
    """A list of objects; raises `UsageError` for anything else, for a result must not go missing."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise UsageError(f"{where}: not a list of objects.", fix="Have the runner write the file again.")


def mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401  see above
    """The object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:  # noqa: ANN401  see above
    """The list, or an empty one where there is none."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """An answer as text; what is no text as JSON. None where there is none."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def names_of(calls: object) -> tuple[str, ...]:
    """Names of tools in a list of calls, as OpenAI, Inspect and DeepEval write them."""
    found = (
        member(call, "function", "name") or member(call, "function") or member(call, "name") for call in listing(calls)
    )
    return tuple(name for name in found if isinstance(name, str))


def digest(value: object) -> str:
    """Digest of any JSON value; equal for equal values."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]


def labels(value: object, prefix: str) -> Mapping[str, object]:
    """The plain members of an object as columns: `{"lang": "de"}` is `{"metadata.lang": "de"}`."""
    members = mapping(value).items()
    return {f"{prefix}.{name}": item for name, item in members if isinstance(item, (str, int, float, bool))}
