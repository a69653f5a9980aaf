import json
import os
import time

from tracing import BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, TOOLS, URL, instrumented

instrumented(openinference="openinference.instrumentation.litellm:LiteLLMInstrumentor", langfuse="")
if BY == "langfuse":
    os.environ.update(LANGFUSE_PUBLIC_KEY="pk", LANGFUSE_SECRET_KEY="sk", LANGFUSE_OTEL_HOST=URL)
import litellm

litellm.callbacks = ["langfuse_otel"] if BY == "langfuse" else []
said = [{"role": "system", "content": SYSTEM}]
for asked in (FIRST, SECOND):
    said.append({"role": "user", "content": asked})
    while True:
        got = (
            litellm.completion(model="openai/parcel", api_base=MODEL, api_key="k", messages=said, tools=TOOLS)
            .choices[0]
            .message
        )
        said.append(got.model_dump(exclude_none=True))
        if not got.tool_calls:
            break
        call = got.tool_calls[0]
        said.append(
            {"role": "tool", "tool_call_id": call.id, "content": FOUND[json.loads(call.function.arguments)["parcel"]]}
        )
# Its callbacks run in threads of their own, and export every five seconds.
time.sleep(7 if BY == "langfuse" else 0)
