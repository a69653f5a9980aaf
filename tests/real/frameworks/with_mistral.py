import json
from tracing import FIRST, FOUND, SECOND, SYSTEM, TOOLS, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.mistralai:MistralAIInstrumentor",
    openllmetry="opentelemetry.instrumentation.mistralai:MistralAiInstrumentor",
)
try:
    from mistralai import Mistral
except ImportError:
    from mistralai.client import Mistral
client = Mistral(server_url=URL, api_key="k")
said = [{"role": "system", "content": SYSTEM}]
for asked in (FIRST, SECOND):
    said.append({"role": "user", "content": asked})
    while True:
        got = client.chat.complete(model="parcel", messages=said, tools=TOOLS).choices[0].message
        said.append(got)
        if not got.tool_calls:
            break
        call = got.tool_calls[0]
        said.append(
            {
                "role": "tool",
                "tool_call_id": call.id,
                "name": "track",
                "content": FOUND[json.loads(call.function.arguments)["parcel"]],
            }
        )
