from __future__ import annotations

import contextlib
import http.client
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from llmci.adapters.rollouts.service import Service
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


TOKEN = "s3cret"  # noqa: S105  a test


@contextlib.contextmanager
def serving(decide: Callable[[str | None], Mapping[str, Any]], token: str | None = None) -> Iterator[int]:
    with Service(("127.0.0.1", 0), decide, token=token) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service.server_address[1]
        service.shutdown()
        thread.join()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
        reply = connection.getresponse()
        return reply.status, orjson.loads(reply.read())
    finally:
        connection.close()


def decided(action: str) -> Callable[[str | None], Mapping[str, Any]]:
    return lambda _: {"action": action, "because": "shown."}


def failing(_: str | None) -> Mapping[str, Any]:
    raise OutsideError("the source is down.", fix="Start it.")


def broken(_: str | None) -> Mapping[str, Any]:
    raise RuntimeError("what a user wrote")


@pytest.mark.parametrize(
    ("action", "check", "rollback"),
    [("expand", 200, 409), ("done", 200, 409), ("hold", 425, 409), ("roll back", 412, 200), ("no evidence", 424, 409)],
)
def test_only_evidence_passes_and_only_a_rollback_rolls_back(action: str, check: int, rollback: int) -> None:
    with serving(decided(action)) as port:
        assert ask(port, "POST", "/check") == (check, {"action": action, "because": "shown."})
        assert ask(port, "POST", "/rollback")[0] == rollback
        assert ask(port, "GET", "/decision") == (200, {"action": action, "because": "shown."})


def test_what_could_not_be_decided_is_neither_a_pass_nor_a_rollback() -> None:
    with serving(failing) as port:
        said = {"error": "the source is down.", "fix": "Start it."}
        assert ask(port, "GET", "/healthz") == (200, {"status": "ok"})
        for method, path in (("POST", "/check"), ("POST", "/rollback"), ("GET", "/decision")):
            assert ask(port, method, path) == (503, said)


def test_a_bug_is_told_without_its_text() -> None:
    with serving(broken) as port:
        assert ask(port, "POST", "/check") == (503, {"error": "llmci failed: RuntimeError"})


def test_the_token_is_asked_for_in_the_header_or_in_flagger_s_metadata() -> None:
    body = orjson.dumps({"name": "bot", "phase": "Progressing", "metadata": {"token": "s3cret"}})
    with serving(decided("expand"), token=TOKEN) as port:
        assert ask(port, "POST", "/check")[0] == 401
        assert ask(port, "POST", "/check", Authorization="Bearer wrong")[0] == 401
        assert ask(port, "POST", "/check", b'{"metadata": {"token": 7}}')[0] == 401
        assert ask(port, "GET", "/decision")[0] == 401
        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "POST", "/check", Authorization="Bearer s3cret")[0] == 200
        assert ask(port, "POST", "/check", body)[0] == 200


def test_without_a_token_a_page_that_calls_this_machine_by_another_name_is_refused() -> None:
    with serving(decided("expand")) as port:
        assert ask(port, "POST", "/check", Host="rebound.example")[0] == 401


def test_strange_requests_are_refused() -> None:
    with serving(decided("expand")) as port:
        assert ask(port, "GET", "/check")[0] == 404
        assert ask(port, "POST", "/secret")[0] == 404
        assert ask(port, "POST", "/check", Content_Length="99999999")[0] == 413
        assert ask(port, "POST", "/check", Content_Length="-1")[0] == 413


def test_checks_come_one_after_the_other() -> None:
    at_once, most = [0], [0]

    def decide(_: str | None) -> Mapping[str, Any]:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.02)
        at_once[0] -= 1
        return {"action": "hold"}

    with serving(decide) as port:
        callers = [threading.Thread(target=ask, args=(port, "POST", "/check")) for _ in range(5)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert most == [1]


def test_an_address_that_is_taken_is_said() -> None:
    with serving(decided("hold")) as port, pytest.raises(OutsideError, match=f"127.0.0.1:{port} cannot be listened at"):
        Service(("127.0.0.1", port), decided("hold"), token=None)
