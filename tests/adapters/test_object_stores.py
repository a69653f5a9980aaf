"""Files at URIs are listed, fingerprinted and read like local ones, through Arrow's file systems."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pulling import a_source, outcomes

from llmci import storage
from llmci.adapters.sources.files import matching
from llmci.errors import OutsideError, UsageError
from llmci.seams import Window

if TYPE_CHECKING:
    from collections.abc import Iterator


def line(trace_id: str) -> bytes:
    return json.dumps({"id": trace_id, "input": "a", "output": "b"}).encode() + b"\n"


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    folder = tmp_path / "a bucket" / "logs"
    (folder / "day=1" / "deep").mkdir(parents=True)
    (folder / "day=2").mkdir()
    (folder / "day=1" / "a.jsonl").write_bytes(line("t1"))
    (folder / "day=1" / "deep" / "b.jsonl.gz").write_bytes(gzip.compress(line("t2")))
    (folder / "day=2" / "c.jsonl").write_bytes(line("t3"))
    (folder / "day=2" / "c.txt").write_bytes(b"notes")
    (folder / "_SUCCESS").write_bytes(b"")
    return (tmp_path / "a bucket").as_uri()


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("logs/day=1/a.jsonl", ["t1"]),
        ("logs/*/*.jsonl", ["t1", "t3"]),
        ("logs/**/*.jsonl*", ["t1", "t2", "t3"]),
        ("logs/day=1", ["t1", "t2"]),
        ("logs/day=[2-9]/?.jsonl", ["t3"]),
    ],
)
def test_a_uri_names_one_object_a_folder_or_a_glob(
    bucket: str, tmp_path: Path, pattern: str, wanted: list[str]
) -> None:
    source = a_source("jsonl", tmp_path, path=f"{bucket}/{pattern}")

    assert sorted(row["trace_id"] for row in outcomes(source) if isinstance(row, dict)) == wanted


def test_an_object_that_changes_has_another_fingerprint_and_the_same_id(bucket: str, tmp_path: Path) -> None:
    source = a_source("jsonl", tmp_path, path=f"{bucket}/logs/day=1/a.jsonl")
    [before] = source.shards(Window())

    (tmp_path / "a bucket" / "logs" / "day=1" / "a.jsonl").write_bytes(line("t1") + line("t4"))

    [after] = source.shards(Window())
    assert (after.shard_id, after.fingerprint == before.fingerprint) == (before.shard_id, False)


def test_parquet_and_zstandard_are_read_from_a_uri(bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "a bucket"
    pq.write_table(pa.table({"id": ["t1"], "input": ["a"], "output": ["b"]}), folder / "a.parquet")
    with pa.CompressedOutputStream(pa.OSFile(str(folder / "a.jsonl.zst"), "wb"), "zstd") as file:
        file.write(line("t2"))

    assert [row["trace_id"] for row in outcomes(a_source("parquet", tmp_path, path=f"{bucket}/a.parquet"))] == ["t1"]
    assert [row["trace_id"] for row in outcomes(a_source("jsonl", tmp_path, path=f"{bucket}/a.jsonl.zst"))] == ["t2"]


def test_a_uri_that_names_nothing_or_is_of_no_known_store_says_so(bucket: str) -> None:
    with pytest.raises(UsageError, match="no object matches"):
        matching(f"{bucket}/logs/*.csv", Path(), source="prod")
    with pytest.raises(UsageError, match="ftp:// is not a store"):
        matching("ftp://host/a", Path(), source="prod")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "container"),
    [
        ("logs@acme.dfs.core.windows.net", "logs"),
        ("acme.blob.core.windows.net", ""),
        ("acme@logs", "logs"),
        ("acme:a2V5@logs", "logs"),
    ],
)
def test_an_account_of_azure_is_in_the_address_in_any_of_its_forms(address: str, container: str) -> None:
    assert storage._azure(address, "")[1] == container


def test_an_address_of_azure_without_an_account_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    with pytest.raises(UsageError, match="names no storage account") as error:
        matching("abfs://logs/a.jsonl", Path(), source="prod")
    assert "AZURE_STORAGE_ACCOUNT" in error.value.fix


def test_a_store_that_does_not_answer_is_named_without_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patience is for busy stores, and takes a minute.
    monkeypatch.setattr(storage, "_ATTEMPTS", 1)
    where = "s3://AKIAKEY:secret@bucket/logs/*.jsonl?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"

    with pytest.raises(OutsideError) as caught:
        matching(where, Path(), source="prod")

    assert "s3://bucket/logs" in caught.value.message
    assert "secret" not in caught.value.message + caught.value.fix


def put(endpoint: str, key: str, content: bytes = b"") -> None:
    """Make a bucket, or an object in it."""
    connection = http.client.HTTPConnection(parse_qs(endpoint)["endpoint_override"][0], timeout=10)
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/s3/aws4_request"}
    connection.request("PUT", f"/{key}", content, signed)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The endpoint of an S3 server with a bucket `traffic`; `LLMCI_MOTO_SERVER` names moto's `moto_server`."""
    server = os.environ.get("LLMCI_MOTO_SERVER")
    if server is None:
        pytest.skip("there is no moto_server: pip install 'moto[server]' somewhere, and set LLMCI_MOTO_SERVER")
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_EC2_METADATA_DISABLED", "true")):  # fmt: skip
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        endpoint = f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
        put(endpoint, "traffic")
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.mark.real
def test_objects_of_an_s3_server_are_read_and_changed_ones_noticed(s3: str, tmp_path: Path) -> None:
    table = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": ["t4"], "input": ["a"], "output": ["b"]}), table)
    put(s3, "traffic/logs/day=1/a.jsonl", line("t1"))
    put(s3, "traffic/logs/day=2/b.jsonl.gz", gzip.compress(line("t2") + line("t3")))
    put(s3, "traffic/logs/c.parquet", table.getvalue().to_pybytes())
    source = a_source("jsonl", tmp_path, path=f"s3://traffic/logs/**/*.jsonl*?{s3}")
    before = {shard.shard_id: shard.fingerprint for shard in source.shards(Window())}

    assert sorted(row["trace_id"] for row in outcomes(source) if isinstance(row, dict)) == ["t1", "t2", "t3"]
    [row] = outcomes(a_source("parquet", tmp_path, path=f"s3://traffic/logs/c.parquet?{s3}"))
    assert isinstance(row, dict)
    assert row["trace_id"] == "t4"

    put(s3, "traffic/logs/day=1/a.jsonl", line("t1") + line("t5"))
    after = {shard.shard_id: shard.fingerprint for shard in source.shards(Window())}
    assert sorted(before) == sorted(after)
    assert sum(before[name] != after[name] for name in before) == 1
