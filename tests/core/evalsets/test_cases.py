"""A labelled trace becomes a case with what its settings point at."""

from __future__ import annotations

from typing import Any

import pytest
from builders import a_batch, a_message, a_trace

from llmci.core.evalsets.cases import LabelledTrace, case_of, check_places
from llmci.core.privacy.mint import sanitized_batch
from llmci.domain.settings import EvalsetSettings
from llmci.errors import UsageError


def labelled(feedback: float | None = None, flags: tuple[str, ...] = (), **columns: Any) -> LabelledTrace:
    trace = a_trace(**columns)
    label = {
        "trace_id": trace["trace_id"],
        "cluster_name": "parcels",
        "topic_name": "orders",
        "language": "en",
        "flags": list(flags),
        "feedback": feedback,
    }
    return LabelledTrace(trace=trace, label=label, batch=sanitized_batch(a_batch([trace])))


def test_variants_with_the_same_input_are_one_case() -> None:
    one = case_of(labelled(trace_id="a", variant="old", answer="Lyon"), EvalsetSettings())
    two = case_of(labelled(trace_id="b", variant="new", answer="Nice"), EvalsetSettings())

    assert one is not None
    assert two is not None
    assert one.case_id == two.case_id


def test_a_key_keeps_equal_inputs_apart() -> None:
    settings = EvalsetSettings(key="metadata.task")

    ids = {case_of(labelled(metadata=f'{{"task": {n}}}'), settings).case_id for n in (1, 2)}  # type: ignore[union-attr]

    assert len(ids) == 2


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {"kind": "none"},
        {"kind": "text", "text": "  "},
        {"kind": "messages", "messages": []},
        {"kind": "messages", "messages": [{"role": "user", "parts": []}]},
    ],
)
def test_a_trace_without_input_is_no_case(payload: dict[str, Any] | None) -> None:
    assert case_of(labelled(input=payload), EvalsetSettings()) is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("variant", "blue"),
        ("cluster", "parcels"),
        ("topic", "orders"),
        ("language", "en"),
        ("flag", "none"),
        ("metadata.app", "retail"),
        ("metadata.deep.er", "yes"),
        ("metadata.number", "3"),
        ("tag:tier", "gold"),
        ("metadata.absent", None),
        ("session_id", None),
    ],
)
def test_slices_are_found_where_the_settings_say(place: str, value: str | None) -> None:
    metadata = '{"app": "retail", "deep": {"er": "yes"}, "number": 3}'
    found = labelled(variant="blue", metadata=metadata, tags=["x", "tier:gold"])

    case = case_of(found, EvalsetSettings(slices={"slice": place}))

    assert case is not None
    assert case.slices == ({} if value is None else {"slice": value})


@pytest.mark.parametrize("place", ["colour", "metadata.", "tag:", "score:", ""])
def test_a_place_that_does_not_exist_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match=r"evalset\.slices\.app"):
        check_places(EvalsetSettings(slices={"app": place}))


@pytest.mark.parametrize(("feedback", "reference"), [(1.0, "In Lyon."), (0.0, None), (None, None)])
def test_an_answer_is_a_reference_only_if_the_user_liked_it(feedback: float | None, reference: str | None) -> None:
    case = case_of(labelled(feedback), EvalsetSettings(reference="output", rubric="Be right."))

    assert case is not None
    assert case.reference == reference
    assert case.rubric == (None if reference else "Be right.")


def test_the_latest_correction_is_the_reference() -> None:
    scores = [
        {"name": "correction", "text": "In Nice.", "timestamp": None},
        {"name": "thumbs", "num": 0.0},
    ]

    case = case_of(labelled(scores=scores), EvalsetSettings(reference="score:correction"))

    assert case is not None
    assert (case.reference, case.reference_origin) == ("In Nice.", "score:correction")


def test_expectations_are_read_as_json_where_they_are_json() -> None:
    settings = EvalsetSettings(expectations={"documents": "metadata.gold", "contains": "metadata.word"})

    case = case_of(labelled(metadata='{"gold": "[\\"d1\\"]", "word": "Lyon"}'), settings)

    assert case is not None
    assert case.expectations == {"documents": ["d1"], "contains": "Lyon"}


@pytest.mark.parametrize("metadata", [None, "", "not json", "[1, 2]", "NaN"])
def test_metadata_of_any_kind_does_no_harm(metadata: str | None) -> None:
    case = case_of(labelled(metadata=metadata), EvalsetSettings(slices={"app": "metadata.app"}))

    assert case is not None
    assert case.slices == {}


def test_a_failed_trace_is_a_case_of_origin_failure() -> None:
    case = case_of(labelled(flags=("refusal",)), EvalsetSettings())

    assert case is not None
    assert case.origin.kind == "failure"


def test_a_conversation_is_one_group() -> None:
    cases = [case_of(trace, EvalsetSettings()) for trace in (labelled(session_id="s", user_id="u"), labelled())]

    assert [case.dependence for case in cases if case] == ["s", cases[1].case_id]  # type: ignore[union-attr]


def test_every_part_of_a_message_is_kept() -> None:
    call = {"type": "tool_call", "tool_call_id": "1", "tool_name": "track", "tool_arguments": '{"id": 1'}
    messages = [a_message("system", "Be brief."), {"role": "assistant", "parts": [call]}]

    case = case_of(labelled(input={"kind": "messages", "messages": messages}), EvalsetSettings())

    assert case is not None
    assert [message.role for message in case.messages] == ["system", "assistant"]
    assert case.messages[1].parts[0].tool_arguments == '{"id": 1'
