import os

os.environ.update(
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="SPAN_AND_EVENT",
    OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental",
)
from tracing import FIRST, FOUND, SECOND, SYSTEM, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.google_genai:GoogleGenAIInstrumentor",
    otel="opentelemetry.instrumentation.google_genai:GoogleGenAiSdkInstrumentor",
    openllmetry="opentelemetry.instrumentation.google_generativeai:GoogleGenerativeAiInstrumentor",
)
from google import genai
from google.genai import types

client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=URL))
tool = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="track",
            description="Find a parcel.",
            parameters={"type": "OBJECT", "properties": {"parcel": {"type": "INTEGER"}}},
        )
    ]
)
config = types.GenerateContentConfig(system_instruction=SYSTEM, tools=[tool])
said = []
for asked in (FIRST, SECOND):
    said.append(types.Content(role="user", parts=[types.Part(text=asked)]))
    while True:
        content = client.models.generate_content(model="parcel", contents=said, config=config).candidates[0].content
        said.append(content)
        call = content.parts[0].function_call
        if not call:
            break
        said.append(
            types.Content(
                role="user",
                parts=[
                    types.Part(
                        function_response=types.FunctionResponse(
                            name="track", response={"result": FOUND[call.args["parcel"]]}
                        )
                    )
                ],
            )
        )
