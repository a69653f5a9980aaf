from __future__ import annotations

import pytest

from llmci.core.pulling.limits import Limits, limits_in, reset_of

NOW = 1_795_266_896.0  # 2026-11-21T13:14:56Z


@pytest.mark.parametrize(
    "text",
    [
        "30",
        "30.0",
        "30s",
        "1795266926",
        "1795266926000",
        "2026-11-21T13:15:26Z",
        "2026-11-21T13:15:26.000+00:00",
        "Sat, 21 Nov 2026 13:15:26 GMT",
        "Sat Nov 21 2026 13:15:26 GMT+0000 (Coordinated Universal Time)",
        "Sat Nov 21 2026 14:15:26 GMT+0100 (Central European Standard Time)",
        "Sat Nov 21 2026 08:45:26 GMT-0430 (Venezuela Time)",
    ],
)
def test_a_reset_is_read_in_every_form(text: str) -> None:
    assert reset_of(text, NOW) == pytest.approx(30)


@pytest.mark.parametrize("text", ["", None, "soon", "Sat Foo 21 2026 13:15:26 GMT+0000", "{}"])
def test_a_reset_that_cannot_be_read_says_nothing(text: str | None) -> None:
    assert reset_of(text, NOW) is None


def test_a_reset_that_has_passed_is_now() -> None:
    assert reset_of("2026-11-21T13:00:00Z", NOW) == 0


def test_the_usual_headers() -> None:
    headers = {
        "x-ratelimit-limit": "1000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "12",
        "retry-after": "58",
    }
    assert limits_in(headers, NOW) == Limits(limit=1000, remaining=0, reset_s=12, retry_after_s=58)


def test_the_headers_of_the_ietf_drafts() -> None:
    older = {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "50", "ratelimit-reset": "30"}
    newer = {"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60'}
    assert limits_in(older, NOW) == limits_in(newer, NOW) == Limits(limit=100, remaining=50, reset_s=30)


def test_the_servers_clock_counts_and_not_ours() -> None:
    headers = {"date": "Sat, 21 Nov 2026 11:00:00 GMT", "x-ratelimit-reset": "Sat Nov 21 2026 11:00:20 GMT+0000 (UTC)"}
    assert limits_in(headers, NOW).reset_s == pytest.approx(20)
    after = {"date": "Sat, 21 Nov 2026 11:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 11:00:05 GMT"}
    assert limits_in(after, NOW).retry_after_s == pytest.approx(5)


def test_silence_says_nothing() -> None:
    assert limits_in({}, NOW) == Limits()
