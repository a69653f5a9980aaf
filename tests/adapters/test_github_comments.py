"""One comment on a pull request, against a stand-in for GitHub over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from github_api import BOT, GithubApi, github_api

from llmci.adapters.forges.comments import Comments
from llmci.adapters.forges.rest import Refused, Rest
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "<!-- llmci:main -->"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubApi]:
    monkeypatch.setenv("no_proxy", "*")
    with github_api() as serving:
        yield serving


class Waits(list[float]):
    """Remembers how long it was asked to sleep, and does not."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def comments(api: GithubApi, waits: Waits | None = None) -> Comments:
    return Comments(Rest(api.address, "secret", sleep=Waits() if waits is None else waits), "shop/app")


def keep(api: GithubApi, body: str = f"{MARKER}\nnew", waits: Waits | None = None) -> str:
    return comments(api, waits).keep(7, MARKER, body, BOT).done


def test_the_first_time_a_comment_is_created(api: GithubApi) -> None:
    api.say("I like it", "somebody")

    assert keep(api) == "created"
    assert api.bodies() == [f"{MARKER}\nnew"]
    assert api.tokens == {"Bearer secret"}


def test_the_next_time_it_is_edited(api: GithubApi) -> None:
    api.say(f"{MARKER}\nold")

    assert keep(api) == "edited"
    assert api.bodies() == [f"{MARKER}\nnew"]


def test_one_that_says_the_same_is_left_alone(api: GithubApi) -> None:
    api.say(f"{MARKER}\r\nnew\r\n")

    assert keep(api) == "unchanged"
    assert api.writes() == []


@pytest.mark.parametrize(
    ("now", "done"),
    [
        pytest.param(
            "3 [got worse](https://x.example/2#case-a)\n\ncommit b", "unchanged", id="another-commit-and-artifact"
        ),
        pytest.param("4 [got worse](https://x.example/1#case-a)\n\ncommit a", "edited", id="another-number"),
    ],
)
def test_on_change_leaves_alone_what_differs_by_commit_and_links_only(api: GithubApi, now: str, done: str) -> None:
    api.say(f"{MARKER}\n3 [got worse](https://x.example/1#case-a)\n\ncommit a")

    assert comments(api).keep(7, MARKER, f"{MARKER}\n{now}", BOT, but_foot=True).done == done


def test_it_is_found_behind_any_number_of_others(api: GithubApi) -> None:
    for number in range(250):
        api.say(f"remark {number}", "somebody")
    api.say(f"{MARKER}\nold")

    assert keep(api) == "edited"
    assert [asked.rpartition("?")[2] for asked in api.asked[:-1]] == [f"per_page=100&page={page}" for page in (1, 2, 3)]


def test_a_full_last_page_ends_with_an_empty_one(api: GithubApi) -> None:
    for number in range(100):
        api.say(f"remark {number}", "somebody")

    assert keep(api) == "created"
    assert len(api.asked) == 3


@pytest.mark.parametrize(
    ("body", "login"),
    [
        pytest.param(f"{MARKER}\nfake", "mallory", id="somebody-else-uses-our-marker"),
        pytest.param(f"> {MARKER}\nquoted", BOT, id="we-quote-our-marker"),
        pytest.param("<!-- llmci:main-2 -->\nother", BOT, id="another-configuration"),
    ],
)
def test_a_comment_that_is_not_ours_is_left_alone(api: GithubApi, body: str, login: str) -> None:
    api.say(body, login)

    assert keep(api) == "created"
    assert api.comments[0]["body"] == body


def test_a_token_of_a_user_says_whose_it_is(api: GithubApi) -> None:
    api.login = "octo"

    assert comments(api).login() == "octo"


def test_a_token_of_a_workflow_may_not_ask_and_is_the_bot(api: GithubApi) -> None:
    assert comments(api).login() == BOT


@pytest.mark.parametrize("status", [401, 403, 404, 410, 422])
def test_a_refusal_is_final(api: GithubApi, status: int) -> None:
    api.refusals = [("POST", status, {})]
    waits = Waits()

    with pytest.raises(Refused, match=f"GitHub answered {status} to POST /repos/shop/app/issues/7/comments"):
        keep(api, waits=waits)
    assert waits == []
    assert len(api.writes()) == 1


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (429, {"Retry-After": "3"}, [3.0]),
        (429, {}, [1.0]),
        (403, {"Retry-After": "2"}, [2.0]),
    ],
)
def test_who_is_asked_to_wait_waits(api: GithubApi, status: int, headers: dict[str, str], waited: list[float]) -> None:
    api.refusals = [("POST", status, headers)]
    waits = Waits()

    assert keep(api, waits=waits) == "created"
    assert waits == waited


def test_nobody_waits_for_an_hour(api: GithubApi) -> None:
    api.refusals = [("GET", 429, {"Retry-After": "3600"})]

    with pytest.raises(Refused, match="GitHub answered 429"):
        keep(api)


def test_who_is_always_asked_to_wait_gives_up(api: GithubApi) -> None:
    api.refusals = [("GET", 429, {"Retry-After": "1"})] * 3
    waits = Waits()

    with pytest.raises(Refused):
        keep(api, waits=waits)
    assert waits == [1.0, 1.0]


def test_a_failing_server_is_asked_again_except_where_that_could_post_twice(api: GithubApi) -> None:
    api.refusals = [("GET", 502, {}), ("POST", 502, {})]

    with pytest.raises(Refused, match="GitHub answered 502 to POST"):
        keep(api)
    assert len(api.writes()) == 1


def test_a_redirect_does_not_get_the_token(api: GithubApi) -> None:
    with github_api() as other:
        api.refusals = [("GET", 302, {"Location": f"{other.address}/user"})]

        with pytest.raises(Refused, match="GitHub answered 302"):
            keep(api)
        assert other.asked == []


def test_nobody_there_is_a_refusal_too(api: GithubApi) -> None:
    with github_api() as gone:
        pass

    with pytest.raises(Refused, match="GitHub cannot be reached"):
        keep(gone)


def test_only_web_addresses_are_called() -> None:
    with pytest.raises(UsageError, match="GITHUB_API_URL"):
        Rest("file:///etc", "secret")


def test_a_forks_pull_request_is_found_by_branch_and_commit(api: GithubApi) -> None:
    api.pulls = [
        {"number": 3, "head": {"label": "fork:other", "sha": "b" * 40}},
        {"number": 4, "head": {"label": "fork:patch", "sha": "b" * 40}},
    ]

    assert comments(api).pull_request_of("fork", "patch", "b" * 40) == 4
    assert comments(api).pull_request_of("fork", "patch", "c" * 40) is None
