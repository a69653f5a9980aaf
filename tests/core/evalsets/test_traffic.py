"""A sample of what conversations asked is the same whatever order, and in whatever parts, their traces come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import NOON, a_batch, a_trace
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.evalsets.cases import LabelledTrace
from llmci.core.evalsets.traffic import TrafficSample
from llmci.core.privacy.mint import sanitized_batch

if TYPE_CHECKING:
    import random


def labelled(number: int, session: int | None = None, text: str | None = None, **columns: object) -> LabelledTrace:
    text = f"question {number}" if text is None else text
    session_id = None if session is None else f"s{session}"
    rows = a_batch([a_trace(f"t{number:03}", text, session_id=session_id, **columns)])
    return LabelledTrace(trace=rows.to_pylist()[0], label={"cluster_name": "all"}, batch=sanitized_batch(rows))


@given(
    sessions=st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=30),
    size=st.integers(0, 12),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    dice=st.randoms(),
)
def test_parts_in_any_order_are_the_whole(
    sessions: list[int | None], size: int, cuts: list[int], dice: random.Random
) -> None:
    rows = [labelled(number, session) for number, session in enumerate(sessions)]
    whole, merged = TrafficSample(size, 7), TrafficSample(size, 7)
    list(whole.noting(rows))

    dice.shuffle(rows)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        part = TrafficSample(size, 7)
        list(part.noting(rows[start:end]))
        merged.merge(part)

    conversations = {"s" + str(s) if s is not None else f"t{n}" for n, s in enumerate(sessions)}
    assert merged.inputs() == whole.inputs()
    assert len(whole.inputs()) == min(size, len(conversations))


def test_of_a_conversation_the_first_trace_with_an_input_is_kept() -> None:
    sample = TrafficSample(9, 7)

    for found in (labelled(3, 1), labelled(1, 1, ""), labelled(2, 1, start=NOON, user_id="id-1")):
        sample.add(found)

    [kept] = sample.inputs()
    assert (kept.trace_id, kept.text, kept.start, kept.user is None) == ("t002", "question 2", NOON, False)


def test_traces_of_other_variants_are_left_out() -> None:
    sample = TrafficSample(9, 7, variant="new")

    sample.add(labelled(1, variant="old"))
    sample.add(labelled(2, variant="new"))

    assert [each.trace_id for each in sample.inputs()] == ["t002"]
