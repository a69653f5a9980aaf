"""Files as they are in the wild: every bad record is named, and the rest goes on."""

from __future__ import annotations

import bz2
import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pulling import a_source, outcomes

from llmci.errors import OutsideError, UsageError
from llmci.seams import Rejected, Window

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow

GOOD = {"id": "t1", "input": "Where is parcel 778?", "output": "In Lyon."}


def jsonl(root: Path, *lines: bytes | dict[str, Any], **options: Any) -> list[TraceRow | Rejected]:
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    (root / "log.jsonl").write_bytes(content + b"\n")
    return outcomes(a_source("jsonl", root, path="log.jsonl", **options))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(b'{"id": "t2", "input": "cut o', "not valid JSON", id="truncated"),
        pytest.param(b'["a list"]', "not a JSON object", id="a-list"),
        pytest.param(b'"text of a user"', "not a JSON object", id="a-string"),
        pytest.param(b"null", "not a JSON object", id="null"),
        pytest.param(b"{}", "empty", id="empty"),
        pytest.param(b'{"id": "t2", "cost": NaN}', "holds NaN", id="nan"),
        pytest.param(b'{"id": "t2", "cost": -Infinity}', "holds -Infinity", id="infinity"),
        pytest.param(b'{"id": "t2", "cost": 1e999}', "too large for a double", id="overflow"),
        pytest.param(b'{"id": "t2", "input": "\xff\xfe"}', "invalid UTF-8", id="invalid-utf-8"),
        pytest.param(b'{"id": "t2", "input": ' + b"[" * 400 + b"]" * 400 + b"}", "nested too deeply", id="deep"),
        pytest.param(b'{"id": "t2", "input": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested too deeply", id="abyss"),
        pytest.param(b'{"id": "t2", "input": "' + b"x" * 200_000 + b'"}', "longer than 0.1 MB", id="too-long"),
    ],
)
def test_a_bad_line_is_rejected_by_file_and_line_and_the_rest_goes_on(tmp_path: Path, line: bytes, why: str) -> None:
    first, bad, last = jsonl(tmp_path, GOOD, line, {**GOOD, "id": "t3"}, max_line_mb=0.1)

    assert isinstance(bad, Rejected)
    assert bad.where == "log.jsonl:2"
    assert why in bad.why
    assert "text of a user" not in bad.why
    assert [row["trace_id"] for row in (first, last) if isinstance(row, dict)] == ["t1", "t3"]


def test_half_an_emoji_is_replaced_rather_than_rejected(tmp_path: Path) -> None:
    [row] = jsonl(tmp_path, b'{"id": "t1", "input": "cut \\ud83d"}')

    assert isinstance(row, dict)
    assert row["input"]["text"] == "cut �"


def test_a_byte_order_mark_and_empty_lines_are_no_records(tmp_path: Path) -> None:
    rows = jsonl(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), b"", b"  ")

    assert [row["trace_id"] for row in rows if isinstance(row, dict)] == ["t1"]
    assert len(rows) == 1


def test_a_ten_megabyte_field_is_read(tmp_path: Path) -> None:
    [row] = jsonl(tmp_path, {**GOOD, "input": "x" * 10_000_000})

    assert isinstance(row, dict)
    assert len(row["input"]["text"]) == 10_000_000


def test_a_record_without_an_id_gets_the_same_one_each_time(tmp_path: Path) -> None:
    [first] = jsonl(tmp_path, {"input": "a", "output": "b"})
    [again] = jsonl(tmp_path, {"output": "b", "input": "a"})

    assert isinstance(first, dict)
    assert isinstance(again, dict)
    assert first["trace_id"] == again["trace_id"]


def test_an_empty_file_has_no_traces(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"")

    assert outcomes(a_source("jsonl", tmp_path, path="log.jsonl")) == []


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "otlp", "litellm"])
def test_a_path_that_matches_nothing_is_a_usage_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UsageError, match=r"no file matches nothing/\*"):
        a_source(kind, tmp_path, path="nothing/*").shards(Window())


def test_a_json_array_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('[\n{"id": 1}\n]')

    with pytest.raises(UsageError, match="one JSON array") as caught:
        a_source("jsonl", tmp_path, path="log.jsonl").shards(Window())

    assert "kind: json" in caught.value.fix


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    line = json.dumps(GOOD).encode() + b"\n"
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line))
    (tmp_path / "b.jsonl.zst").write_bytes(pa.Codec("zstd").compress(line).to_pybytes())

    rows = outcomes(a_source("jsonl", tmp_path, path="*.jsonl.*"))

    assert [row["trace_id"] for row in rows if isinstance(row, dict)] == ["t1", "t1"]


