"""Where an OpenAI-compatible model is, and what it is sent; None where only litellm knows how to ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.adapters.models.prices import PROXY, entry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.adapters.models.options import LitellmOptions

# Spelling of litellm -> variables with the address (first that is set) and with the key.
_PROVIDERS: dict[str, tuple[tuple[str, ...], str]] = {
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), "OPENAI_API_KEY"),
    "hosted_vllm": (("HOSTED_VLLM_API_BASE",), "HOSTED_VLLM_API_KEY"),
    PROXY: (("LITELLM_PROXY_API_BASE",), "LITELLM_PROXY_API_KEY"),
    "azure": (("AZURE_API_BASE",), "AZURE_API_KEY"),
}
_OPENAI = "https://api.openai.com/v1"
# What a chat completion takes, then what vLLM, llama.cpp and Ollama take beside it. Anything else is litellm's to read.
_PARAMS = frozenset(
    [
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "stop",
        "n",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "user",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning_effort",
        "service_tier",
        "metadata",
        "store",
        "verbosity",
        "prediction",
        "modalities",
        "safety_identifier",
        "prompt_cache_key",
        "top_k",
        "min_p",
        "repetition_penalty",
        "length_penalty",
        "min_tokens",
        "ignore_eos",
        "stop_token_ids",
        "skip_special_tokens",
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "chat_template_kwargs",
        "structured_outputs",
        "extra_body",
        "extra_headers",
    ]
)


@dataclass(frozen=True, slots=True)
class Route:
    """How a model is asked over HTTP.

    Attributes:
        url: Of its chat completions.
        model: As the server knows it.
        provider: In litellm's spelling.
        headers: With the key in it; never shown.
        missing: Variables that must be set and are not.
        entry: What litellm's table says of the model.
    """

    url: str
    model: str
    provider: str
    headers: Mapping[str, str]
    missing: tuple[str, ...]
    entry: Mapping[str, Any]

    @property
    def renames_limit(self) -> bool:
        """Whether the model wants `max_completion_tokens` where `max_tokens` is said, as litellm has it."""
        return self.provider in ("openai", "azure") and bool(self.entry.get("supports_reasoning"))

    def takes(self, params: Mapping[str, Any], *, tools: bool) -> bool:
        """Whether a request with these parameters is a plain chat completion."""
        if self.renames_limit and tools and params.get("reasoning_effort") != "none":
            # Reasoning with tools has another interface, to which litellm knows the way.
            return False
        if self.provider == "hosted_vllm" and tools:
            # litellm rewrites their schemas for older servers.
            return False
        return _PARAMS.issuperset(params)


def route_of(options: LitellmOptions, environ: Mapping[str, str]) -> Route | None:
    """Find the way; reads no file but litellm's table and sends nothing."""
    provider, slash, model = options.model.partition("/")
    if not slash:
        provider, model = "openai", options.model
    entry = entry_of(provider, model)
    if provider not in _PROVIDERS or model.startswith("responses/"):
        return None
    # A name without a provider is OpenAI's only where the table says so.
    if entry is None and not slash:
        return None
    # A proxy answers chats whatever is behind it.
    if entry is not None and provider != PROXY and entry.get("mode", "chat") != "chat":
        return None
    bases, usual = _PROVIDERS[provider]
    base = options.base_url or next((environ[name] for name in bases if environ.get(name)), None)
    key_env = options.api_key_env or usual
    key = environ.get(key_env)
    if provider == "azure":
        return _azure(model, base, key, environ, entry or {})
    if base is None and provider != "openai":
        return None
    # A server of one's own need not want a key.
    optional = provider == "hosted_vllm" and options.api_key_env is None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if provider == "openai" and (organization := environ.get("OPENAI_ORGANIZATION")):
        headers["OpenAI-Organization"] = organization
    return Route(
        url=f"{(base or _OPENAI).rstrip('/')}/chat/completions",
        model=model,
        provider=provider,
        headers=headers,
        missing=() if key or optional else (key_env,),
        entry=entry or {},
    )


def _azure(
    model: str, base: str | None, key: str | None, environ: Mapping[str, str], entry: Mapping[str, Any]
) -> Route | None:
    """Keys only: tokens of a directory are litellm's to fetch."""
    version = environ.get("AZURE_API_VERSION")
    if base is None or key is None:
        return None
    base = base.rstrip("/")
    if base.endswith("/openai/v1"):
        url = f"{base}/chat/completions"
    elif version:
        url = f"{base}/openai/deployments/{model}/chat/completions?api-version={version}"
    else:
        return None
    return Route(url=url, model=model, provider="azure", headers={"api-key": key}, missing=(), entry=entry)
