"""Imports that open no socket."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_probe() -> Iterator[None]:
    """Keep `urllib3`, which spaCy and Presidio import for downloads, from binding a socket to ::1 to see whether there is IPv6.

    What the machine says of itself is believed instead.
    """
    if "urllib3.util.connection" in sys.modules:
        yield
        return
    there_is = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = there_is
        if (probed := sys.modules.get("urllib3.util.connection")) is not None:
            probed.HAS_IPV6 = there_is  # type: ignore[attr-defined]