def test_a_packed_file_that_was_cut_off_fails_by_name(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(GOOD).encode() * 999)
    (tmp_path / "log.jsonl.gz").write_bytes(packed[: len(packed) // 2])

    with pytest.raises(OutsideError, match=r"log\.jsonl\.gz: cannot be read"):
        outcomes(a_source("jsonl", tmp_path, path="log.jsonl.gz"))


def test_a_big_file_is_cut_at_lines_and_keeps_its_line_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmci.adapters.sources.chunks.CHUNK_BYTES", 100)
    monkeypatch.setattr("llmci.adapters.sources.chunks._BLOCK", 64)
    lines = [json.dumps({**GOOD, "id": f"t{number}"}).encode() for number in range(1, 10)]
    rows = jsonl(tmp_path, *lines[:7], b"{broken", *lines[7:])
    source = a_source("jsonl", tmp_path, path="log.jsonl")
    before = source.shards(Window())

    with (tmp_path / "log.jsonl").open("ab") as file:
        file.write(b'{"id": "t10", "input": "a"}\n')
    after = source.shards(Window())

    assert [row["trace_id"] for row in rows if isinstance(row, dict)] == [f"t{number}" for number in range(1, 10)]
    assert [row.where for row in rows if isinstance(row, Rejected)] == ["log.jsonl:8"]
    assert len(before) > 3
    assert after[: len(before) - 1] == before[:-1]


def test_a_trace_outside_the_window_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"id": "old", "start": "2026-11-01"}\n{"id": "new", "start": 1795219200000}\n')
    window = Window(since=datetime(2026, 11, 10, tzinfo=UTC))

    rows = outcomes(a_source("jsonl", tmp_path, path="log.jsonl"), window)

    assert [row["trace_id"] for row in rows if isinstance(row, dict)] == ["new"]


def test_a_record_without_a_start_is_in_no_window_that_has_an_end_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(GOOD) + "\n")
    source = a_source("jsonl", tmp_path, path="log.jsonl")

    [row] = outcomes(source)
    [rejected] = outcomes(source, Window(since=datetime(2026, 1, 1, tzinfo=UTC)))

    assert isinstance(row, dict)
    assert rejected == Rejected("log.jsonl:1", "no start time, which --since and --until ask for")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_lines_end_as_any_system_ends_them(tmp_path: Path, ending: bytes) -> None:
    lines = [json.dumps({**GOOD, "id": f"t{number}"}).encode() for number in range(3)]
    (tmp_path / "log.jsonl").write_bytes(lines[0] + ending + lines[1] + b"\n" + lines[2])

    assert [
        row["trace_id"] for row in outcomes(a_source("jsonl", tmp_path, path="log.jsonl")) if isinstance(row, dict)
    ] == ["t0", "t1", "t2"]


def test_a_nul_byte_is_rejected_where_json_has_none_and_kept_where_it_was_escaped(tmp_path: Path) -> None:
    kept, bad, last = jsonl(tmp_path, b'{"id": "t1", "input": "a\\u0000b"}', b'{"id": "t2", "input": "a\x00b"}', GOOD)

    assert isinstance(kept, dict)
    assert kept["input"]["text"] == "a\x00b"
    assert isinstance(bad, Rejected)
    assert isinstance(last, dict)


@pytest.mark.parametrize(
    "value",
    [7, True, [], [[]], {"a": {"b": []}}, "x", None, [None], [{"role": 7, "content": {}}], {"role": None, "parts": 3}],
)
@pytest.mark.parametrize(
    "name",
    [
        "messages",
        "input",
        "output",
        "usage",
        "cost",
        "timestamp",
        "tags",
        "tools",
        "scores",
        "metadata",
        "documents",
        "error",
    ],
)
def test_no_type_in_any_column_stops_the_rest(tmp_path: Path, name: str, value: object) -> None:
    found = jsonl(tmp_path, {**GOOD, name: value}, {**GOOD, "id": "last"})

    assert isinstance(found[-1], dict)
    assert found[-1]["trace_id"] == "last"


