"""The same conversation, as many libraries write it, is the same messages; see `dialects/make.py`."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from one_conversation import ANSWER, ARGUMENTS, ASKED, SYSTEM, spoken

from llmci.core.traces.payloads import payload_of

WRITTEN = json.loads((Path(__file__).parent / "dialects" / "libraries.json").read_text(encoding="utf-8"))
# These know no ids of calls, in the call or in its result.
NO_CALL_ID = {"dspy/history", "ollama/chat", "openai/functions"}
# Google's tools return objects, and those are kept whole.
OBJECTS = {"google-adk/events", "google-adk/request", "google-genai/camel", "google-genai/snake"}
NO_SYSTEM = {"autogen-agentchat/events", "google-adk/events"}
STRANGE = (None, 7, True, "x", [], {}, [[1]], [None], {"a": [{"b": 1}]})
NO_TOOLS = {"cohere-1/v1", "sharegpt/conversations"}


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_a_conversation_is_the_same_messages_whatever_library_wrote_it(form: str) -> None:
    call = ("assistant", ("call", None if form in NO_CALL_ID else "call_9", "track", ARGUMENTS))
    found = '{"result":"Lyon"}' if form in OBJECTS else "Lyon"
    result = ("tool", ("result", None if form in NO_CALL_ID else "call_9", found))
    turns = [] if form in NO_TOOLS else [call, result]

    payload = payload_of(WRITTEN[form]["logged"], role="user")

    assert payload["kind"] == "messages"
    assert spoken(payload["messages"]) == [*([] if form in NO_SYSTEM else [SYSTEM]), ASKED, *turns, ANSWER]


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_a_conversation_as_json_text_is_read_like_its_value(form: str) -> None:
    logged = WRITTEN[form]["logged"]

    assert payload_of(json.dumps(logged), role="user") == payload_of(logged, role="user")


@pytest.mark.parametrize("seed", range(5))
def test_nothing_in_the_place_of_anything_stops_the_reading(seed: int) -> None:
    dice = random.Random(seed)

    def damaged(value: Any) -> Any:
        if isinstance(value, list):
            return [dice.choice(STRANGE) if dice.random() < 0.1 else damaged(item) for item in value]
        if isinstance(value, dict):
            kept = {key: damaged(item) for key, item in value.items() if dice.random() > 0.1}
            return {key: dice.choice(STRANGE) if dice.random() < 0.1 else item for key, item in kept.items()}
        return value

    for form in WRITTEN.values():
        for _ in range(5):
            assert payload_of(damaged(form["logged"]), role="user")["kind"] in ("messages", "text", "json", "none")
