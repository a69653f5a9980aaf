import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.workflow import Context
from llama_index.llms.openai_like import OpenAILike
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.llama_index:LlamaIndexInstrumentor",
    openllmetry="opentelemetry.instrumentation.llamaindex:LlamaIndexInstrumentor",
)


def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


async def main():
    llm = OpenAILike(model="parcel", api_base=MODEL, api_key="k", is_chat_model=True, is_function_calling_model=True)
    agent = FunctionAgent(tools=[track], llm=llm, system_prompt=SYSTEM, streaming=False)
    context = Context(agent)
    for asked in (FIRST, SECOND):
        await agent.run(asked, ctx=context)


asyncio.run(main())
