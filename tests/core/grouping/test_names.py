"""A name says what a group is about and points at nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.grouping.names import name_groups
from llmci.core.grouping.sample import Distinct

ENOUGH = {"min_traces": 3, "min_users": 2}


def asked(text: str, traces: int = 5, users: int = 5) -> Distinct:
    return Distinct(text, "t", traces, set(range(users)))


def test_a_group_is_named_by_what_sets_it_apart() -> None:
    distinct = [asked("please track my parcel"), asked("please refund my money")]

    parcel, refund = name_groups(distinct, [0, 1], count=2, **ENOUGH)

    assert "parcel" in parcel
    assert "refund" in refund
    assert "please" not in (parcel + refund).split(", ")


def test_a_word_of_too_few_traces_is_in_no_name() -> None:
    [name] = name_groups([asked("parcel", 9), asked("zanzibar parcel", 2)], [0, 0], count=1, **ENOUGH)

    assert name == "parcel"


def test_a_word_of_one_user_is_in_no_name_however_often_it_came() -> None:
    [name] = name_groups([asked("parcel"), asked("zanzibar parcel", 500, users=1)], [0, 0], count=1, **ENOUGH)

    assert name == "parcel"


def test_addresses_and_numbers_are_in_no_name() -> None:
    telling = "anna.smith@example.com 4111-1111 /home/anna AB12 parcel https://x.example/anna"

    [name] = name_groups([asked(telling, 100)], [0], count=1, **ENOUGH)

    assert name == "parcel"


def test_a_customer_who_is_in_every_trace_is_in_no_name() -> None:
    distinct = [
        asked(f"the parcel of Nushukath Brown is {word} since the third day of may") for word in ("lost", "late")
    ]

    [name] = name_groups(distinct, [0, 0], count=1, **ENOUGH)

    assert "parcel" in name
    assert "nushukath" not in name
    assert "brown" not in name


def test_where_all_nouns_are_capitalised_they_may_be_names_of_groups() -> None:
    [name] = name_groups([asked("wo ist mein Paket mit der Lampe")], [0], count=1, **ENOUGH)

    assert "paket" in name


def test_no_two_groups_share_a_name() -> None:
    distinct = [asked("parcel lost"), asked("parcel lost today")]

    assert len(set(name_groups(distinct, [0, 1], count=3, **ENOUGH))) == 3


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        pytest.param(["मेरा पार्सल कहाँ है", "पार्सल कहाँ है"], "पार्सल", id="vowel-signs"),
        pytest.param(["我想取消订单", "我想取消这张票", "请问我想取消可以吗"], "我想取消", id="chinese"),
        pytest.param(["荷物をキャンセルしたい", "靴をキャンセルしたい"], "をキャンセルしたい", id="japanese"),
        pytest.param(["hi, cancel my lamp", "hello please cancel it, thanks", "hey cancel"], "cancel", id="greetings"),
    ],
)
def test_names_in_other_scripts_are_whole_words(texts: list[str], name: str) -> None:
    others = [asked("where is the shop of this town")]

    [found, _] = name_groups(
        [asked(t) for t in texts] + others, [0] * len(texts) + [1], count=2, min_traces=9, min_users=2
    )

    assert name in found.split(", ")


def test_a_group_of_greetings_is_called_by_them() -> None:
    distinct = [asked("hello"), asked("hello there"), asked("cancel my order, hello")]

    assert name_groups(distinct, [0, 0, 1], count=2, **ENOUGH)[0] == "hello"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_no_name_ever_holds_a_digit_or_an_address(texts: list[str]) -> None:
    names = name_groups([asked(text) for text in texts], [0] * len(texts), count=1, **ENOUGH)

    shown = names[0].removeprefix("group 1")
    assert not any(character.isdigit() or character == "@" for character in shown)
