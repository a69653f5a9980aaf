from tracing import FIRST, FOUND, SECOND, SYSTEM, TOOLS, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.ollama:OllamaInstrumentor",
    openllmetry="opentelemetry.instrumentation.ollama:OllamaInstrumentor",
)
import ollama

client = ollama.Client(host=URL)
said = [{"role": "system", "content": SYSTEM}]
for asked in (FIRST, SECOND):
    said.append({"role": "user", "content": asked})
    while True:
        got = client.chat(model="parcel", messages=said, tools=TOOLS).message
        said.append(got)
        if not got.tool_calls:
            break
        said.append(
            {"role": "tool", "tool_name": "track", "content": FOUND[got.tool_calls[0].function.arguments["parcel"]]}
        )
