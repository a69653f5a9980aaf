import asyncio
import os

os.environ.update(ENABLE_INSTRUMENTATION="true", ENABLE_SENSITIVE_DATA="true")
from agent_framework import Agent
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatCompletionClient
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(own="")
enable_instrumentation(enable_sensitive_data=True)


def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


async def main():
    agent = Agent(
        OpenAIChatCompletionClient(model="parcel", base_url=MODEL, api_key="k"),
        instructions=SYSTEM,
        tools=[track],
        name="shop",
    )
    session = agent.create_session()
    for asked in (FIRST, SECOND):
        await agent.run(asked, session=session)


asyncio.run(main())
