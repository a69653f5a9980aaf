import dspy
from tracing import FIRST, FOUND, MODEL, instrumented

instrumented(
    openinference="openinference.instrumentation.dspy:DSPyInstrumentor",
)


def track(parcel: int) -> str:
    """Find a parcel."""
    return FOUND[parcel]


dspy.configure(lm=dspy.LM("openai/parcel", api_base=MODEL, api_key="k", cache=False))
dspy.ReAct("question -> answer", tools=[track])(question=FIRST)
