"""The two signals that a receiver takes, spans and log records, and what is particular to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.traces.log_events import is_event, records_in
from llmci.core.traces.otlp import spans_in
from llmci.core.traces.otlp_proto import logs_of, traces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Signal:
    """What a receiver has to know of spans, or of log records.

    Attributes:
        what: In words.
        export_of: Decodes protobuf.
        inside: What is to be kept of an export, each with its resource.
        outside: One of them, with its resource, as it stands in an export.
        key: Of an export in JSON.
        rejected: Of a partial success in JSON, in the form that counts them.
    """

    what: str
    export_of: Callable[[bytes], dict[str, Any]]
    inside: Callable[[dict[str, Any]], Iterable[tuple[dict[str, Any], dict[str, Any]]]]
    outside: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
    key: str
    rejected: str

    def response(self, said: dict[str, Any]) -> bytes:
        """`ExportTraceServiceResponse` and `ExportLogsServiceResponse`, which have the same bytes."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

        response = ExportTraceServiceResponse()
        if partial := said.get("partialSuccess"):
            response.partial_success.rejected_spans = int(partial[self.rejected])
            response.partial_success.error_message = partial["errorMessage"]
        return bytes(response.SerializeToString())


TRACES = Signal(
    "spans",
    traces_of,
    spans_in,
    lambda span, resource: {"resource": resource, "scopeSpans": [{"spans": [span]}]},
    "resourceSpans",
    "rejectedSpans",
)
LOGS = Signal(
    "GenAI events",
    logs_of,
    lambda export: ((record, resource) for record, resource in records_in(export) if is_event(record)),
    lambda record, resource: {"resource": resource, "scopeLogs": [{"logRecords": [record]}]},
    "resourceLogs",
    "rejectedLogRecords",
)
