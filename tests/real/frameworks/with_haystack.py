from tracing import BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented, PROVIDER
import os

os.environ["HAYSTACK_CONTENT_TRACING_ENABLED"] = "true"
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool
from haystack.utils import Secret

instrumented(
    openinference="openinference.instrumentation.haystack:HaystackInstrumentor",
    openllmetry="opentelemetry.instrumentation.haystack:HaystackInstrumentor+opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    own="",
)
if BY == "own":
    from haystack import tracing
    from haystack_integrations.tracing.opentelemetry import OpenTelemetryTracer

    tracing.tracer.is_content_tracing_enabled = True
    tracing.enable_tracing(OpenTelemetryTracer(PROVIDER.get_tracer("shop")))


@tool
def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


agent = Agent(
    chat_generator=OpenAIChatGenerator(model="parcel", api_base_url=MODEL, api_key=Secret.from_token("k")),
    tools=[track],
    system_prompt=SYSTEM,
)
said = agent.run(messages=[ChatMessage.from_user(FIRST)])["messages"]
agent.run(messages=[*[m for m in said if m.role != "system"], ChatMessage.from_user(SECOND)])
