from tracing import BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented, first_through

instrumented(own="", openinference="")
if BY == "openinference":
    from openinference.instrumentation.pydantic_ai import OpenInferenceSpanProcessor

    first_through(OpenInferenceSpanProcessor())
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

Agent.instrument_all()
agent = Agent(OpenAIChatModel("parcel", provider=OpenAIProvider(base_url=MODEL, api_key="k")), system_prompt=SYSTEM)


@agent.tool_plain
def track(parcel: int) -> str:
    return FOUND[parcel]


first = agent.run_sync(FIRST)
agent.run_sync(SECOND, message_history=first.all_messages())
