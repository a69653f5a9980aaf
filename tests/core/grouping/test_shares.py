"""Shares of clusters, and that their intervals hold what they promise, also where users ask many times."""

from __future__ import annotations

import numpy as np
import pytest

from llmci.core.grouping.shares import Shares
from llmci.core.stats.agreement import wilson


def asked(rng: np.random.Generator, users: int) -> Shares:
    """A fifth of all users ask about refunds nine times in ten; three to five questions each, 34 % in all."""
    found = Shares()
    for user in range(users):
        often = 0.9 if rng.random() < 0.2 else 0.2
        for _ in range(rng.integers(3, 6)):
            found.add("refund" if rng.random() < often else "other", f"u{user}")
    return found


def test_traces_of_nobody_are_independent() -> None:
    shares = Shares()
    for number in range(500):
        shares.add("refund" if number % 5 == 0 else "other", f"t{number}")

    found, alone = shares.estimates()["refund"], wilson(100, 500)
    assert (found.value, found.of, found.low, found.high) == pytest.approx((0.2, 500, alone.low, alone.high))


def test_a_few_who_call_the_system_are_not_taken_for_those_who_ask() -> None:
    shares = Shares()
    for number in range(500):
        shares.add("refund" if number % 5 == 0 else "other", f"service {number % 3}")

    assert shares.estimates()["refund"] == wilson(100, 500)


def test_users_who_ask_one_thing_many_times_are_worth_one_trace_each() -> None:
    shares = Shares()
    for number in range(1000):
        shares.add("refund" if number // 10 % 5 == 0 else "other", f"u{number // 10}")

    found = shares.estimates()["refund"]
    alone = wilson(20, 100)
    assert (found.value, found.of) == (0.2, 1000)
    assert (found.low, found.high) == (pytest.approx(alone.low, abs=1e-3), pytest.approx(alone.high, abs=1e-3))


def test_the_interval_holds_the_share_about_as_often_as_it_says() -> None:
    found = [asked(np.random.default_rng(seed), 80).estimates()["refund"] for seed in range(400)]

    covered = np.mean([each.low <= 0.34 <= each.high for each in found])
    assert covered >= 0.925


def test_more_users_than_are_looked_at_give_the_same_effect() -> None:
    some, many = (asked(np.random.default_rng(7), users).estimates()["refund"] for users in (1_900, 6_000))

    assert (many.high - many.low) / (some.high - some.low) == pytest.approx((1_900 / 6_000) ** 0.5, rel=0.08)
