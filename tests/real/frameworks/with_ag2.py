from tracing import FIRST, FOUND, MODEL, SECOND, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.ag2:AG2Instrumentor+openinference.instrumentation.openai:OpenAIInstrumentor"
)
from autogen import ConversableAgent, register_function

config = {"config_list": [{"model": "parcel", "base_url": MODEL, "api_key": "k", "price": [0, 0]}], "cache_seed": None}
shop = ConversableAgent("shop", system_message=SYSTEM, llm_config=config, human_input_mode="NEVER")
user = ConversableAgent(
    "user", llm_config=False, human_input_mode="NEVER", is_termination_msg=lambda m: "It is in" in str(m.get("content"))
)


def track(parcel: int) -> str:
    return FOUND[parcel]


register_function(track, caller=shop, executor=user, name="track", description="Find a parcel.")
user.initiate_chat(shop, message=FIRST, silent=True)
user.initiate_chat(shop, message=SECOND, clear_history=False, silent=True)
