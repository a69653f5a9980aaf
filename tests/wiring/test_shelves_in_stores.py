"""Shelves at a URI hold what shelves on disk hold, on whatever engine, also when the store is busy or slow."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON
from scaled import KEY, a_project, left_on_shelves, opened, pull_all, stages

from llmci.adapters.stores.lease import LASTS_S, leased
from llmci.errors import OutsideError, UsageError
from llmci.storage import StorePath, place
from llmci.wiring.build import shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import build_version
from llmci.wiring.forget import forget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmci.config import Config

SMALL: dict[str, Any] = {"files": 3, "traces": 30}


def at(root: Path, uri: str, engine: str = "inline") -> Config:
    """The project with its shelves there."""
    a_project(root, **SMALL, settings=f"shelves: '{uri}'\nevalset: {{size: 20}}\n")
    return opened(root, engine, workers=2 if engine == "processes" else None)


def stored(config: Config) -> dict[str, bytes]:
    """Every object of the shelves, by its path."""
    top = config.shelves
    assert isinstance(top, StorePath)
    depths = ("*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*")
    found = [path for depth in depths for path in top.glob(depth) if path.name != "groups.npz"]
    return {str(path).removeprefix(f"{top}/"): path.read_bytes() for path in found}


def on_disk(root: Path) -> dict[str, bytes]:
    stages(opened(a_project(root, **SMALL), "inline"))
    return left_on_shelves(root)


def test_shelves_at_a_uri_hold_what_shelves_on_disk_hold(tmp_path: Path) -> None:
    config = at(tmp_path / "project", (tmp_path / "a bucket").as_uri())

    stages(config)

    assert stored(config) == on_disk(tmp_path / "other")
    assert not [path for path in config.state.iterdir() if path.name in ("raw", "clean", "labels")]
    assert pull_all(config).shards_read == 0
    assert build_version(config, now=NOON).evalset.cases


def test_of_two_drivers_on_one_target_the_second_refuses_wherever_it_runs(tmp_path: Path) -> None:
    bucket = (tmp_path / "bucket").as_uri()
    one, two = at(tmp_path / "one", bucket), at(tmp_path / "two", bucket)
    assert one.shelves is not None

    with leased(one.shelves / "leases" / "pull") as mine:
        assert mine
        with pytest.raises(UsageError, match="another pull"):
            pull_all(two)
        with pytest.raises(UsageError, match="pull is writing"):
            forget(two, "id-0123456789abcdef", dry_run=True, environ=KEY, now=NOON)

    assert pull_all(two).traces == 91
    assert not list(one.shelves.glob("leases/*/*"))


def test_the_lease_of_a_driver_that_was_killed_ends(tmp_path: Path) -> None:
    directory = place((tmp_path / "bucket").as_uri(), tmp_path) / "leases"
    left = tmp_path / "bucket" / "leases" / "dead.lease"
    left.parent.mkdir(parents=True)
    left.touch()

    with leased(directory) as mine:
        assert not mine
    os.utime(left, (time.time() - LASTS_S - 1,) * 2)
    with leased(directory) as mine:
        assert mine


def test_a_store_that_is_not_known_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"llmci\.yaml:4: shelves: ftp:// is not a store"):
        at(tmp_path / "project", "ftp://host/a")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of an S3 server with a bucket `traffic`; `LLMCI_MOTO_SERVER` names moto's `moto_server`."""
    server = os.environ.get("LLMCI_MOTO_SERVER")
    if server is None:
        pytest.skip("there is no moto_server: pip install 'moto[server]' somewhere, and set LLMCI_MOTO_SERVER")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [server, "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/s3/aws4_request"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("PUT", "/traffic", b"", signed)
        assert connection.getresponse().status == 200
        connection.close()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def uri_of(port: int) -> str:
    return f"s3://traffic/shelves?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"


@pytest.mark.real
@pytest.mark.parametrize("engine", ["inline", "processes"])
def test_shelves_in_s3_hold_what_shelves_on_disk_hold(s3: int, tmp_path: Path, engine: str) -> None:
    config = at(tmp_path / "project", uri_of(s3), engine)

    stages(config)

    assert stored(config) == on_disk(tmp_path / "other")
    assert clean_digest(shelf_of(config, "clean"))
    assert build_version(config, now=NOON).evalset.cases


class _Flaky(http.server.BaseHTTPRequestHandler):
    """Hands requests on; every third one is refused with 503 once, and every seventh one is slow."""

    protocol_version = "HTTP/1.1"
    upstream: int
    seen = refused = 0

    def _pass_on(self) -> None:
        cls = type(self)
        cls.seen += 1
        # Read first: a refusal that leaves a body unread would break the connection as well.
        body = self._body()
        if cls.seen % 7 == 0:
            time.sleep(0.5)
        if cls.seen % 3 == 0:
            cls.refused += 1
            self._answer(503, [], b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>")
            return
        connection = http.client.HTTPConnection("127.0.0.1", cls.upstream, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "expect")}
        connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = connection.getresponse()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")]  # fmt: skip
        self._answer(answer.status, kept, answer.read(), length=answer.getheader("Content-Length"))
        connection.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815  as the library calls them

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.real
@pytest.mark.slow
def test_a_store_that_is_busy_and_slow_is_asked_again(s3: int, tmp_path: Path) -> None:
    handler = type("Flaky", (_Flaky,), {"upstream": s3})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = at(tmp_path / "project", uri_of(server.server_port))

        pull_all(config)

        server.shutdown()
    assert handler.refused > 5  # type: ignore[attr-defined]
    other = a_project(tmp_path / "other", **SMALL)
    pull_all(opened(other, "inline"))
    assert stored(at(tmp_path / "direct", uri_of(s3))) == left_on_shelves(other)


@pytest.mark.real
def test_a_bucket_that_is_not_there_is_named(s3: int, tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match=r"s3://nowhere"):
        pull_all(at(tmp_path / "project", uri_of(s3).replace("traffic", "nowhere")))
