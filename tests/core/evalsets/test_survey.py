"""What is seen of cases is the same however the traces lie in shards."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from builders import NOON, a_batch, a_trace
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci.core.evalsets.cases import LabelledTrace
from llmci.core.evalsets.lineage import Keyed, Traces
from llmci.core.evalsets.survey import Asked, Survey, merged, surveyed
from llmci.core.privacy.mint import sanitized_batch
from llmci.domain.settings import EvalsetSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYED = Keyed(b"a key")
ASKED = Asked(
    settings=EvalsetSettings(reference=("output", "score:correction")),
    reviewed=frozenset({"t3"}),
    since=NOON,
    keyed=KEYED,
)


def labelled(
    number: int, question: int, cluster: int, feedback: float, flag: bool, minutes: int, **columns: Any
) -> LabelledTrace:
    trace = a_trace(f"t{number}", f"question {question}", start=NOON + timedelta(minutes=minutes), **columns)
    label = {
        "trace_id": f"t{number}",
        "cluster": cluster,
        "cluster_name": f"cluster {cluster}",
        "topic_name": f"topic {cluster % 2}",
        "near_duplicate_of": None,
        "anomaly_rank": 1000 - number,
        "flags": ["refusal"] if flag else [],
        "verdicts": [],
        "feedback": feedback,
    }
    return LabelledTrace(trace=trace, label=label, batch=sanitized_batch(a_batch([trace])))


asked_things = st.tuples(
    st.integers(0, 5), st.integers(0, 3), st.sampled_from([0.0, 1.0]), st.booleans(), st.integers(-3, 3)
)
windows = st.lists(asked_things, max_size=30).map(
    lambda rows: [labelled(number, *row) for number, row in enumerate(rows)]
)


def told(survey: Survey) -> dict[str, object]:
    """Everything that it says, names in place of their numbers."""
    found = {field.name: getattr(survey, field.name) for field in dataclasses.fields(survey)}
    for name in ("stratum", "topic"):
        found[name] = [survey.names[at] for at in found[name]]
    del found["names"]
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in found.items()}


@settings(max_examples=25)
@given(windows, st.integers(1, 5), st.randoms(use_true_random=False))
def test_shards_in_any_number_and_order_say_the_same(
    traces: Sequence[LabelledTrace], shards: int, random: object
) -> None:
    parts = [surveyed(traces[at::shards], ASKED) for at in range(shards)]
    random.shuffle(parts)  # type: ignore[attr-defined]

    assert told(merged(parts)) == told(surveyed(traces, ASKED))


@settings(max_examples=25)
@given(windows)
def test_every_trace_counts_for_its_case(traces: Sequence[LabelledTrace]) -> None:
    survey = surveyed(traces, ASKED)

    whole, window = Traces(), Traces()
    for row in range(len(survey)):
        whole.join(survey.traces_of(row))
    for found in traces:
        window.add(KEYED.of(found.trace["trace_id"]))
    assert whole == window == survey.window
    assert len(survey) == len({found.trace["input"]["messages"][0]["parts"][0]["text"] for found in traces})


def test_a_case_is_made_of_a_liked_answer_that_stays_the_same() -> None:
    traces = [
        labelled(0, 1, 0, 0.0, flag=False, minutes=9),
        labelled(1, 1, 1, 1.0, flag=True, minutes=2),
        labelled(2, 1, 2, 1.0, flag=False, minutes=5),
        labelled(3, 1, 3, 1.0, flag=False, minutes=-5),
    ]

    survey = surveyed(traces, ASKED)

    assert survey.best.to_pylist() == ["t1"]
    assert survey.names[survey.stratum[0]] == "cluster 1"
    assert (survey.count[0], survey.rank[0]) == (4, 997)
    assert all(flag[0] for flag in (survey.failed, survey.flagged, survey.reviewed, survey.fresh))


def test_a_case_is_made_of_the_newest_of_what_people_gave() -> None:
    said = [{"name": "correction", "text": "better", "annotator": "human"}]
    traces = [
        labelled(number, 1, number, 0.0, flag=False, minutes=minutes, scores=said)
        for number, minutes in enumerate([2, 7, 5])
    ]

    assert surveyed(traces, ASKED).best.to_pylist() == ["t1"]


def test_cases_that_were_not_seen_have_no_row() -> None:
    survey = surveyed([labelled(0, 1, 0, 0.0, flag=False, minutes=0)], ASKED)
    seen = f"{int(survey.ids[0]):016x}"

    assert survey.rows_of(["0" * 16, seen, "f" * 16]) == [None, 0, None]
    assert merged([]).rows_of([seen]) == [None]
    assert np.array_equal(merged([]).ids, [])
