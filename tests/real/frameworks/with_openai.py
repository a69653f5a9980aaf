import json

from tracing import API, BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, TOOL, TOOLS, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.openai:OpenAIInstrumentor",
    openllmetry="opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    openlit="",
    langfuse="",
)
if BY == "openlit":
    import openlit

    openlit.init(otlp_endpoint=f"{URL}/otel", disable_metrics=True, capture_message_content=True, disable_batch=True)
if BY == "langfuse":
    from langfuse import Langfuse

    client_ = Langfuse(public_key="pk", secret_key="sk", host=URL)
    from langfuse.openai import openai
else:
    import openai
client = openai.OpenAI(base_url=MODEL, api_key="k")


def chat(stream):
    said = [{"role": "system", "content": SYSTEM}]
    for asked in (FIRST, SECOND):
        said.append({"role": "user", "content": asked})
        while said[-1]["role"] != "assistant" or said[-1].get("tool_calls"):
            if said[-1].get("tool_calls"):
                call = said[-1]["tool_calls"][0]
                said.append(
                    {
                        "role": "tool",
                        "tool_call_id": call["id"],
                        "content": FOUND[json.loads(call["function"]["arguments"])["parcel"]],
                    }
                )
            got = client.chat.completions.create(model="parcel", messages=said, tools=TOOLS, stream=stream)
            if stream:
                text, calls = "", []
                for chunk in got:
                    for choice in chunk.choices:
                        text += choice.delta.content or ""
                        calls += [c.model_dump(exclude={"index"}) for c in choice.delta.tool_calls or []]
                said.append({"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})})
            else:
                said.append(got.choices[0].message.model_dump(exclude_none=True))


def responses():
    said = []
    for asked in (FIRST, SECOND):
        said.append({"role": "user", "content": asked})
        while True:
            got = client.responses.create(
                model="parcel", instructions=SYSTEM, input=said, tools=[{"type": "function", **TOOL}]
            )
            item = got.output[0].model_dump(exclude_none=True)
            said.append(item)
            if item["type"] != "function_call":
                break
            said.append(
                {
                    "type": "function_call_output",
                    "call_id": item["call_id"],
                    "output": FOUND[json.loads(item["arguments"])["parcel"]],
                }
            )


responses() if API == "responses" else chat(API == "stream")
if BY == "langfuse":
    client_.flush()
