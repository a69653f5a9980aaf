"""One conversation, traced by the SDKs' own instrumentation, into `spans.json`.

pip install pydantic-ai-slim strands-agents google-adk opentelemetry-sdk
python tests/core/dialects/make_spans.py
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import sys
from pathlib import Path

os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
os.environ["ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS"] = "true"

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

HERE = Path(__file__).parent
SYSTEM, ASKED, ANSWER, FOUND = "Be brief.", "Where is parcel 778?", "It is in Lyon.", "Lyon"
EXPORTER = InMemorySpanExporter()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(EXPORTER))
trace.set_tracer_provider(PROVIDER)


def recorded():
    spans = [json.loads(span.to_json()) for span in EXPORTER.get_finished_spans()]
    EXPORTER.clear()
    names = ("name", "context", "parent_id", "start_time", "end_time", "attributes", "events")
    return [{name: span[name] for name in names} for span in spans]


def pydantic_ai():
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel
    from pydantic_ai.models.instrumented import InstrumentationSettings

    def model(messages, info):
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("track", '{"parcel": 778}', tool_call_id="call_9")])
        return ModelResponse(parts=[TextPart(ANSWER)])

    for version in (1, 2, 3, 4, 5):
        try:
            settings = InstrumentationSettings(version=version, tracer_provider=PROVIDER)
        except Exception as error:
            print(f"pydantic-ai version {version}: {error}", file=sys.stderr)
            continue
        agent = Agent(FunctionModel(model), system_prompt=SYSTEM)
        Agent.instrument_all(settings)

        @agent.tool_plain
        def track(parcel: int) -> str:
            return FOUND

        agent.run_sync(ASKED)
        yield f"version-{version}", recorded()


def strands():
    from strands import Agent, tool
    from strands.models import Model

    class Fake(Model):
        said = 0

        def update_config(self, **config):
            pass

        def get_config(self):
            return {"model_id": "fake"}

        async def structured_output(self, *args, **kwargs):
            yield {}

        async def stream(self, messages, tool_specs=None, system_prompt=None, **kwargs):
            self.said += 1
            yield {"messageStart": {"role": "assistant"}}
            if self.said == 1:
                yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "call_9", "name": "track"}}}}
                yield {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"parcel": 778}'}}}}
                yield {"contentBlockStop": {}}
                yield {"messageStop": {"stopReason": "tool_use"}}
            else:
                yield {"contentBlockStart": {"start": {}}}
                yield {"contentBlockDelta": {"delta": {"text": ANSWER}}}
                yield {"contentBlockStop": {}}
                yield {"messageStop": {"stopReason": "end_turn"}}
            yield {
                "metadata": {
                    "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
                    "metrics": {"latencyMs": 1},
                }
            }

    @tool
    def track(parcel: int) -> str:
        """Find a parcel."""
        return FOUND

    for form, opted in (("events", ""), ("latest", "gen_ai_latest_experimental")):
        os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = opted
        from strands.telemetry import tracer

        tracer._tracer_instance = None
        Agent(model=Fake(), tools=[track], system_prompt=SYSTEM, callback_handler=None)(ASKED)
        yield form, recorded()


def google_adk():
    from google.adk.agents import LlmAgent
    from google.adk.models import BaseLlm, LlmResponse
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    class Fake(BaseLlm):
        async def generate_content_async(self, request, stream=False):
            if any(part.function_response for content in request.contents for part in content.parts):
                part = types.Part(text=ANSWER)
            else:
                part = types.Part(function_call=types.FunctionCall(id="call_9", name="track", args={"parcel": 778}))
            yield LlmResponse(content=types.Content(role="model", parts=[part]))

    def track(parcel: int) -> str:
        """Find a parcel."""
        return FOUND

    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_AND_EVENT"

    async def run():
        agent = LlmAgent(name="shop", model=Fake(model="fake"), instruction=SYSTEM, tools=[track])
        runner = InMemoryRunner(agent, app_name="shop")
        session = await runner.session_service.create_session(app_name="shop", user_id="u")
        message = types.Content(role="user", parts=[types.Part(text=ASKED)])
        async for _ in runner.run_async(user_id="u", session_id=session.id, new_message=message):
            pass

    asyncio.run(run())
    yield "agent", recorded()


def main() -> None:
    path = HERE / "spans.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    for library, traced in {
        "pydantic-ai-slim": pydantic_ai,
        "strands-agents": strands,
        "google-adk": google_adk,
    }.items():
        try:
            version = importlib.metadata.version(library)
            found.update({f"{library}/{form}": {"version": version, "spans": spans} for form, spans in traced()})
        except Exception as error:
            print(f"{library}: {type(error).__name__}: {error}"[:800], file=sys.stderr)
    path.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
