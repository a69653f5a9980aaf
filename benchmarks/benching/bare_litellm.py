"""The least that litellm can do: python bare_litellm.py <url> <calls> <concurrency>."""

from __future__ import annotations

import asyncio
import sys


async def main() -> None:
    # After the arguments are known: its import takes seconds, as does llmci's of it.
    import litellm

    litellm.suppress_debug_info = True
    url, calls, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            reply = await litellm.acompletion(
                model="openai/gpt-4o-mini",
                messages=[{"role": "user", "content": f"question {number}"}],
                base_url=url,
                api_key="k",
                num_retries=0,
                max_retries=0,
            )
            if not reply.choices[0].message.content:
                raise ValueError(f"question {number} has no answer")

    await asyncio.gather(*(worker() for _ in range(concurrency)))


if __name__ == "__main__":
    asyncio.run(main())
