from agno.agent import Agent
from agno.models.openai import OpenAIChat
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.agno:AgnoInstrumentor",
    openllmetry="opentelemetry.instrumentation.agno:AgnoInstrumentor+opentelemetry.instrumentation.openai:OpenAIInstrumentor",
)


def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


from agno.db.in_memory import InMemoryDb

agent = Agent(
    model=OpenAIChat(id="parcel", base_url=MODEL, api_key="k"),
    tools=[track],
    system_message=SYSTEM,
    db=InMemoryDb(),
    add_history_to_context=True,
    telemetry=False,
)
agent.run(FIRST, session_id="s", user_id="u")
agent.run(SECOND, session_id="s", user_id="u")
