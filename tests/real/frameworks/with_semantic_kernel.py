import asyncio
import os

os.environ["SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE"] = "true"
from openai import AsyncOpenAI
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function
from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented, URL

instrumented(own="")
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
import logging

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{URL}/otel/v1/logs")))
set_logger_provider(logs)
handler = LoggingHandler(logger_provider=logs)
handler.addFilter(logging.Filter("semantic_kernel"))
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel(logging.INFO)


class Shop:
    @kernel_function(description="Find a parcel.")
    def track(self, parcel: int) -> str:
        return FOUND[parcel]


async def main():
    service = OpenAIChatCompletion(ai_model_id="parcel", async_client=AsyncOpenAI(base_url=MODEL, api_key="k"))
    agent = ChatCompletionAgent(service=service, name="shop", instructions=SYSTEM, plugins=[Shop()])
    thread = None
    for asked in (FIRST, SECOND):
        answer = await agent.get_response(messages=asked, thread=thread)
        thread = answer.thread


asyncio.run(main())
logs.shutdown()
