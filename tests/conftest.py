"""What holds for every test: no network but this machine, repeatable examples, real data where it is."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED_DATA = Path(__file__).parent.parent.parent / "shared" / "data"

# Read when numpy is first imported: on busy cores its threads wait for each other ten times as long as they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# A job may have been started with interrupts ignored, as shells do in the background; commands under test would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A shared CI machine is slow now and then; a test that is always slow is caught by pytest-timeout.
settings.register_profile("developer", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("developer"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(autouse=True)
def _no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections are refused by pytest-socket (see `addopts`); this refuses the question before."""
    look_up = socket.getaddrinfo

    def guarded(host: Any, *rest: Any, **options: Any) -> Any:
        if host in (None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"):
            return look_up(host, *rest, **options)
        raise AssertionError(f"a test looked up the address of {host!r}")

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """The folder of a real data set; the test is skipped, with the reason, where it is not at hand."""

    def folder(name: str) -> Path:
        path = SHARED_DATA / name
        if not path.is_dir():
            pytest.skip(f"the data set {name} is not at ../shared/data")
        return path

    return folder
