"""A labelled clean trace to a case: its input, what is known of a good answer, and its slices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.evalsets.digests import case_id_of
from llmci.core.evalsets.places import check_place, named_at, structure_at, text_at
from llmci.core.evalsets.rows import document_of, message_of, tool_of
from llmci.core.grouping.texts import input_text
from llmci.core.privacy.mint import vouched
from llmci.domain.case import Case, Message, Origin, Part
from llmci.domain.label import FAILURES
from llmci.domain.text import declared_clean
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.settings import EvalsetSettings
    from llmci.domain.text import CleanBatch, CleanText
    from llmci.domain.trace import TraceRow

# What a case is made of: everything but the steps, which are most of an agent's trace.
COLUMNS = tuple(name for name in TRACE.names if name != "steps")
# Production answers count as references only where the user, or the judge, was clearly content; both speak in [0, 1].
GOOD = 0.75
# A judge that gives less than this says that the answer failed.
_BAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTrace:
    """A clean trace with its label; `batch` vouches for its text."""

    trace: TraceRow
    label: Mapping[str, Any]
    batch: CleanBatch


def check_places(settings: EvalsetSettings) -> None:
    """Refuse settings that point nowhere; raises `UsageError`."""
    for name, place in settings.slices.items():
        check_place(place, f"slices.{name}")
    for name, place in settings.expectations.items():
        check_place(place, f"expectations.{name}")
    for setting in ("dependence", "key"):
        if place := getattr(settings, setting):
            check_place(place, setting)
    for place in settings.references:
        if judge_at(place) is None:
            check_place(place, "reference")


def judge_at(place: str) -> str | None:
    """The judge whose approval makes a production answer a reference; None where the place names none."""
    kind, _, name = place.partition(":")
    return name if kind == "judge" and name else None


def case_of(found: LabelledTrace, settings: EvalsetSettings) -> Case | None:
    """Make a case of a trace; None where the trace has no input.

    Weight, hold-out and the final dependence group are decided when the whole set is drawn; until
    then the weight is 0 and the group is the conversation or the case itself.
    """
    trace, label = found.trace, found.label
    messages = messages_of(found)
    if not messages:
        return None
    offered = (trace.get("request") or {}).get("tools") or ()
    tools = tuple(tool_of(tool, found.batch) for tool in offered)
    key = text_at(settings.key, trace, label) if settings.key else None
    reference, origin = _reference(found, settings)
    case_id = case_id_of(messages, tools, key)
    return Case(
        case_id=case_id,
        key=key,
        messages=messages,
        tools=tools,
        documents=tuple(document_of(document, found.batch) for document in trace.get("documents") or ()),
        reference=reference,
        reference_origin=origin,
        expectations=_expectations(found, settings),
        rubric=declared_clean(settings.rubric) if settings.rubric and reference is None else None,
        slices=_slices(found, settings),
        stratum=label["cluster_name"],
        dependence=_dependence(found, settings) or case_id,
        weight=0.0,
        origin=Origin(
            kind="failure" if has_failed(label) else "production",
            trace_id=trace["trace_id"],
            pulled_at=trace["pulled_at"].isoformat() if trace.get("pulled_at") else None,
        ),
    )


def asked_in(case: Case) -> str:
    """What its traces were grouped by: the last thing that the user said."""
    return input_text({"messages": [asdict(message) for message in case.messages]})


def has_failed(label: Mapping[str, Any]) -> bool:
    """Whether something about the answer was no good, or a judge said so."""
    judged = any(verdict["value"] < _BAD for verdict in label.get("verdicts") or ())
    return judged or not FAILURES.isdisjoint(label.get("flags") or ())


def messages_of(found: LabelledTrace) -> tuple[Message, ...]:
    """The input as messages; a bare text is what a user said. Empty where nothing was said at all."""
    payload = found.trace.get("input") or {}
    messages = tuple(message_of(message, found.batch) for message in payload.get("messages") or ())
    if any(message.parts for message in messages):
        return messages
    text = payload.get("text") or payload.get("json")
    if not text or not text.strip():
        return ()
    return (Message(role="user", parts=(Part(type="text", text=vouched(text, found.batch)),)),)


def _reference(found: LabelledTrace, settings: EvalsetSettings) -> tuple[CleanText | None, str | None]:
    for place in settings.references:
        if (judge := judge_at(place)) is not None:
            good, holds = approved_by(judge, found.label), "output"
        else:
            good, holds = place != "output" or (found.label.get("feedback") or 0.0) >= GOOD, place
        text = text_at(holds, found.trace, found.label) if good else None
        if text:
            return vouched(text, found.batch), place
    return None, None


def approved_by(judge: str, label: Mapping[str, Any]) -> bool:
    """Whether a judge was content with the answer."""
    return any(v["judge"] == judge and v["value"] >= GOOD for v in label.get("verdicts") or ())


def _expectations(found: LabelledTrace, settings: EvalsetSettings) -> dict[str, object]:
    values = {name: structure_at(place, found.trace, found.label) for name, place in settings.expectations.items()}
    return {name: value for name, value in values.items() if value is not None}


def _slices(found: LabelledTrace, settings: EvalsetSettings) -> dict[str, str]:
    values = {name: named_at(place, found.trace, found.label) for name, place in settings.slices.items()}
    return {name: value for name, value in values.items() if value is not None}


def _dependence(found: LabelledTrace, settings: EvalsetSettings) -> str | None:
    if settings.dependence:
        return text_at(settings.dependence, found.trace, found.label)
    return text_at("session_id", found.trace, found.label)
