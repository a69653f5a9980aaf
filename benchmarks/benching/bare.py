"""The least that a client can do: python bare.py <url> <calls> <concurrency>. Prints its latencies in ms, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp


async def main() -> None:
    url, calls, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    took: list[float] = []
    numbers = iter(range(calls))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"question {number}"}]}
            started = time.perf_counter()
            async with session.post(f"{url}/chat/completions", json=body) as response:
                reply = await response.json()
            took.append((time.perf_counter() - started) * 1000)
            if not reply["choices"][0]["message"]["content"]:
                raise ValueError(f"question {number} has no answer")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(worker(session) for _ in range(concurrency)))
    print(json.dumps(took))


if __name__ == "__main__":
    asyncio.run(main())
