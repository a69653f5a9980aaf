from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented, BY, first_through

instrumented(own="", openinference="")
if BY == "openinference":
    from openinference.instrumentation.strands_agents import StrandsAgentsToOpenInferenceProcessor

    first_through(StrandsAgentsToOpenInferenceProcessor())
from strands import Agent, tool
from strands.models.openai import OpenAIModel


@tool
def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


agent = Agent(
    model=OpenAIModel(client_args={"base_url": MODEL, "api_key": "k"}, model_id="parcel"),
    tools=[track],
    system_prompt=SYSTEM,
    callback_handler=None,
)
for asked in (FIRST, SECOND):
    agent(asked)
