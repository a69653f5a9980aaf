"""Which environment variables an adapter of the configuration will look for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.config import Block, Config

_VARIABLE = re.compile(r"\$\{(\w+)\}")

# Where litellm looks for the key of the providers that most configurations name. Others are found
# out on the first call; importing litellm to ask costs seconds.
_PROVIDERS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "cohere": "COHERE_API_KEY",
    "groq": "GROQ_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "fireworks_ai": "FIREWORKS_AI_API_KEY",
    "xai": "XAI_API_KEY",
}


def wanted(block: Block) -> Iterator[str]:
    """Names of the variables, in order: those the block names itself, else its provider's."""
    options = block.options.model_dump()
    needed = {key: value for key, value in options.items() if key not in block.options.may_be_unset}
    named = [value for key, value in needed.items() if key.endswith("_env") and isinstance(value, str)]
    named += _VARIABLE.findall(json.dumps([options.get("url"), options.get("headers")]))
    if named:
        yield from named
    elif isinstance(options.get("model"), str) and not options.get("base_url"):
        provider = str(options.get("model", "")).partition("/")[0]
        if provider in _PROVIDERS:
            yield _PROVIDERS[provider]


def for_workers(config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that workers on shards need; the rest of the environment is nobody's business but the driver's.

    Those that the configuration names, and those that start with the kind of a source, such as `LANGFUSE_HOST`.
    """
    blocks = [*config.sources.values(), *config.recognizers.values(), *config.embedders.values()]
    named = {
        config.sanitize.key_env,
        config.sanitize.vault_key_env,
        *(name for block in blocks for name in wanted(block)),
    }
    starts = tuple({f"{re.split(r'[^a-z]', kind)[0].upper()}_" for kind in (b.kind for b in config.sources.values())})
    return {name: value for name, value in environ.items() if name in named or name.startswith(starts)}
