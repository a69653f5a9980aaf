"""The pure parts of a bench: waits, choices, keys and messages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bench_builders import some_cases
from builders import a_case, a_metric, an_answer
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.bench.chat import chat_messages, documents_of, question_of
from llmci.core.bench.digests import answer_key, score_key
from llmci.core.bench.endpoints import proxy_of
from llmci.core.bench.pace import MOST, Pace
from llmci.core.bench.patience import LONGEST_S, wait_s
from llmci.core.bench.rate_limits import asked_wait, exhausted_for
from llmci.core.bench.retry_after import seconds_of
from llmci.core.bench.tries import chosen, in_order
from llmci.domain.case import Message, Part
from llmci.domain.system import SystemSpec
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.core.bench.pace import CallOutcome

SPEC = SystemSpec(name="a", kind="python", parameters={}, digest="d")


@given(attempt=st.integers(0, 50), jitter=st.floats(0, 0.999), asked=st.none() | st.floats(0, LONGEST_S))
def test_waits_grow_are_bounded_and_never_shorter_than_asked(attempt: int, jitter: float, asked: float | None) -> None:
    wait = wait_s(attempt, asked, jitter)

    assert wait is not None
    assert (asked or 0) <= wait <= max(30.0, 1.1 * (asked or 0))


def test_nobody_waits_for_an_hour() -> None:
    assert wait_s(0, 3600.0, 0.5) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("-3", 0.0),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, now=60.0) == seconds


def test_the_order_depends_on_the_seed_and_not_on_the_set() -> None:
    cases = some_cases(20)

    assert in_order(cases, 7) == in_order(cases[::-1], 7) != in_order(cases, 8)


def test_a_larger_sample_holds_the_smaller_one() -> None:
    cases = some_cases(50)
    small, large = ([case.case_id for case in chosen(cases, filters={}, limit=limit, seed=7)] for limit in (5, 20))

    assert set(small) < set(large)
    assert large == sorted(large)


def test_cases_for_release_gates_are_asked_only_on_demand() -> None:
    cases = [a_case("c1"), a_case("c2", holdout=True)]

    assert len(chosen(cases, filters={}, limit=None, seed=7)) == 1
    assert len(chosen(cases, filters={}, limit=None, seed=7, holdout=True)) == 2
    with pytest.raises(UsageError, match="no case is left"):
        chosen(cases[1:], filters={}, limit=None, seed=7)


def test_an_answer_is_kept_under_everything_that_can_change_it() -> None:
    case = a_case()
    keys = [
        answer_key(SPEC, None, case, 0, "p"),
        answer_key(replace(SPEC, digest="e"), None, case, 0, "p"),
        answer_key(SPEC, "request", case, 0, "p"),
        answer_key(SPEC, None, replace(case, key="k"), 0, "p"),
        answer_key(SPEC, None, a_case(question="Else?"), 0, "p"),
        answer_key(SPEC, None, case, 1, "p"),
        answer_key(SPEC, None, case, 0, "q"),
    ]

    assert len(set(keys)) == len(keys)
    assert answer_key(replace(SPEC, name="b", digest="e"), "request", case, 0, "p") == keys[2]
    assert answer_key(SPEC, None, replace(case, weight=0.5, slices={"a": "b"}), 0, "p") == keys[0]


def test_a_verdict_is_kept_for_what_the_judge_sees() -> None:
    judge, case, answer = a_metric(judge="gpt"), a_case(), an_answer()
    key = score_key(judge, case, answer)
    others = [
        score_key(replace(judge, digest="other"), case, answer),
        score_key(judge, replace(case, rubric=declared_clean("r")), answer),
        score_key(judge, replace(case, reference=declared_clean("r")), answer),
        score_key(judge, case, an_answer(text="Else.")),
    ]

    assert len({key, *others}) == 5
    assert score_key(judge, case, replace(answer, repeat=3, cost=0.5, cached=True)) == key


def test_the_question_is_what_the_user_said_last() -> None:
    def said(role: str, text: str) -> Message:
        return Message(role=role, parts=(Part(type="text", text=declared_clean(text)),))

    case = a_case(messages=(said("user", "one"), said("assistant", "?"), said("user", "two"), said("tool", "x")))

    assert question_of(case) == "two"
    assert question_of(a_case(messages=(said("system", "be kind"),))) == "be kind"
    assert question_of(a_case(messages=())) == ""


def test_images_travel_beside_their_text() -> None:
    parts = (Part(type="text", text=declared_clean("what is it?")), Part(type="image", uri="data:image/png;base64,AA"))

    [message] = chat_messages([Message(role="user", parts=parts)])

    assert message["content"] == [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]


@pytest.mark.parametrize("strange", [1.5, None, ["a"]])
def test_a_document_is_an_id_or_an_object(strange: object) -> None:
    with pytest.raises(TypeError, match="document 2"):
        documents_of(["a", strange])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1.5"}, 1.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"}, None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "1970-01-01T00:01:10Z",
            },
            10.0,
        ),
    ],
)
def test_an_exhausted_limit_says_when_it_is_full_again(headers: dict[str, str], seconds: float | None) -> None:
    assert exhausted_for(headers, now=60.0) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "9"}, 9.0),
        ({"retry-after-ms": "x"}, None),
    ],
)
def test_a_refusal_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, now=0.0) == seconds


async def calls_through(pace: Pace, outcomes: list[CallOutcome], *, takes_s: float = 0.0) -> int:
    """Make all calls at once; gives the most that were in flight."""
    in_flight = most = 0

    async def call(outcome: CallOutcome) -> None:
        nonlocal in_flight, most
        entered = await pace.enter()
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(takes_s)
        in_flight -= 1
        pace.leave(entered, outcome)

    await asyncio.gather(*map(call, outcomes))
    return most


async def test_a_pace_starts_at_twenty_and_grows_while_it_goes_well() -> None:
    pace = Pace()

    most = await calls_through(pace, ["answered"] * 400, takes_s=0.01)

    assert 20 < most <= pace.limit <= MOST


async def test_a_pace_is_halved_by_trouble_and_creeps_from_there() -> None:
    pace = Pace()
    await calls_through(pace, ["overloaded"] * 20)
    assert pace.limit == 10

    await calls_through(pace, ["answered"] * 30, takes_s=0.01)

    assert 11 <= pace.limit <= 14


async def test_a_pace_never_stands_still() -> None:
    pace = Pace()
    for _ in range(9):
        await calls_through(pace, ["overloaded"])

    assert pace.limit == 1
    assert await calls_through(pace, ["refused"] * 3) == 1


async def test_a_pace_does_not_grow_where_more_calls_only_wait_longer() -> None:
    pace, in_flight = Pace(), 0

    async def call() -> None:
        nonlocal in_flight
        entered = await pace.enter()
        in_flight += 1
        # A server that answers one at a time.
        await asyncio.sleep(0.002 * in_flight)
        in_flight -= 1
        pace.leave(entered, "answered")

    await asyncio.gather(*(call() for _ in range(400)))

    assert pace.limit < MOST / 2


async def test_a_call_that_is_given_up_while_it_waits_takes_nobodys_turn() -> None:
    pace = Pace()
    entered = [await pace.enter() for _ in range(20)]
    waiting = [asyncio.create_task(pace.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    pace.leave(entered[0], "refused")
    waiting[0].cancel()
    await asyncio.wait_for(waiting[1], 1)

    pace.leave(entered[1], "refused")
    await asyncio.wait_for(waiting[2], 1)


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://api.test/v1", {}, None),
        ("https://api.test/v1", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://api.test/v1", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.test/v1", {"http_proxy": "http://p:1"}, None),
        ("http://127.0.0.1:9/v1", {"http_proxy": "http://p:1", "no_proxy": "127.0.0.1,localhost"}, None),
        ("http://me:pw@api.test:9/v1", {"http_proxy": "http://p:1", "NO_PROXY": ".test"}, None),
        ("http://api.test/v1", {"http_proxy": "http://p:1", "no_proxy": "*"}, None),
    ],
)
def test_a_proxy_is_the_one_that_the_environment_names_for_the_address(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert proxy_of(url, environ) == proxy


async def test_a_pace_begins_with_what_the_user_says_and_is_halved_from_there() -> None:
    pace = Pace()
    pace.widen(80)

    assert await calls_through(pace, ["overloaded"] * 100) == 80
    pace.widen(80)

    assert pace.limit < 80
