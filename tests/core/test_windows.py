from __future__ import annotations

import itertools
from collections import deque
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from llmci.core.pulling.windows import SHORTEST, WANTED, Cutter, gaps, merged, spoken, stamp, whole_seconds

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(seconds=1000)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


spans = st.lists(
    st.tuples(st.integers(-50, 1050), st.integers(1, 400)).map(lambda pair: (at(pair[0]), at(pair[0] + pair[1]))),
    max_size=8,
)


def seconds_in(found: list[tuple[datetime, datetime]]) -> set[int]:
    return {
        second
        for since, until in found
        for second in range(int((since - START).total_seconds()), int((until - START).total_seconds()))
    }


@given(spans)
def test_gaps_are_what_no_window_covers(covered: list[tuple[datetime, datetime]]) -> None:
    found = gaps(START, END, covered)
    assert seconds_in(found) == set(range(1000)) - seconds_in(covered)
    assert found == sorted(found)


@given(spans)
def test_merged_windows_cover_the_same_and_do_not_touch(covered: list[tuple[datetime, datetime]]) -> None:
    found = merged(covered)
    assert seconds_in(found) == seconds_in(covered)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))


@given(st.lists(st.sampled_from(["few", "many", "too much"]), max_size=60))
def test_a_cutter_cuts_everything_once_whatever_the_windows_held(story: list[str]) -> None:
    cutter = Cutter(deque([(START, at(500)), (at(600), END)]), step=timedelta(seconds=60))
    done = []
    events = iter(story)
    while (span := cutter.next()) is not None:
        match next(events, "few"):
            case "too much" if cutter.halve(span):
                continue
            case "many":
                cutter.held(span, 10 * WANTED)
            case _:
                cutter.held(span, 0)
        done.append(span)
    assert seconds_in(done) == set(range(500)) | set(range(600, 1000))
    assert sum((until - since).total_seconds() for since, until in done) == 900
    assert cutter.share_cut == 1


def test_windows_grow_where_there_is_little_and_shrink_where_there_is_much() -> None:
    cutter = Cutter(deque([(START, START + timedelta(days=30))]))
    first = cutter.next()
    assert first is not None
    cutter.held(first, 0)
    assert cutter.step == 4 * (first[1] - first[0])
    cutter.held((START, START + cutter.step), 4 * WANTED)
    assert cutter.step == first[1] - first[0]


def test_the_shortest_window_is_not_cut() -> None:
    cutter = Cutter(deque([(START, START + SHORTEST)]))
    span = cutter.next()
    assert span is not None
    assert not cutter.halve(span)


def test_windows_have_whole_seconds_for_ends() -> None:
    since, until = START + timedelta(microseconds=1), START + timedelta(seconds=1, microseconds=1)
    assert whole_seconds(since, until) == (START, START + timedelta(seconds=2))
    assert stamp(START) == "20261101T000000Z"
    assert spoken(START, None) == "2026-11-01T00:00:00Z to now"
