from __future__ import annotations

import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import Asked, Said, serving

from llmci.adapters.sources.remote import client as module
from llmci.adapters.sources.remote.client import Client, Manners, Site
from llmci.adapters.sources.remote.gate import Closed, Gate
from llmci.adapters.sources.remote.paging import by_cursor, by_number
from llmci.core.pulling.limits import Limits
from llmci.errors import NotFound, OutsideError, TooMuch, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "sk-lf-very-secret"  # noqa: S105  nobody's


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.01)


def a_client(url: str, **manners: Any) -> Client:
    site = Site(source="prod", url=url, headers={"Authorization": SECRET}, fix="Set ACME_KEY.")
    return Client(site, Manners(**manners))


def in_turn(*said: Said) -> Callable[[Asked], Said]:
    """Each answer once, the last one for ever."""
    left = list(said)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def failing(*said: Said, **manners: Any) -> OutsideError:
    with serving(in_turn(*said)) as server, pytest.raises(OutsideError) as caught:
        a_client(server.url, **manners).get("/spans", {"limit": 3}, of="May to June")
    shown = f"{caught.value.message} {caught.value.fix}"
    assert "'prod'" in shown
    assert "May to June" in shown
    assert SECRET not in shown
    assert caught.value.exit_code == 4
    return caught.value


def test_json_comes_back_gzipped_and_with_the_credentials() -> None:
    with serving(in_turn(Said(body={"a": [1]}))) as server:
        assert a_client(server.url).get("/spans", {"limit": 3, "x": None, "ids": ["a", "b"]}, of="all") == {"a": [1]}
        asked = server.asked[0]
    assert asked.lists == {"limit": ["3"], "ids": ["a", "b"]}
    assert asked.headers["authorization"] == SECRET
    assert "gzip" in asked.headers["accept-encoding"]


def test_connections_are_kept() -> None:
    with serving(in_turn(Said(body=1))) as server:
        client = a_client(server.url)
        for _ in range(5):
            client.get("/", of="all")
        pools = list(client._pool.pools._container.values())
        assert [pool.num_connections for pool in pools] == [1]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_say_which(status: int) -> None:
    error = failing(Said(status, {"message": SECRET}))
    assert str(status) in error.message
    assert error.fix == "Set ACME_KEY."


def test_an_unknown_interface_can_be_told_from_the_rest() -> None:
    assert isinstance(failing(Said(404)), NotFound)


@pytest.mark.parametrize("status", [408, 413, 422, 504, 524])
def test_too_much_at_once_can_be_told_from_the_rest_and_is_not_asked_again(status: int) -> None:
    with serving(in_turn(Said(status))) as server, pytest.raises(TooMuch):
        a_client(server.url).get("/", of="all")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 520])
def test_what_passes_is_asked_again(status: int) -> None:
    with serving(in_turn(Said(status), Said(status), Said(body=7))) as server:
        assert a_client(server.url).get("/", of="all") == 7


def test_what_does_not_pass_ends() -> None:
    assert "500, 6 times" in failing(Said(500)).message


def test_retry_after_holds_everybody() -> None:
    with serving(in_turn(Said(429, headers={"Retry-After": "0.4"}), Said(body=7))) as server:
        client = a_client(server.url)
        started = time.monotonic()
        threads = [threading.Thread(target=client.get, args=("/",), kwargs={"of": "all"}) for _ in range(3)]
        threads[0].start()
        time.sleep(0.1)
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join()
    assert time.monotonic() - started >= 0.4


def test_a_wait_beyond_patience_is_not_waited() -> None:
    error = failing(Said(429, headers={"Retry-After": "7200"}))
    assert "asks to wait 7200 s" in error.message or "asks to wait 7201 s" in error.message


def test_a_redirect_is_not_followed_with_credentials() -> None:
    error = failing(Said(302, headers={"Location": "http://127.0.0.1:1/"}))
    assert "redirects" in error.message


def test_a_connection_reset_in_the_middle_is_asked_again() -> None:
    with serving(in_turn(Said(body={"a": "x" * 5000}, cut=100), Said(body=7))) as server:
        assert a_client(server.url).get("/", of="all") == 7
    assert "broke the connection off" in failing(Said(body={"a": "x" * 5000}, cut=100)).message


def test_json_that_is_cut_off_is_asked_again() -> None:
    with serving(in_turn(Said(body=b'{"data": [{"id"'), Said(body=7))) as server:
        assert a_client(server.url).get("/", of="all") == 7
    assert "not whole JSON" in failing(Said(body=b"<html>")).message


def test_a_server_that_is_not_there() -> None:
    with serving(in_turn(Said())) as server:
        url = server.url
    with pytest.raises(OutsideError, match="cannot be reached, 6 times"):
        a_client(url).get("/", of="all")


def test_silence_is_too_much() -> None:
    def silent(_: Asked) -> Said:
        time.sleep(0.5)
        return Said(body=1)

    with serving(silent) as server, pytest.raises(TooMuch, match=r"nothing was heard for 0\.1 s"):
        a_client(server.url, timeout_s=0.1).get("/", of="all")


def test_an_answer_that_trickles_for_ever_ends() -> None:
    def trickle() -> Iterator[bytes]:
        while True:
            yield b" "
            time.sleep(0.02)

    for headers in ({"Content-Length": "100000"}, {}):
        with (
            serving(lambda _, headers=headers: Said(stream=trickle(), headers=headers)) as server,
            pytest.raises(TooMuch, match="not whole after"),
        ):
            a_client(server.url, timeout_s=0.4).get("/", of="all")


