"""A source that traces are sent to: listens for a while, before what it received is pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmci.errors import UsageError
from llmci.wiring.build import build, keep_from_git
from llmci.wiring.pull_plan import can_listen
from llmci.wiring.pull_remote import with_implied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.config import Config
    from llmci.seams import Listener, Progress, Received

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def listen(
    config: Config,
    *,
    sources: Sequence[str],
    address: str,
    seconds: float | None,
    environ: Mapping[str, str],
    progress: Progress,
) -> Received:
    """Receive traces for the one source that is named.

    Args:
        address: `host:port`, or a port of this machine.
        seconds: None until it is interrupted.

    Raises:
        UsageError: No source, several, or one that cannot listen is named, or the address is none.
        OutsideError: The address cannot be listened at.
    """
    if len(sources) != 1:
        raise UsageError(
            "--listen needs the one source that the traces are for.", fix="Write `llmci pull otlp --listen 4318`."
        )
    config = with_implied(config, sources)
    block = config.sources.get(sources[0])
    if block is None or not can_listen(block.kind):
        raise UsageError(
            f"source {sources[0]!r} cannot listen.", fix="Name `otlp`, or a source of `kind: otlp` without `path:`."
        )
    host, port = _address(address)
    if host not in LOOPBACK:
        progress.note(f"{host} may be reached from outside this machine: nothing is encrypted, and anyone may send")
    keep_from_git(config.state)
    source: Listener = build("source", block, config, environ)
    progress.begin("receive", None, "records")
    received = source.receive(host, port, seconds=seconds, progress=progress)
    progress.end()
    return received


def _address(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//127.0.0.1:{text}" if text.isdecimal() else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.path or parts.username:
        raise UsageError(f"{text!r} is no address to listen at.", fix="Write 4318, or 127.0.0.1:4318.")
    return host, port
