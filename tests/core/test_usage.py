"""Token counts of each vendor, where input includes what came from the cache."""

from __future__ import annotations

from typing import Any

import pytest

from llmci.core.traces.usage import counted, usage_of


@pytest.mark.parametrize(
    ("logged", "wanted"),
    [
        pytest.param(
            {"prompt_tokens": 502, "completion_tokens": 18, "prompt_tokens_details": {"cached_tokens": 128, "audio_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 7}},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128, "reasoning": 7, "audio_input": 4},
            id="openai-chat",
        ),
        pytest.param(
            {"input_tokens": 502, "output_tokens": 18, "input_tokens_details": {"cached_tokens": 128}, "output_tokens_details": {"reasoning_tokens": 0}},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128, "reasoning": 0},
            id="openai-responses",
        ),
        pytest.param(
            {"input_tokens": 374, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 28, "output_tokens": 18},
            {"input": 502, "output": 18, "total": 520, "cache_read": 100, "cache_write": 28},
            id="anthropic-leaves-cached-tokens-out",
        ),
        pytest.param(
            {"inputTokens": 374, "cacheReadInputTokens": 128, "cacheWriteInputTokens": 0, "outputTokens": 18, "totalTokens": 520},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128, "cache_write": 0},
            id="bedrock-leaves-cached-tokens-out",
        ),
        pytest.param(
            {"promptTokenCount": 502, "cachedContentTokenCount": 128, "candidatesTokenCount": 11, "thoughtsTokenCount": 7, "totalTokenCount": 520},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128, "reasoning": 7},
            id="gemini-counts-thoughts-beside",
        ),
        pytest.param(
            {"input": 374, "input_cached_tokens": 128, "output": 18, "total": 520},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128},
            id="langfuse-leaves-cached-tokens-out",
        ),
        pytest.param(
            {"input_tokens": 502, "output_tokens": 18, "total_tokens": 520, "input_token_details": {"cache_read": 128}},
            {"input": 502, "output": 18, "total": 520, "cache_read": 128},
            id="langchain",
        ),
        pytest.param({"prompt_tokens": [10, 20], "completion_tokens": "5"}, {"input": 30, "output": 5, "total": 35}, id="lists-per-turn"),
        pytest.param({"prompt_tokens": None, "completion_tokens": -1}, None, id="nothing"),
    ],
)  # fmt: skip
def test_each_vendors_counts_mean_the_same(logged: dict[str, Any], wanted: dict[str, int] | None) -> None:
    assert usage_of(logged) == wanted


def test_fewer_tokens_in_all_than_from_the_cache_were_counted_without_it() -> None:
    assert counted(input=10, output=5, cache_read=90) == {"input": 100, "output": 5, "total": 105, "cache_read": 90}
