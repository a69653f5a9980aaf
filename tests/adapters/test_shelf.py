"""A shelf gives back what was written, or says that it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.errors import LlmciError, PrivacyStop, UsageError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = pa.schema([("number", pa.int64())])


def a_shelf(path: Path, *, damaged: type[LlmciError] = UsageError, numbers: tuple[int, ...] = (1, 2)) -> DirectoryShelf:
    """A shelf with one shard, `day`."""
    shelf = DirectoryShelf(path, SCHEMA, damaged=damaged)
    with shelf.writer("day", "fingerprint") as writer:
        writer.write(pa.RecordBatch.from_pydict({"number": list(numbers)}, schema=SCHEMA))
    return shelf


def test_rows_that_were_put_in_place_of_those_that_were_written_are_not_read(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path / "clean", damaged=PrivacyStop)
    other = a_shelf(tmp_path / "raw", numbers=(3, 4))
    (shelf.path / "day.parquet").write_bytes((other.path / "day.parquet").read_bytes())

    with pytest.raises(PrivacyStop, match="SHA-256"):
        list(shelf.batches())


def test_half_a_shard_is_named_with_what_to_delete(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    content = (tmp_path / "day.parquet").read_bytes()
    (tmp_path / "day.parquet").write_bytes(content[: len(content) // 2])

    with pytest.raises(UsageError, match=r"day\.parquet: damaged") as stopped:
        list(shelf.read("day"))

    assert str(tmp_path / "day.json") in stopped.value.fix


@pytest.mark.parametrize(
    "content", ["{", "[]", '"text"', '{"rows": "x", "rejected": 1, "fingerprint": 3, "sha256": []}', '{"row": 1}']
)
def test_a_sidecar_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    shelf = a_shelf(tmp_path)
    (tmp_path / "day.json").write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=r"day\.json: damaged"):
        shelf.shards()


@pytest.mark.parametrize("content", ["{", "[]", "3"])
def test_a_manifest_that_is_no_object_is_damaged(tmp_path: Path, content: str) -> None:
    shelf = a_shelf(tmp_path, damaged=PrivacyStop)
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")

    with pytest.raises(PrivacyStop, match=r"manifest\.json: damaged"):
        shelf.manifest()
