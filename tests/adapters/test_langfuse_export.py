"""Langfuse's export to blob storage, in the columns of its field reference."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import NOON
from langfuse_server import observation, trace_before
from pulling import a_source, outcomes

from llmci.adapters.sources import export_rows
from llmci.core.traces.langfuse import trace_of
from llmci.core.traces.records import Origin
from llmci.errors import OutsideError, UsageError
from llmci.seams import Rejected, Window

if TYPE_CHECKING:
    from pathlib import Path

HOUR_AGO = NOON - timedelta(hours=1)
FOLDER = "export/prj"


def snake(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the export writes it: other names, other times, and empty text for what is not there."""
    names = {key: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key) for key in row}
    times = {"startTime", "endTime", "createdAt", "updatedAt", "timestamp", "completionStartTime"}
    found = {
        names[key]: value.replace("T", " ").replace("Z", "000")
        if key in times and value
        else ""
        if value is None
        else value
        for key, value in row.items()
    }
    if "model" in found:
        found["provided_model_name"] = found.pop("model")
    return {**found, "parent_observation_id": row.get("parentObservationId") or ""}


def quoted(value: object) -> str:
    """A cell as Langfuse writes it: always quoted, text as it is, JSON for the rest."""
    text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
    return '"{}"'.format(text.replace('"', '""'))


def packed(name: str, rows: list[dict[str, Any]]) -> bytes:
    """The content of a file of that name."""
    if ".csv" in name:
        head = list(rows[0])
        table = [head, *([row.get(key) for key in head] for row in rows)]
        return "".join(",".join(map(quoted, line)) + "\n" for line in table).encode()
    if ".jsonl" not in name:
        return orjson.dumps(rows)
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = packed(path.name, rows)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


SPANS = [
    observation("t1", "root", HOUR_AGO, type="SPAN", model=None, usageDetails={}, costDetails={}, totalCost=0),
    observation("t1", "gen", HOUR_AGO, parentObservationId="root", metadata={"variant": "canary"}),
]
SCORE = {"id": "c1", "timestamp": "2026-11-20 11:30:00.000000", "trace_id": "t1", "observation_id": None, "name": "mood", "value": 0, "string_value": "calm", "data_type": "CATEGORICAL", "source": "ANNOTATION"}  # fmt: skip


def pulled(root: Path, path: str = FOLDER) -> dict[str, Any]:
    found = outcomes(a_source("langfuse-export", root, path=path))
    assert not [one for one in found if isinstance(one, Rejected)]
    return {row["trace_id"]: row for row in found if not isinstance(row, Rejected)}


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "json", "json.gz", "csv", "csv.gz", "parquet"])
def test_the_export_gives_the_trace_that_the_interface_gives(tmp_path: Path, suffix: str) -> None:
    write = table if suffix == "parquet" else lines
    rows = [snake(span) for span in SPANS]
    if suffix == "parquet":
        rows = [{**row, "usage_details": list(row["usage_details"].items()) or None, "metadata": list(row["metadata"].items()) or None, "cost_details": list(row["cost_details"].items()) or None} for row in rows]  # fmt: skip
        maps = pa.map_(pa.string(), pa.string())
        kinds = {"usage_details": pa.map_(pa.string(), pa.int64()), "metadata": maps, "cost_details": pa.map_(pa.string(), pa.float64())}  # fmt: skip
        path = tmp_path / FOLDER / "observations_v2" / "2026.parquet"
        path.parent.mkdir(parents=True)
        names = list(rows[0])
        arrays = {name: pa.array([row[name] for row in rows], type=kinds.get(name)) for name in names if name not in ("public", "bookmarked")}  # fmt: skip
        pq.write_table(pa.table(arrays), path)
    else:
        write(tmp_path / FOLDER / "observations_v2" / f"2026.{suffix}", rows)
    write(tmp_path / FOLDER / "scores" / f"2026.{suffix}", [SCORE])
    row = pulled(tmp_path)["t1"]
    expected = trace_of(SPANS, [], Origin("prod", "langfuse-export"))
    apart = ("scores", "steps")
    assert {k: v for k, v in row.items() if k not in apart} == {k: v for k, v in expected.items() if k not in apart}
    assert [step["span_id"] for step in row["steps"]] == ["gen", "root"]
    assert row["steps"][0]["usage"] == expected["steps"][0]["usage"]
    assert [(item["text"], item["annotator"]) for item in row["scores"]] == [("calm", "human")]


