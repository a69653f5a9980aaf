from tracing import API, BY, FIRST, FOUND, SECOND, SYSTEM, URL, exporter, instrumented

instrumented(
    openinference="openinference.instrumentation.anthropic:AnthropicInstrumentor",
    openllmetry="opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
    logfire="",
)
import anthropic

client = anthropic.Anthropic(base_url=URL, api_key="k")
if BY == "logfire":
    import logfire

    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[exporter()])
    logfire.instrument_anthropic(client)
tools = [
    {
        "name": "track",
        "description": "Find a parcel.",
        "input_schema": {"type": "object", "properties": {"parcel": {"type": "integer"}}},
    }
]
said = []
for asked in (FIRST, SECOND):
    said.append({"role": "user", "content": asked})
    while True:
        told = {"model": "parcel", "max_tokens": 99, "system": SYSTEM, "messages": said, "tools": tools}
        if API == "stream":
            with client.messages.stream(**told) as stream:
                got = stream.get_final_message()
        else:
            got = client.messages.create(**told)
        said.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in got.content]})
        if got.stop_reason != "tool_use":
            break
        said.append(
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": got.content[0].id,
                        "content": FOUND[got.content[0].input["parcel"]],
                    }
                ],
            }
        )
if BY == "logfire":
    logfire.force_flush()
