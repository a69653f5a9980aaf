from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI
from tracing import API, BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, exporter, instrumented

from agents import set_trace_processors

set_trace_processors([])
instrumented(
    openinference="openinference.instrumentation.openai_agents:OpenAIAgentsInstrumentor",
    openllmetry="opentelemetry.instrumentation.openai_agents:OpenAIAgentsInstrumentor",
    logfire="",
)
if BY == "logfire":
    import logfire

    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[exporter()])
    logfire.instrument_openai_agents()


@function_tool
def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


kind = OpenAIResponsesModel if API == "responses" else OpenAIChatCompletionsModel
agent = Agent(
    "shop", instructions=SYSTEM, tools=[track], model=kind("parcel", AsyncOpenAI(base_url=MODEL, api_key="k"))
)
first = Runner.run_sync(agent, FIRST)
Runner.run_sync(agent, [*first.to_input_list(), {"role": "user", "content": SECOND}])
if BY == "logfire":
    logfire.force_flush()
