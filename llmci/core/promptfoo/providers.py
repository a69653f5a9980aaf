"""promptfoo providers as systems."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llmci.core.promptfoo.http import http_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.core.promptfoo.unmapped import Unmapped

# promptfoo's prefix, and the word between it and the model that litellm does not know.
_LITELLM = {
    "openai": ("openai", ("chat", "completion", "responses")),
    "anthropic": ("anthropic", ("messages", "completion")),
    "azure": ("azure", ("chat", "completion", "responses")),
    "azureopenai": ("azure", ("chat", "completion")),
    "bedrock": ("bedrock", ("completion",)),
    "vertex": ("vertex_ai", ()),
    "google": ("gemini", ()),
    "mistral": ("mistral", ()),
    "cohere": ("cohere_chat", ()),
    "groq": ("groq", ()),
    "deepseek": ("deepseek", ()),
    "openrouter": ("openrouter", ()),
    "ollama": ("ollama_chat", ("chat", "completion")),
    "xai": ("xai", ()),
    "togetherai": ("together_ai", ()),
    "fireworks": ("fireworks_ai", ()),
    "perplexity": ("perplexity", ()),
    "litellm": ("", ()),
}
_PARAMS = {
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "seed",
    "tool_choice",
    "reasoning_effort",
}

_SETTINGS: dict[str, tuple[str, type]] = {
    "apiBaseUrl": ("base_url", str),
    "apiKeyEnvar": ("api_key_env", str),
    "response_format": ("response_format", dict),
    "tools": ("tools", list),
}


def providers_of(given: object, unmapped: Unmapped) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each provider that has a counterpart: its name and its block."""
    listed = given if isinstance(given, list) else [given]
    for index, item in enumerate(listed):
        place = f"providers[{index}]"
        name, identity, settings = _named(item)
        block = _block(identity, unmapped.mapping(settings.get("config"), f"{place}.config"), place, unmapped)
        unmapped.rest(place, settings, ("id", "label", "config"))
        if block is not None:
            yield slug(name), block


def model_of(identity: str) -> str | None:
    """The model in litellm's spelling; None for providers that are no models, or that it does not know."""
    prefix, _, rest = identity.partition(":")
    if prefix not in _LITELLM or not rest:
        return None
    provider, words = _LITELLM[prefix]
    first, _, model = rest.partition(":")
    model = model if model and first in words else rest
    return f"{provider}/{model}" if provider else model


def slug(text: str) -> str:
    """A name for a block: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "system"


def _named(item: Any) -> tuple[str, str, Mapping[str, Any]]:  # noqa: ANN401  YAML holds anything
    """Name, id and settings, in any of the three spellings."""
    if isinstance(item, dict) and "id" in item:
        return str(item.get("label") or item["id"]), str(item["id"]), item
    if isinstance(item, dict) and len(item) == 1:
        [(identity, settings)] = item.items()
        settings = settings if isinstance(settings, dict) else {}
        return str(settings.get("label") or identity), str(settings.get("id") or identity), settings
    return str(item), str(item), {}


def _block(identity: str, config: Mapping[str, Any], place: str, unmapped: Unmapped) -> dict[str, Any] | None:
    if model := model_of(identity):
        return _model(model, config, place, unmapped)
    if re.match(r"https?(:|$)", identity):
        return http_system(identity, config, place, unmapped)
    unmapped.add(place, f"no system answers for the provider {identity!r}; write one of kind python, command or http")
    return None


def _model(model: str, config: Mapping[str, Any], place: str, unmapped: Unmapped) -> dict[str, Any]:
    params = {key: value for key, value in config.items() if key in _PARAMS}
    block: dict[str, Any] = {"kind": "litellm", "model": model}
    if params:
        block["params"] = params
    mapped = set(params)
    for theirs, (ours, kind) in _SETTINGS.items():
        if isinstance(config.get(theirs), kind):
            block[ours] = config[theirs]
            mapped.add(theirs)
    unmapped.rest(f"{place}.config", config, mapped)
    return block