def test_a_page_of_200_megabytes_is_refused_in_bounded_memory() -> None:
    blocks = (b"[" * 65536 for _ in range(3200))
    tracemalloc.start()
    with serving(lambda _: Said(stream=blocks)) as server, pytest.raises(TooMuch, match="more than 8 MB"):
        a_client(server.url, max_page_mb=8).get("/", of="all")
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("url", ["ftp://a", "host", "https://u:p@host", "https://host?key=1", ""])
def test_an_address_with_a_secret_or_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        a_client(url)
    assert "u:p" not in caught.value.message


def test_a_proxy_is_taken_from_the_environment() -> None:
    with serving(in_turn(Said(body=7))) as proxy:
        environ = {"HTTP_PROXY": proxy.url, "NO_PROXY": "intern.example"}
        site = Site(source="prod", url="http://far.example", fix="")
        assert Client(site, environ=environ).get("/", of="all") == 7
        assert module._proxy_of("http", "a.intern.example", environ) is None


# --- the gate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def free(gate: Gate) -> bool:
    return gate._to_wait() == 0


def take(gate: Gate) -> None:
    with gate.turn():
        pass


def test_at_most_half_of_an_advertised_limit_is_used() -> None:
    clock = Clock()
    gate = Gate(clock=clock)
    take(gate)
    gate.heard(Limits(limit=10, remaining=9, reset_s=30))
    for _ in range(4):
        assert free(gate)
        take(gate)
    assert gate._to_wait() == pytest.approx(30)
    clock.now = 31
    assert free(gate)


def test_a_reset_that_slides_along_does_not_lift_the_limit() -> None:
    clock = Clock()
    gate = Gate(clock=clock)
    for _ in range(5):
        take(gate)
        gate.heard(Limits(limit=10, remaining=5, reset_s=60))
        clock.now += 1
    assert gate._to_wait() == pytest.approx(55)


def test_an_empty_bucket_is_waited_for() -> None:
    gate = Gate(clock=Clock())
    gate.heard(Limits(limit=1000, remaining=0, reset_s=12))
    assert gate._to_wait() == pytest.approx(12)


def test_max_rate_spaces_requests() -> None:
    clock = Clock()
    gate = Gate(clock=clock, max_rate=2)
    take(gate)
    gate.heard(Limits(limit=2, remaining=1, reset_s=60))
    assert gate._to_wait() == pytest.approx(0.5)


def test_more_at_once_after_clean_requests_and_half_after_strain() -> None:
    clock = Clock()
    gate = Gate(at_once=8, clock=clock)
    assert gate.width == 4
    for _ in range(40):
        gate.went_well(0.1)
    assert gate.width == 6
    gate.went_badly()
    gate.went_badly()
    assert gate.width == 3
    for _ in range(200):
        gate.went_well(0.1)
    assert gate.width == 8
    clock.now = 5
    gate.went_well(5.0)
    assert gate.width == 4


def test_closing_lets_waiting_threads_go() -> None:
    gate = Gate()
    gate.pause(60)
    ended: list[str] = []

    def wait() -> None:
        try:
            take(gate)
        except Closed:
            ended.append("closed")

    thread = threading.Thread(target=wait)
    thread.start()
    gate.close()
    thread.join(5)
    assert ended == ["closed"]


# --- pages


@pytest.fixture
def client() -> Client:
    return a_client("http://127.0.0.1:1")


def pages(client: Client, answers: list[tuple[list[int], str | None]], limit: int = 2, **how: Any) -> list[Any]:
    left = list(answers)
    return list(by_cursor(lambda *_: left.pop(0), limit=limit, client=client, path="/s", of="May", **how))


def test_pages_end_where_the_cursor_does(client: Client) -> None:
    assert pages(client, [([1, 2], "a"), ([], "b"), ([3], None)]) == [[1, 2], [3]]


def test_a_cursor_that_comes_again_is_an_error(client: Client) -> None:
    with pytest.raises(OutsideError, match="the same cursor came twice"):
        pages(client, [([1, 2], "a"), ([3, 4], "b"), ([1, 2], "a")])


def test_a_full_page_without_a_cursor_is_not_taken_for_the_end(client: Client) -> None:
    with pytest.raises(TooMuch, match="a full page of 2 came without a cursor"):
        pages(client, [([1, 2], None), ([1], None)])
    assert pages(client, [([1, 2], None), ([1], "a"), ([2], None)]) == [[1, 2], [2]], "the last page was just full"
    assert pages(client, [([1, 2], None)], full_page_ends=True) == [[1, 2]]


def test_empty_pages_for_ever_are_an_error(client: Client) -> None:
    endless = (([], str(number)) for number in range(10**9))
    with pytest.raises(OutsideError, match="do not end"):
        list(by_cursor(lambda *_: next(endless), limit=2, client=client, path="/s", of="May"))


def test_a_page_that_is_too_long_is_asked_for_in_halves(client: Client) -> None:
    asked = []

    def ask(cursor: str | None, limit: int) -> tuple[list[int], str | None]:
        asked.append((cursor, limit))
        if limit > 250:
            raise module.TooLong("too long", fix="")
        return ([1], "a") if cursor is None else ([2], None)

    assert list(by_cursor(ask, limit=1000, client=client, path="/s", of="May")) == [[1], [2]]
    assert asked == [(None, 1000), (None, 500), (None, 250), ("a", 250)]


def test_numbered_pages(client: Client) -> None:
    answers = {1: ([1, 2], 2), 2: ([3], 2)}
    found = by_number(lambda page, _: answers[page], limit=2, client=client, path="/s", of="May")
    assert list(found) == [[1, 2], [3]]


def test_pages_that_grow_fewer_are_an_error(client: Client) -> None:
    answers = {1: ([1, 2], 3), 2: ([3, 4], 2)}
    with pytest.raises(OutsideError, match="it had 3 pages and now has 2"):
        list(by_number(lambda page, _: answers[page], limit=2, client=client, path="/s", of="May"))
