"""An OpenAI-compatible server on 127.0.0.1 that answers after a given time: python server.py <seconds>.

Prints its address and serves until its standard input ends. It takes no more work than it must, so
that what is measured is the client: an asyncio protocol that answers with bytes made beforehand.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

REPLY = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "In Lyon, as number 0000000 says."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
).encode()
NUMBERS = itertools.count()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY)


class Answering(asyncio.Protocol):
    """Keeps connections open, and answers each request after `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            if len(rest) < length:
                return
            self._received = rest[length:]
            asyncio.get_running_loop().call_later(self._wait_s, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            # No two answers are the same: a client that looks at each has to look at each.
            self._transport.write(HEAD + REPLY.replace(b"0000000", b"%07d" % next(NUMBERS)))


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(float(sys.argv[1])), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
