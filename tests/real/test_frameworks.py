"""What frameworks and their instrumentations send is what the model was asked and answered, call by call.

Each script of `frameworks/` has a conversation of two questions with a tool, through its framework as it is installed
from the package index; the model keeps what it saw (`parcel_model.py`).

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_frameworks.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from one_conversation import heard, spoken
from openai_server import serving
from parcel_model import ParcelModel
from pulling import a_source, outcomes
from real_environments import python_with

from llmci.core.traces.folding import model_calls

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

OTEL = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
OI, OLL = "openinference-instrumentation-", "opentelemetry-instrumentation-"
# The environment, with what is in it; then the scripts that run there, with who instruments.
ENVIRONMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "smolagents": (("smolagents[openai]", f"{OI}smolagents"), ("smolagents/openinference",)),
    "agno": (("agno", "openai", f"{OI}agno", f"{OLL}agno", f"{OLL}openai"), ("agno/openinference", "agno/openllmetry")),
    "langchain": (("langchain", "langgraph", "langchain-openai", f"{OI}langchain", f"{OLL}langchain", "langfuse"), ("langgraph/openinference", "langgraph/openllmetry", "langgraph/langfuse")),
    "llamaindex": (("llama-index-core", "llama-index-llms-openai-like", f"{OI}llama-index", f"{OLL}llamaindex"), ("llamaindex/openinference", "llamaindex/openllmetry")),
    "haystack": (("haystack-ai", "opentelemetry-haystack", f"{OI}haystack"), ("haystack/openinference", "haystack/own")),
    "dspy": (("dspy", f"{OI}dspy"), ("dspy/openinference",)),
    "autogen": (("autogen-agentchat", "autogen-ext[openai]", f"{OI}autogen-agentchat"), ("autogen/openinference",)),
    "oagents": (("openai-agents", f"{OI}openai-agents", "logfire"), ("openai_agents/openinference", "openai_agents/openinference_responses", "openai_agents/logfire", "openai_agents/logfire_responses")),
    "sk": (("semantic-kernel",), ("semantic_kernel/own",)),
    "openai": (("openai", "instructor", f"{OI}openai", f"{OI}instructor", f"{OLL}openai", "langfuse"), ("openai/openinference", "openai/openinference_stream", "openai/openinference_responses", "openai/openllmetry", "openai/openllmetry_stream", "openai/langfuse", "openai/langfuse_stream", "openai/langfuse_responses", "instructor/openinference")),
    "anthropic": (("anthropic", "ollama", f"{OI}anthropic", f"{OI}ollama", f"{OLL}anthropic", "logfire"), ("anthropic/openinference", "anthropic/openinference_stream", "anthropic/openllmetry", "anthropic/openllmetry_stream", "anthropic/logfire", "ollama/openinference")),
    "crewai": (("crewai", f"{OI}crewai", f"{OI}openai", f"{OLL}crewai", f"{OLL}openai"), ("crewai/openinference", "crewai/openllmetry")),
    "agentframework": (("agent-framework-core", "agent-framework-openai"), ("agent_framework/own",)),
    "camel": (("camel-ai", f"{OI}openai", "mcp<1.20"), ("camel/openinference",)),
    "litellm": (("litellm", "mcp", f"{OI}litellm"), ("litellm/openinference", "litellm/langfuse")),
    "genai": (("google-genai<3", f"{OI}google-genai", f"{OLL}google-genai"), ("genai/openinference", "genai/otel")),
    "bedrock": (("boto3", f"{OI}bedrock", f"{OLL}bedrock"), ("bedrock/openinference", "bedrock/openllmetry")),
    "ag2": (("ag2[openai]<1", f"{OI}ag2", f"{OI}openai"), ("ag2/openinference",)),
    "strands2": (("strands-agents[openai]>=1", f"{OI}strands-agents"), ("strands/own", "strands/openinference")),
    "pydai": (("pydantic-ai-slim[openai]", f"{OI}pydantic-ai"), ("pydantic_ai/own", "pydantic_ai/openinference")),
    "adk": (("google-adk>=2", "litellm", "mcp"), ("adk/own",)),
    "mistral2": (("mistralai>=2", f"{OI}mistralai"), ("mistral/openinference",)),
}  # fmt: skip
RUNS = [(name, run) for name, (_, runs) in ENVIRONMENTS.items() for run in runs]


@pytest.mark.parametrize(("environment", "run"), RUNS, ids=[run for _, run in RUNS])
def test_the_messages_of_every_model_call_are_those_that_the_model_saw(
    tmp_path: Path, environment: str, run: str
) -> None:
    python = python_with(environment, *OTEL, *ENVIRONMENTS[environment][0])
    model, (script, by) = ParcelModel(tmp_path), run.split("/")
    environ = {**os.environ, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true", "HOME": str(tmp_path)}
    with serving(model.app()) as url:
        path = Path(__file__).parent / "frameworks" / f"with_{script}.py"
        done = subprocess.run(
            [python, path, url, by], capture_output=True, text=True, check=False, timeout=300, env=environ
        )
    assert done.returncode == 0, done.stderr[-3000:]
    (tmp_path / "calls.json").write_text(json.dumps({"run": run, "calls": model.calls}))

    rows = [row for row in outcomes(a_source("otlp", tmp_path, path="*.bin")) if isinstance(row, dict)]

    by_user = script == "smolagents"
    assert [heard(call, by_user=by_user) for call in said_in(rows)] == [heard(call) for call in model.calls]
    # Nothing that was answered stands among what was asked.
    assert not any("It is in Paris." in str(row["input"]) for row in rows)


@pytest.mark.parametrize("by", ["own", "own_stream", "legacy", "legacy_stream"])
def test_the_vercel_sdk_says_what_its_model_saw(tmp_path: Path, by: str) -> None:
    model, modules = ParcelModel(tmp_path), _npm("vercel", "ai@7", "@ai-sdk/otel@1", "@ai-sdk/openai-compatible@2", "zod@4", "@opentelemetry/api@1", "@opentelemetry/sdk-node", "@opentelemetry/exporter-trace-otlp-proto")  # fmt: skip
    shutil.copy(Path(__file__).parent / "frameworks" / "with_vercel.mjs", modules)
    with serving(model.app()) as url:
        done = subprocess.run(["node", modules / "with_vercel.mjs", url, by], capture_output=True, text=True, check=False, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]

    rows = [row for row in outcomes(a_source("otlp", tmp_path, path="*.bin")) if isinstance(row, dict)]

    assert [heard(call) for call in said_in(rows)] == [heard(call) for call in model.calls]
    assert {row["replay_kind"] for row in rows} == {"agent"}
    assert {step["kind"] for row in rows for step in row["steps"]} <= {"agent", "chain", "llm", "tool"}


def _npm(name: str, *packages: str) -> Path:
    """A directory with these packages of npm, made once."""
    if not (base := os.environ.get("LLMCI_REAL")) or not shutil.which("npm"):
        pytest.skip("LLMCI_REAL names no directory for environments of real servers and clients, or there is no npm")
    place = Path(base).expanduser().resolve() / name
    if not (place / "node_modules").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--ignore-scripts", "--prefix", str(place), *packages]
        done = subprocess.run(command, check=False, capture_output=True, timeout=300)
        if done.returncode:
            pytest.skip(f"{', '.join(packages)} cannot be installed here")
    return place


def said_in(rows: list[Any]) -> list[list[Any]]:
    """Of all traces, the model calls of which anything was recorded: Anthropic's SDK has empty spans of its own, too."""
    calls = [step for row in rows for step in model_calls(row["steps"]) if step["kind"] == "llm"]
    told = [step for step in calls if step["input"]["kind"] != "none"]
    return [spoken([*messages(step["input"], "user"), *messages(step["output"], "assistant")]) for step in sorted(told, key=lambda step: step["start"])]  # fmt: skip


def messages(payload: Any, role: str) -> list[Any]:
    if payload["kind"] == "text":
        return [{"role": role, "parts": [{"type": "text", "text": payload["text"]}]}]
    found: list[Any] = payload["messages"]
    return found
