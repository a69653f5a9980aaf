from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from builders import NOON, a_batch, a_trace
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci.adapters.stores.parts import PartsOnDisk
from llmci.core.grouping.anomalies import OF_ONE_TRACE
from llmci.core.stats.blocks import Blocking
from llmci.core.stats.hashing import hashes_of
from llmci.core.stats.live import Traffic, traffic_of
from llmci.core.stats.records import columns_needed, records_of_batches, records_of_rows, verdicts_of
from llmci.domain.rollout import Criterion, RolloutPlan
from llmci.domain.settings import CriterionSettings

PLAN = RolloutPlan(
    name="bot",
    control="old",
    treatment="new",
    stages=(),
    criteria=(
        Criterion(name="errors", kind="error", margin=0.1),
        Criterion(name="slow", kind="latency", margin=0.1),
        Criterion(name="cost", kind="cost", margin=0.1),
        Criterion(name="tokens", kind="tokens", margin=0.1),
        Criterion(name="thumbs", kind="score", score="thumbs", margin=0.1),
        Criterion(name="refusals", kind="flag", flag="refusal", margin=0.1),
        Criterion(name="empty", kind="flag", flag="empty_answer", margin=0.1),
        Criterion(name="down", kind="flag", flag="thumbs_down", margin=0.1),
        Criterion(name="judged", kind="judge", judge="helpful", margin=0.1, segment="mobile"),
        Criterion(name="mobile errors", kind="error", margin=0.1, segment="mobile"),
    ),
    segment="metadata.platform",
    segments=("mobile", "desktop"),
    pair_by="session_id",
)

scores = st.lists(
    st.builds(
        lambda name, num: {"name": name, "num": num},
        st.sampled_from(["thumbs", "other", None]),
        st.sampled_from([0.0, 0.25, 1.0, 7.0, None]),
    ),
    max_size=3,
)
traces = st.builds(
    a_trace,
    st.sampled_from([f"t{number}" for number in range(30)]),
    variant=st.sampled_from(["old", "new", "third", None]),
    start=st.sampled_from([*(NOON + timedelta(seconds=number, microseconds=7) for number in range(20)), None]),
    user_id=st.sampled_from(["anna", "bo", "", None]),
    session_id=st.sampled_from(["r1", "r2", None]),
    status=st.sampled_from(["ok", "error", None]),
    latency_ms=st.sampled_from([1.5, 100.0, None]),
    cost=st.sampled_from([{"total": 0.5}, {"total": None}, None]),
    output=st.sampled_from([{"text": "I'm sorry, I cannot help with that."}, {"text": "Here."}, {"text": " "}, None]),
    usage=st.sampled_from([{"total": 7}, {"input": 3}, None]),
    scores=st.one_of(scores, st.none()),
    metadata=st.sampled_from(['{"platform": "mobile"}', '{"platform": "desktop"}', '{"platform": "tv"}', "{", None]),
)


SAID = verdicts_of(
    [
        {"trace_id": "t3", "verdicts": [{"judge": "helpful", "value": 0.75}, {"judge": "kind", "value": 0.0}]},
        {"trace_id": "t1", "verdicts": [{"judge": "kind", "value": 1.0}]},
        {"trace_id": "t2", "verdicts": None},
    ]
)


def test_a_judge_s_verdict_counts_for_the_traces_that_it_looked_at() -> None:
    plan = replace(PLAN, criteria=(Criterion(name="judged", kind="judge", judge="helpful", margin=0.1),))
    rows = [a_trace(f"t{at}", variant="old", start=NOON) for at in range(4)]

    known = traffic_of(records_of_rows(rows, plan, SAID), plan).whole().values["judged"]
    nothing = traffic_of(records_of_rows(rows, plan), plan).whole().values["judged"]

    assert known.tolist() == pytest.approx([np.nan, np.nan, np.nan, 0.25], nan_ok=True)
    assert np.isnan(nothing).all()


def test_flags_are_those_of_labels() -> None:
    rows = [
        a_trace("t0", variant="old", start=NOON, output={"text": "I'm sorry, I cannot help with that."}),
        a_trace("t1", variant="old", start=NOON, output={"text": "Here."}),
    ]

    values = traffic_of(records_of_rows(rows, PLAN), PLAN).whole().values

    assert values["refusals"].tolist() == [1.0, 0.0]
    assert values["empty"].tolist() == [0.0, 0.0]
    assert np.isnan(values["down"]).all()
    named = get_args(get_type_hints(CriterionSettings)["flag"])
    assert {name for one in named for name in get_args(one)} == OF_ONE_TRACE.keys()


