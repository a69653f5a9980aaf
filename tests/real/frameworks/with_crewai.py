import os

os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true", CREWAI_TRACING_ENABLED="false", OTEL_SDK_DISABLED="false", CREWAI_TESTING="true"
)
from tracing import FIRST, FOUND, MODEL, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.crewai:CrewAIInstrumentor+openinference.instrumentation.openai:OpenAIInstrumentor",
    openllmetry="opentelemetry.instrumentation.crewai:CrewAIInstrumentor+opentelemetry.instrumentation.openai:OpenAIInstrumentor",
)
from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool


@tool("track")
def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


agent = Agent(
    role="shop",
    goal=SYSTEM,
    backstory="A shop.",
    tools=[track],
    llm=LLM(model="openai/gpt-4o-mini", base_url=MODEL, api_key="k"),
)
Crew(agents=[agent], tasks=[Task(description=FIRST, expected_output="a place", agent=agent)]).kickoff()
