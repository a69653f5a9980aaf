import asyncio
import os

os.environ.update(
    ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS="true",
    OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental",
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_AND_EVENT",
)
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(own="", openinference="openinference.instrumentation.google_adk:GoogleADKInstrumentor")
from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types


def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


async def main():
    agent = LlmAgent(
        name="shop", model=LiteLlm("openai/parcel", api_base=MODEL, api_key="k"), instruction=SYSTEM, tools=[track]
    )
    runner = InMemoryRunner(agent, app_name="shop")
    session = await runner.session_service.create_session(app_name="shop", user_id="u")
    for asked in (FIRST, SECOND):
        async for _ in runner.run_async(
            user_id="u", session_id=session.id, new_message=types.Content(role="user", parts=[types.Part(text=asked)])
        ):
            pass


asyncio.run(main())
