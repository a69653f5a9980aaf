"""What each script of this folder needs: where the model is, who instruments, and spans that are sent before the end."""

import atexit
import importlib
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

# The last argument says who instruments, and after an underscore which interface of the provider is called.
URL, (BY, _, API) = sys.argv[1], sys.argv[2].partition("_")
MODEL = f"{URL}/v1"
SYSTEM, FIRST, SECOND = "Be brief.", "Where is parcel 778?", "And parcel 779?"
FOUND = {778: "Lyon", 779: "Paris"}
TOOL = {
    "name": "track",
    "description": "Find a parcel.",
    "parameters": {"type": "object", "properties": {"parcel": {"type": "integer"}}},
}
TOOLS = [{"type": "function", "function": TOOL}]


def exporter():
    """Where spans go, for who makes a provider of their own."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{URL}/otel/v1/traces"))


def first_through(processor):
    """Let a processor that converts spans see them before they are sent."""
    sending = PROVIDER._active_span_processor
    sending._span_processors = (processor, *sending._span_processors)


def instrumented(**by):
    """Instrument by the class that stands under the name that was asked for: `module:Class`, several with `+`."""
    for one in by[BY].split("+") if by[BY] else []:
        module, _, name = one.partition(":")
        getattr(importlib.import_module(module), name)().instrument(tracer_provider=PROVIDER)


PROVIDER = TracerProvider()
PROVIDER.add_span_processor(exporter())
trace.set_tracer_provider(PROVIDER)
atexit.register(PROVIDER.shutdown)
