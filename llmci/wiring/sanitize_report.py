"""`.llmci/sanitize.json`: everything that may be said of a run; of values only their shapes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from llmci.files import read_json, write_json
from llmci.wiring.build import shelf_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.seams import Rejected

REPORT = "sanitize.json"
_SCHEMA = "sanitize-report/1"
_MOST_HELD = 1_000
_ENGINES = ("llmci-loop", "presidio-analyzer", "phonenumbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Traces that this run sanitized, and the seconds it took."""

    traces: int
    seconds: float


def write_report(
    target: Path,
    manifest: Mapping[str, object],
    shapes: Sequence[Mapping[str, object]],
    held: Iterable[Rejected],
    pace: Pace,
) -> None:
    """Write the report beside the shelves; `sanitize.schema.json` is its schema."""
    told = {name: value for name, value in manifest.items() if name not in ("schema", "digest", "shards")}
    listed = [asdict(one) for one in islice(held, _MOST_HELD)]
    rate = pace.traces / pace.seconds if pace.seconds else 0.0
    document = {
        "schema": _SCHEMA,
        **told,
        "manifest_digest": manifest["digest"],
        "residual": shapes,
        "quarantine": listed,
        "engines": {name: found for name in _ENGINES if (found := _version(name))},
        "throughput": {"traces": pace.traces, "seconds": round(pace.seconds, 3), "traces_per_s": round(rate, 1)},
    }
    write_json(target, document)


def sanitizing_of(config: Config) -> dict[str, object] | None:
    """The manifest of the clean traces, with what the report of the same run adds to it; None without clean traces."""
    manifest = shelf_of(config, "clean").manifest()
    if manifest is None:
        return None
    try:
        told = read_json(config.state / REPORT)
    except (OSError, ValueError):
        told = None
    same = isinstance(told, dict) and told.get("manifest_digest") == manifest.get("digest")
    return dict(manifest) | (told if same else {})


def report_schema() -> dict[str, Any]:
    """Of `sanitize.json`, JSON Schema 2020-12."""
    schema: dict[str, Any] = orjson.loads(files("llmci.wiring").joinpath("sanitize.schema.json").read_bytes())
    return schema


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(package)
    except PackageNotFoundError:
        return ""
