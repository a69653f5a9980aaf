"""Files in Google's and Azure's stores, spoken to as their emulators speak, are read like local ones.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_clouds.py
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pulling import a_source, outcomes
from pyarrow import fs
from real_environments import a_port, python_with, started

from llmci import storage
from llmci.errors import OutsideError
from llmci.seams import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

# Azurite's own, which everybody knows.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURITE = "3.37.0"

Uri = Callable[[str], str]


def fill(system: fs.FileSystem) -> None:
    def put(path: str, content: bytes) -> None:
        with system.open_output_stream(f"logs/{path}", compression=None) as file:
            file.write(content)

    record = lambda number: orjson.dumps({"id": f"t{number}", "input": "q", "output": "a"}) + b"\n"  # noqa: E731
    put("2026/a.jsonl", record(1))
    put("2026/b c.jsonl.gz", gzip.compress(record(2)))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([{"id": "t3", "input": "q", "output": "a"}]), sink)
    put("tables/x.parquet", sink.getvalue().to_pybytes())
    span = {"id": "s1", "trace_id": "t4", "type": "GENERATION", "start_time": "2026-11-20 11:00:00.000000", "input": "q", "output": "a"}  # fmt: skip
    put("export/observations_v2/1.jsonl", orjson.dumps(span) + b"\n")


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uri]:
    port, root = a_port(), tmp_path_factory.mktemp("google")
    emulator = python_with("gcs", "gcp-storage-emulator").with_name("gcp-storage-emulator")
    command = [str(emulator), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=logs"]
    where = f"127.0.0.1:{port}"
    with started(command, root, ready=f"http://{where}/storage/v1/b"):
        fill(fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=where, retry_time_limit=timedelta(seconds=5)))  # fmt: skip
        yield lambda path: f"gs://anonymous@logs/{path}?endpoint_override={where}&scheme=http&retry_limit_seconds=5"


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not shutil.which("npm") or not (base := os.environ.get("LLMCI_REAL")):
        pytest.skip("there is no npm, or LLMCI_REAL names no directory")
    place = Path(base).expanduser().resolve() / f"azurite-{AZURITE}"
    if not (place / "node_modules" / "azurite").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--ignore-scripts", "--prefix", str(place), f"azurite@{AZURITE}"]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    port, root = a_port(), tmp_path_factory.mktemp("azure")
    server = str(place / "node_modules" / ".bin" / "azurite-blob")
    command = [server, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]  # fmt: skip
    where = f"127.0.0.1:{port}"
    # Whoever asks without a key is refused, which is an answer.
    with started(command, root, ready=f"http://{where}/{ACCOUNT}?comp=list", status=403):
        system = fs.AzureFileSystem(ACCOUNT, account_key=KEY, blob_storage_authority=where, dfs_storage_authority=where, blob_storage_scheme="http", dfs_storage_scheme="http")  # fmt: skip
        system.create_dir("logs")
        fill(system)
        yield f"enable_tls=false&blob_storage_authority={where}&dfs_storage_authority={where}"


@pytest.fixture
def azure_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    yield
    # File systems are kept by their address, and the next test has other credentials.
    storage._azure.cache_clear()
    storage._system.cache_clear()


def read(root: Path, kind: str, path: str) -> list[Any]:
    return sorted(row["trace_id"] for row in outcomes(a_source(kind, root, path=path)))


def check(root: Path, uri: Uri) -> None:
    assert read(root, "jsonl", uri("2026/a.jsonl")) == ["t1"]
    assert read(root, "jsonl", uri("2026/")) == read(root, "jsonl", uri("20*/*.jsonl*")) == ["t1", "t2"]
    assert read(root, "parquet", uri("tables/*.parquet")) == ["t3"]
    assert read(root, "langfuse-export", uri("export/")) == ["t4"]
    [before] = a_source("jsonl", root, path=uri("2026/a.jsonl")).shards(Window())
    [again] = a_source("jsonl", root, path=uri("2026/a.jsonl")).shards(Window())
    assert before.fingerprint == again.fingerprint


def test_google_cloud_storage(google: Uri, tmp_path: Path) -> None:
    check(tmp_path, google)


@pytest.mark.parametrize(
    "address",
    [f"logs@{ACCOUNT}.dfs.core.windows.net", f"{ACCOUNT}.blob.core.windows.net/logs", f"{ACCOUNT}@logs", "logs"],
)
@pytest.mark.usefixtures("azure_key")
def test_azure_blob_storage_by_every_form_of_address(azurite: str, tmp_path: Path, address: str) -> None:
    check(tmp_path, lambda path: f"abfs://{address}/{path}?{azurite}")


@pytest.mark.usefixtures("azure_key")
def test_azure_by_a_key_in_the_address_which_is_never_shown(
    azurite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    assert read(tmp_path, "jsonl", f"abfs://{ACCOUNT}:{quote(KEY, safe='')}@logs/2026/a.jsonl?{azurite}") == ["t1"]
    wrong = KEY.replace("Eby", "Ebz")
    with pytest.raises(OutsideError, match="the store fails") as error:
        read(tmp_path, "jsonl", f"abfs://{ACCOUNT}:{quote(wrong, safe='')}@logs/2026/a.jsonl?{azurite}")
    assert "Ebz" not in error.value.message + error.value.fix
