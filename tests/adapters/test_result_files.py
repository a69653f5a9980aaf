"""Tables of results: read whole, or refused at the line that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmci import registry
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.seams import Results

TABLES = [name for name in registry.names("results") if registry.adapter("results", name).table]
ROWS = [{"id": "a", "score": 1.0}, {"id": "b", "score": 0.0}]


def reader(name: str) -> Results:
    return registry.adapter("results", name)()


def written(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"results.{name}"
    if name == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif name == "csv":
        path.write_text("id,score\na,1.0\nb,0.0\n")
    else:
        path.write_text('{"id": "a", "score": 1.0}\n\n{"id": "b", "score": 0.0}\n')
    return path


@pytest.mark.parametrize("name", TABLES)
def test_every_format_gives_its_rows_with_their_places(name: str, tmp_path: Path) -> None:
    rows = list(reader(name).rows(written(tmp_path, name)))

    assert [(str(row.values["id"]), float(str(row.values["score"]))) for row in rows] == [("a", 1.0), ("b", 0.0)]
    assert rows[0].where in {"line 1", "line 2", "row 1"}
    assert f".{name}" in reader(name).suffixes


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_file_holds_no_row_or_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty.{name}"
    path.write_bytes(b"")
    if name == "parquet":
        with pytest.raises(UsageError):
            list(reader(name).rows(path))
    else:
        assert list(reader(name).rows(path)) == []


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(b'{"id": "a", "sco', ":1: not JSON", id="truncated"),
        pytest.param(b'{"id": "a"}\n[1, 2]\n', ":2: not a JSON object", id="not-an-object"),
        pytest.param(b'{"id": "\xff"}', ":1: byte 8 is not UTF-8", id="not-utf-8"),
        pytest.param(b"[" * 100_000, ":1: not JSON", id="nested-without-end"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(content: bytes, place: str, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=place):
        list(reader("jsonl").rows(path))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(b"id,score\na,1,2\n", ":2: the row has another number", id="too-many-cells"),
        pytest.param(b"id,score\na\n", ":2: the row has another number", id="too-few-cells"),
        pytest.param(b'id,score\n"a,1\n', "not CSV", id="open-quote"),
        pytest.param(b"id,score\n\xff,1\n", "not UTF-8", id="not-utf-8"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_named(content: bytes, place: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=place):
        list(reader("csv").rows(path))


def test_a_cell_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(f"id,score,answer\na,1,{'x' * 10_000_000}\n")

    [row] = reader("csv").rows(path)

    assert len(str(row.values["answer"])) == 10_000_000


def test_half_a_parquet_file_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path, "parquet")
    whole.write_bytes(whole.read_bytes()[:-40])

    with pytest.raises(UsageError, match="damaged"):
        list(reader("parquet").rows(whole))
