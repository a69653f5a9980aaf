from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, URL, BY, instrumented

instrumented(openinference="openinference.instrumentation.openai:OpenAIInstrumentor", langfuse="")
import os

if BY == "langfuse":
    os.environ.update(LANGFUSE_ENABLED="True", LANGFUSE_PUBLIC_KEY="pk", LANGFUSE_SECRET_KEY="sk", LANGFUSE_HOST=URL)
from camel.agents import ChatAgent
from camel.models import ModelFactory
from camel.toolkits import FunctionTool
from camel.utils import BaseTokenCounter


class Words(BaseTokenCounter):
    """The usual counter fetches its vocabulary from a network."""

    def count_tokens_from_messages(self, messages):
        return len(str(messages).split())

    def encode(self, text):
        return [0] * len(text.split())

    def decode(self, token_ids):
        return ""


def track(parcel: int) -> str:
    """Find a parcel.

    Args:
        parcel (int): Its number.
    """
    return FOUND[parcel]


model = ModelFactory.create(
    model_platform="openai-compatible-model", model_type="parcel", url=MODEL, api_key="k", token_counter=Words()
)
agent = ChatAgent(SYSTEM, model=model, tools=[FunctionTool(track)])
for asked in (FIRST, SECOND):
    agent.step(asked)
if BY == "langfuse":
    from langfuse import get_client

    get_client().flush()