def test_a_cut_off_stream_of_each_packing_fails_by_name(tmp_path: Path) -> None:
    line = b"".join(
        json.dumps({**GOOD, "id": f"t{number}", "input": str(number**9)}).encode() + b"\n" for number in range(999)
    )
    for name, content in {"a.gz": gzip.compress(line), "b.bz2": bz2.compress(line)}.items():
        for broken in (content[: len(content) // 2], content[:40] + b"\xff\x00\xff" + content[43:]):
            (tmp_path / f"log.jsonl.{name}").write_bytes(broken)
            with pytest.raises(OutsideError, match=r"log\.jsonl"):
                outcomes(a_source("jsonl", tmp_path, path=f"log.jsonl.{name}"))


def test_csv_cells_may_hold_json_and_line_breaks(tmp_path: Path) -> None:
    messages = json.dumps([{"role": "user", "content": "a\nb"}, {"role": "assistant", "content": "c"}])
    cell = messages.replace('"', '""')
    (tmp_path / "log.csv").write_text(f'id,messages,cost\nt1,"{cell}",0.5\n,,\nt2,"one\ntwo",\n')

    first, second = outcomes(a_source("csv", tmp_path, path="log.csv"))

    assert isinstance(first, dict)
    assert first["output"]["messages"][0]["parts"][0]["text"] == "c"
    assert first["cost"] == {"total": 0.5, "currency": "USD", "origin": "reported"}
    assert isinstance(second, dict)
    assert second["input"]["messages"][0]["parts"][0]["text"] == "one\ntwo"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(b"t2,a,b,c", "4 cells, but 3 columns", id="too-many-cells"),
        pytest.param(b"t2,\xff,b", "invalid UTF-8", id="invalid-utf-8"),
        pytest.param(b't2,"a"b,c', "not CSV", id="stray-quote"),
        pytest.param(b"t2," + b"x" * 200_000 + b",b", "not CSV: field larger", id="too-long"),
    ],
)
def test_a_bad_csv_row_is_rejected_by_line(tmp_path: Path, row: bytes, why: str) -> None:
    (tmp_path / "log.csv").write_bytes(b"id,input,output\nt1,a,b\n" + row + b"\nt3,a,b\n")

    first, bad, last = outcomes(a_source("csv", tmp_path, path="log.csv", max_cell_mb=0.1))

    assert isinstance(bad, Rejected)
    assert bad.where == "log.csv:3"
    assert why in bad.why
    assert [row["trace_id"] for row in (first, last) if isinstance(row, dict)] == ["t1", "t3"]


def test_an_empty_csv_has_no_traces(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"")

    assert outcomes(a_source("csv", tmp_path, path="log.csv")) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path, kind: str) -> None:
    (tmp_path / "log.csv").write_text("id,input\nt1,a\n")
    pq.write_table(pa.table({"id": ["t1"], "input": ["a"]}), tmp_path / "log.parquet")
    source = a_source(kind, tmp_path, path=f"log.{kind}", fields={"trace_id": "id", "output": "answer.text"})

    with pytest.raises(UsageError, match=r"fields\.output is 'answer\.text'") as caught:
        outcomes(source)

    assert "id, input" in caught.value.fix


def test_parquet_rows_are_read_whatever_the_types_of_their_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "timestamp": pa.array([datetime(2026, 11, 20, tzinfo=UTC), None], pa.timestamp("ns", tz="UTC")),
            "messages": [[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], None],
            "input": pa.array([b"bytes", None]),
            "cost": [0.5, float("nan")],
            "score": [True, False],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")

    first, second = outcomes(a_source("parquet", tmp_path, path="log.parquet"))

    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["trace_id"] == "1"
    assert first["start"] == datetime(2026, 11, 20, tzinfo=UTC)
    assert first["output"]["messages"][0]["parts"][0]["text"] == "b"
    assert first["input"]["text"] == "bytes"
    assert second["cost"] is None
    assert second["scores"][0]["num"] == 0.0


@pytest.mark.parametrize("keep", [0, 3, 200])
def test_half_a_parquet_file_fails_by_name(tmp_path: Path, keep: int) -> None:
    pq.write_table(pa.table({"id": [str(number) for number in range(1000)]}), tmp_path / "log.parquet")
    (tmp_path / "log.parquet").write_bytes((tmp_path / "log.parquet").read_bytes()[:keep])

    with pytest.raises(OutsideError, match=r"log\.parquet: not a whole Parquet file"):
        outcomes(a_source("parquet", tmp_path, path="log.parquet"))


def test_damage_in_the_middle_of_a_parquet_file_fails_by_name(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"id": [str(number) * 9 for number in range(1000)]}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[40:400] = b"\x00" * 360
    path.write_bytes(content)

    with pytest.raises(OutsideError, match=r"log\.parquet: not a whole Parquet file"):
        outcomes(a_source("parquet", tmp_path, path="log.parquet"))
