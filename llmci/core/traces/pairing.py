"""Ids of tool calls and of their results, where a log lost one of the two or wrote another in its place.

LiteLLM's instrumentation leaves the id out of results, OpenLLMetry names a call of the Responses API by its item
(`fc_1`) and the result by the call (`call_1`). A provider refuses a conversation in which they do not meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.traces.parts import Row


def paired(messages: list[Row]) -> list[Row]:
    """The messages, with calls and results that belong together under one id.

    Results follow the calls that they answer. Where as many of them are left over as calls are, of the
    same tools as far as that was logged, each is taken for the answer of its call, in their order. The
    id of the result wins, because it is the one that a provider was sent.
    """
    calls: list[Row] = []
    results: list[Row] = []
    for message in messages:
        if message["role"] == "tool":
            results += [part for part in message["parts"] if part["type"] == "tool_result"]
            continue
        if results:
            _pair(calls, results)
            calls, results = [], []
        if message["role"] != "assistant":
            calls = []
        calls += [part for part in message["parts"] if part["type"] == "tool_call"]
    if results:
        _pair(calls, results)
    return messages


def _pair(calls: Sequence[Row], results: Sequence[Row]) -> None:
    asked, answered = ({part["tool_call_id"] for part in parts} - {None} for parts in (calls, results))
    if asked == answered:
        return
    open_calls = [part for part in calls if part["tool_call_id"] not in answered]
    strays = [part for part in results if part["tool_call_id"] not in asked]
    if len(open_calls) != len(strays) or any(map(_differ, open_calls, strays)):
        return
    for call, result in zip(open_calls, strays, strict=True):
        same = result["tool_call_id"] or call["tool_call_id"]
        call["tool_call_id"] = result["tool_call_id"] = same


def _differ(call: Row, result: Row) -> bool:
    """Whether they name two tools."""
    named = result.get("tool_name")
    return named is not None and named != call["tool_name"]
