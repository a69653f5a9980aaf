import os

os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", AWS_DEFAULT_REGION="us-east-1")
from tracing import FIRST, FOUND, SECOND, SYSTEM, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.bedrock:BedrockInstrumentor",
    openllmetry="opentelemetry.instrumentation.bedrock:BedrockInstrumentor",
)
import boto3

client = boto3.client("bedrock-runtime", endpoint_url=URL)
tools = [
    {
        "toolSpec": {
            "name": "track",
            "description": "Find a parcel.",
            "inputSchema": {"json": {"type": "object", "properties": {"parcel": {"type": "integer"}}}},
        }
    }
]
said = []
for asked in (FIRST, SECOND):
    said.append({"role": "user", "content": [{"text": asked}]})
    while True:
        got = client.converse(modelId="parcel", messages=said, system=[{"text": SYSTEM}], toolConfig={"tools": tools})[
            "output"
        ]["message"]
        said.append(got)
        use = got["content"][0].get("toolUse")
        if not use:
            break
        said.append(
            {
                "role": "user",
                "content": [
                    {
                        "toolResult": {
                            "toolUseId": use["toolUseId"],
                            "content": [{"text": FOUND[use["input"]["parcel"]]}],
                        }
                    }
                ],
            }
        )
