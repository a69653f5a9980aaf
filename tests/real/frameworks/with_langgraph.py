from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from tracing import BY, FIRST, FOUND, MODEL, SECOND, SYSTEM, URL, instrumented

instrumented(
    openinference="openinference.instrumentation.langchain:LangChainInstrumentor",
    openllmetry="opentelemetry.instrumentation.langchain:LangchainInstrumentor",
    langfuse="",
)
callbacks = []
if BY == "langfuse":
    from langfuse import Langfuse
    from langfuse.langchain import CallbackHandler

    Langfuse(public_key="pk", secret_key="sk", host=URL, tracer_provider=None)
    callbacks = [CallbackHandler()]


@tool
def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


model = ChatOpenAI(model="parcel", base_url=MODEL, api_key="k")
agent = create_agent(model, [track], system_prompt=SYSTEM, checkpointer=InMemorySaver())
told = {"configurable": {"thread_id": "s"}, "callbacks": callbacks}
for asked in (FIRST, SECOND):
    agent.invoke({"messages": [{"role": "user", "content": asked}]}, told)
if BY == "langfuse":
    from langfuse import get_client

    get_client().flush()
