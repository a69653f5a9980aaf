from smolagents import OpenAIServerModel, ToolCallingAgent, tool
from tracing import FIRST, FOUND, MODEL, SECOND, instrumented

instrumented(openinference="openinference.instrumentation.smolagents:SmolagentsInstrumentor")


@tool
def track(parcel: int) -> str:
    """Find a parcel.

    Args:
        parcel: Its number.
    """
    return FOUND[parcel]


agent = ToolCallingAgent(
    tools=[track], model=OpenAIServerModel("parcel", api_base=MODEL, api_key="k"), verbosity_level=0
)
agent.run(FIRST)
agent.run(SECOND, reset=False)
