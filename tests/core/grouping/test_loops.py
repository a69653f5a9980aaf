"""Sentences that take their turn are a loop; lines of programs, tables and lists that are alike are none."""

from __future__ import annotations

import json

import pytest

from llmci.core.grouping.loops import says_again

GOODS = [{"name": f"lamp {n}", "currency": "USD", "category": "Electronics"} for n in range(6)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("I will look it up now. " * 6, id="sentence"),
        pytest.param("The parcel is on its way. It was sent on Monday. " * 5, id="two-in-turn"),
        pytest.param("Help:\n" + "".join(f"{n}. Check the power supply.\n" for n in range(9)), id="numbered"),
        pytest.param("Once the king went to the castle and the queen went to the castle and " * 12, id="no-full-stop"),
        pytest.param("Let me see. " + "no, " * 60, id="word"),
        pytest.param("我会帮您查询。" * 12, id="chinese"),
        pytest.param('[{"a": 1}, ' + '{"id": 1, "name": "x"}, ' * 60, id="json-without-end"),
        pytest.param("Please wait a moment. " * 5 + "Here it is, at last.", id="in-the-midst"),
    ],
)
def test_a_loop(text: str) -> None:
    assert says_again(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(GOODS, indent=2), id="json"),
        pytest.param(
            "".join(f"def test_{n}():\n    client = make_client()\n    assert client.get({n})\n" for n in range(8)),
            id="program",
        ),
        pytest.param("| Feature | Included |\n|---|---|\n| Storage | yes |\n\nNext plan:\n" * 3, id="tables"),
        pytest.param("name,city,country\n" + "unknown,unknown,Germany\n" * 6, id="csv"),
        pytest.param("".join(f"- Hotel {name}\n  - Free breakfast included.\n" for name in "ABCDEF"), id="list"),
        pytest.param("".join(f"Q{n}. What is {n}+{n}?\nThe second option is right.\n" for n in "123456"), id="quiz"),
        pytest.param("ACGT" * 60, id="codes"),
        pytest.param("+-------+------+\n" * 12, id="rules"),
        pytest.param("Yes.\nYes.\nYes.\nYes.\nNo.", id="short-answers"),
        pytest.param("", id="nothing"),
    ],
)
def test_no_loop(text: str) -> None:
    assert not says_again(text)