def same(left: Traffic, right: Traffic) -> bool:
    counts = ("units", "split", "strangers", "duplicates", "ahead", "mixed", "alone")
    one, two = left.whole(), right.whole()
    arrays = [(one.treated, two.treated), (one.segment, two.segment)]
    arrays += [(one.values[name], two.values[name]) for name in one.values]
    equal = all(np.array_equal(a, b, equal_nan=a.dtype == np.float64) for a, b in arrays)
    return equal and all(getattr(left, name) == getattr(right, name) for name in counts)


@given(st.lists(traces, max_size=40), st.sampled_from(["request", "user", "pair"]), st.integers(1, 50))
@settings(max_examples=40)
def test_columns_give_what_rows_give(rows: list[dict[str, Any]], unit: Any, size: int) -> None:
    plan = replace(PLAN, unit="user" if unit == "user" else "request")
    told: Any = {"now": NOON + timedelta(seconds=10) - timedelta(minutes=5), "in_pairs": unit == "pair"}
    batches = [a_batch(rows[at : at + size]).select(columns_needed(plan)) for at in range(0, len(rows), size)]

    whole = traffic_of(records_of_rows(rows, plan, SAID), plan, **told)

    assert same(traffic_of(records_of_batches(batches, plan, SAID), plan, **told), whole)


@given(st.lists(traces, min_size=4, max_size=40), st.sampled_from(["request", "user", "pair"]))
@settings(max_examples=10)
def test_files_give_what_memory_gives(rows: list[dict[str, Any]], unit: Any) -> None:
    plan = replace(PLAN, unit="user" if unit == "user" else "request")
    parted = PartsOnDisk(Path(tempfile.gettempdir()), most=3)

    whole = traffic_of(records_of_rows(rows, plan), plan, in_pairs=unit == "pair")

    assert same(traffic_of(records_of_rows(rows, plan), plan, in_pairs=unit == "pair", parted=parted), whole)


def test_a_criterion_of_a_segment_counts_only_there() -> None:
    rows = [
        a_trace(f"t{at}", variant="old", start=NOON, status="error", metadata=f'{{"platform": "{platform}"}}')
        for at, platform in enumerate(["mobile", "desktop", "tv"])
    ]

    units = traffic_of(records_of_rows(rows, PLAN), PLAN).whole()

    assert units.segment.tolist() == [0, 1, -1]
    assert units.values["mobile errors"].tolist() == pytest.approx([1.0, np.nan, np.nan], nan_ok=True)
    assert units.values["errors"].tolist() == [1.0, 1.0, 1.0]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=60), st.integers(0, 5))
def test_strings_have_one_hash_wherever_they_stand(texts: list[str | None], offset: int) -> None:
    hashed = hashes_of(pa.array(texts, pa.string()))
    known: dict[str, int] = {}

    for text, number in zip(texts, hashed.tolist(), strict=True):
        assert (number == 0) == (not text)
        if text:
            assert known.setdefault(text, number) == number
    assert len(set(known.values())) == len(known)
    assert np.array_equal(hashes_of(pa.array(texts, pa.string()).slice(offset)), hashed[offset:])


def test_many_ids_of_one_form_have_different_hashes() -> None:
    texts = pa.array([f"{number:032x}" for number in range(200_000)])

    assert len(np.unique(hashes_of(texts) >> np.uint64(1))) == 200_000


@given(st.lists(st.booleans(), max_size=200), st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.99]))
def test_blocks_are_those_of_going_through_one_unit_after_the_other(arms: list[bool], share: float) -> None:
    treated, values = np.array(arms, dtype=np.bool_), np.arange(len(arms), dtype=np.float64)
    fewest = max(1, round((1 - share) / share) // 4)
    expected, held = [], []
    for at, arm in enumerate(arms):
        held.append((at, arm))
        one = [float(unit) for unit, treats in held if treats]
        other = [float(unit) for unit, treats in held if not treats]
        if one and len(other) >= fewest:
            expected.append((np.mean(other), np.mean(one), at))
            held = []

    found = Blocking(share=share).add(values, treated)

    assert found.closed_at.tolist() == [at for *_, at in expected]
    assert found.control.tolist() == pytest.approx([control for control, *_ in expected])
    assert found.treatment.tolist() == pytest.approx([treatment for _, treatment, _ in expected])