def test_windows_that_overlap_count_each_row_once_as_it_was_last(tmp_path: Path) -> None:
    later = [{**snake(SPANS[1]), "output": '"later"', "updated_at": "2026-11-20 11:59:00.000000"}]
    lines(tmp_path / FOLDER / "observations_v2" / "1.jsonl", [snake(SPANS[0]), *later])
    lines(tmp_path / FOLDER / "observations_v2" / "2.jsonl", [snake(span) for span in SPANS])
    row = pulled(tmp_path)["t1"]
    assert len(row["steps"]) == 2
    assert row["usage"]["total"] == 228
    assert next(step for step in row["steps"] if step["span_id"] == "gen")["output"]["text"] == '"later"'


def test_the_older_export_has_traces_apart(tmp_path: Path) -> None:
    trace = trace_before("t1", HOUR_AGO)
    trace |= {"input": orjson.dumps(trace["input"]).decode(), "output": orjson.dumps(trace["output"]).decode()}
    lines(tmp_path / FOLDER / "traces" / "1.jsonl", [snake(trace)])
    lines(tmp_path / FOLDER / "observations" / "1.jsonl", [snake(span) for span in SPANS])
    row = pulled(tmp_path)["t1"]
    assert (row["name"], row["session_id"], row["tags"]) == ("support", "s-5", ["prod"])
    lines(tmp_path / FOLDER / "observations_v2" / "1.jsonl", [snake(span) for span in SPANS])
    assert len(pulled(tmp_path)["t1"]["steps"]) == 2


def test_an_address_of_arrow_is_read(tmp_path: Path) -> None:
    lines(tmp_path / FOLDER / "observations_v2" / "1.jsonl", [snake(span) for span in SPANS])
    assert pulled(tmp_path, f"file://{tmp_path}/{FOLDER}").keys() == {"t1"}


def test_a_damaged_line_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "observations_v2" / "1.jsonl"
    lines(path, [snake(span) for span in SPANS])
    path.write_bytes(path.read_bytes() + b'{"id": "x", \n{}\n')
    found = outcomes(a_source("langfuse-export", tmp_path, path=FOLDER))
    assert [one.where.rpartition(":")[2] for one in found if isinstance(one, Rejected)] == ["3", "4"]
    assert len(found) == 3


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_a_json_array_is_read_a_row_at_a_time_whatever_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(export_rows, "_BLOCK", block)
    rows = [{"id": number, "text": "\u20ac[,]{}" * number, "more": [1.5, None, True]} for number in range(40)]
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf  [ " + b" ,\n ".join(map(orjson.dumps, rows)) + b"\n] ")
    assert list(export_rows.rows_of(path)) == rows
    path.write_bytes(b"[]")
    assert list(export_rows.rows_of(path)) == []
    path.write_bytes(b'[{"id": 1}, {"id": ')
    first, second = export_rows.rows_of(path)
    assert first == {"id": 1}
    assert "cut off" in str(second)


def test_a_damaged_row_of_a_table_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"id","input"\n"1","x ""y"" z"\n"2"\n"3"x,\n"4","a\nb"\n')
    first, second, third, fourth = export_rows.rows_of(path)
    assert (first, fourth) == ({"id": "1", "input": 'x "y" z'}, {"id": "4", "input": "a\nb"})
    assert "1 cells, but 2 columns" in str(second)
    assert "not CSV" in str(third)


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    lines(tmp_path / FOLDER / "observations_v2" / "1.jsonl", [snake(span) for span in SPANS])
    lines(tmp_path / FOLDER / "observations_v2" / "2.jsonl", [])
    assert [
        one.why for one in outcomes(a_source("langfuse-export", tmp_path, path=FOLDER)) if isinstance(one, Rejected)
    ] == ["holds no row; exports are known to have been overwritten by empty ones"]


def test_a_folder_without_an_export(tmp_path: Path) -> None:
    lines(tmp_path / FOLDER / "scores" / "1.jsonl", [SCORE])
    with pytest.raises(UsageError, match="no export of observations"):
        a_source("langfuse-export", tmp_path, path=FOLDER).shards(Window())
    with pytest.raises(UsageError, match="no file matches"):
        a_source("langfuse-export", tmp_path, path="nowhere").shards(Window())


def test_a_damaged_table_stops(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "observations_v2" / "1.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(OutsideError, match="cannot be read to its end"):
        outcomes(a_source("langfuse-export", tmp_path, path=FOLDER))


def test_the_window_is_kept_to(tmp_path: Path) -> None:
    lines(tmp_path / FOLDER / "observations_v2" / "1.jsonl", [snake(span) for span in SPANS])
    assert outcomes(a_source("langfuse-export", tmp_path, path=FOLDER), Window(NOON)) == []
