import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.autogen_agentchat:AutogenAgentChatInstrumentor",
)


async def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


async def main():
    info = {
        "vision": False,
        "function_calling": True,
        "json_output": False,
        "family": "unknown",
        "structured_output": False,
    }
    client = OpenAIChatCompletionClient(model="parcel", base_url=MODEL, api_key="k", model_info=info)
    agent = AssistantAgent("shop", client, tools=[track], system_message=SYSTEM, reflect_on_tool_use=True)
    for asked in (FIRST, SECOND):
        await agent.run(task=asked)


asyncio.run(main())
