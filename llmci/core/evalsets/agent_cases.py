"""The cases of a trace: one, or where an agent is tested step by step, one for each of its actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core.evalsets.agents import actions_of, calls_in, recording_of
from llmci.core.evalsets.cases import COLUMNS, case_of, has_failed
from llmci.core.evalsets.digests import case_id_of
from llmci.core.evalsets.rows import message_of, tool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.core.evalsets.agents import Action
    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings

# Expectations that scorers and `tool_replay` read.
CALLS, RESULTS = "tool_calls", "tool_results"
# The slice label of a step, and its value where no tool was called.
ACTION, SAYS = "action", "answer"


def columns_of(settings: EvalsetSettings) -> tuple[str, ...]:
    """The columns of a trace that cases are made of; steps are most of an agent's trace, and read only where they are needed."""
    return COLUMNS if settings.agents == "input" else (*COLUMNS, "steps")


def cases_of(found: LabelledTrace, settings: EvalsetSettings) -> list[Case]:
    """The cases of a trace; none where it has no input.

    Where agents are tested step by step, an agent that failed gives none: what it did is not to be imitated.
    """
    case = case_of(found, settings)
    if case is None:
        return []
    if settings.agents == "input" or found.trace.get("replay_kind") != "agent":
        return [case]
    if settings.agents == "steps":
        return [] if has_failed(found.label) else list(_steps(found, case))
    recording = recording_of(found.trace)
    called = [{name: said[name] for name in ("name", "arguments")} for said in recording]
    return [replace(case, expectations={RESULTS: recording, CALLS: called, **case.expectations})]


def _steps(found: LabelledTrace, whole: Case) -> Iterator[Case]:
    actions = actions_of(found.trace)
    for number, action in enumerate(actions, 1):
        yield _step(found, whole, action, last=number == len(actions))


def _step(found: LabelledTrace, whole: Case, action: Action, *, last: bool) -> Case:
    messages = tuple(message_of(row, found.batch) for row in action.before)
    tools = tuple(tool_of(row, found.batch) for row in action.tools)
    calls = calls_in(action.said)
    names = list(dict.fromkeys(call["name"] for call in calls))
    return replace(
        whole,
        # A key names the whole task: its steps are told apart by what came before them.
        case_id=case_id_of(messages, tools, None),
        key=None,
        messages=messages,
        tools=tools,
        reference=whole.reference if last else None,
        reference_origin=whole.reference_origin if last else None,
        expectations={CALLS: calls, **whole.expectations},
        slices={ACTION: ", ".join(names)[:200] or SAYS, **whole.slices},
        # Steps of one conversation are no independent observations.
        dependence=whole.dependence if whole.dependence != whole.case_id else f"trace {found.trace['trace_id']}",
    )
