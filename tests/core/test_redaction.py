"""Findings are resolved, remembered, replaced and audited."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.privacy import memory as memories
from llmci.core.privacy.audit import survivor
from llmci.core.privacy.detect import Detector, Unreadable
from llmci.core.privacy.flatten import Text
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.policy import policy_of
from llmci.core.privacy.redact import Redacted, Redactor, Withheld
from llmci.core.privacy.resolve import resolved
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.finding import Span
from llmci.domain.settings import SanitizeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Leaf


class Finds:
    """A recognizer that finds exact words."""

    name = "words"

    def __init__(self, **kinds: str) -> None:
        self.kinds, self.seen = kinds, 0
        # Words that it thinks of as people, far too faintly to count.
        self.faint: tuple[str, ...] = ()

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        self.seen += len(leaves)
        told = [(word, kind, 0.9) for word, kind in self.kinds.items()] + [(word, "PERSON", 0.1) for word in self.faint]
        return [
            [
                Span(leaf.text.index(word), leaf.text.index(word) + len(word), kind, score, "words")
                for word, kind, score in told
                if word in leaf.text
            ]
            for leaf in leaves
        ]


def hinting(find: Finds, *words: str) -> Finds:
    find.faint = words
    return find


def a_redactor(find: object, **settings: object) -> Redactor:
    told = SanitizeSettings(**settings)  # type: ignore[arg-type]
    return Redactor(Detector([find], max_chars=1000), policy_of(told), Surrogates(b"k"))  # type: ignore[list-item]


def redact(redactor: Redactor, *texts: str) -> Redacted | Withheld:
    places = [Text(f"t[{index}]", "text", None, text) for index, text in enumerate(texts)]
    memory = Memory()
    assert redactor.learned(places, memory) is None
    return redactor.redact(places, memory)


def clean(redactor: Redactor, *texts: str) -> tuple[str, ...]:
    outcome = redact(redactor, *texts)
    assert isinstance(outcome, Redacted)
    return outcome.texts


spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from("ABC"), st.sampled_from([0.5, 0.7, 0.9])),
    max_size=8,
)


@given(spans, spans)
def test_resolved_spans_do_not_overlap_and_cover_what_was_covered(
    first: list[tuple[int, int, str, float]], then: list[tuple[int, int, str, float]]
) -> None:
    own, recalled = (
        [Span(start, start + size, kind, score, "d") for start, size, kind, score in g] for g in (first, then)
    )

    kept = resolved(own, recalled)

    assert all(a.end <= b.start for a, b in pairwise(kept))
    assert {i for s in kept for i in range(s.start, s.end)} == {
        i for s in own + recalled for i in range(s.start, s.end)
    }


def test_what_is_found_once_is_removed_everywhere_in_the_conversation() -> None:
    redactor = a_redactor(Finds(**{"Mia Lindqvist": "PERSON"}))

    texts = clean(redactor, "I am Mia Lindqvist.", "Hello Mia! LINDQVIST is here.", "mia's bag", "Miami and amial")

    assert not any("lindqvist" in text.lower() for text in texts)
    assert "Mia" not in texts[1]
    assert texts[3] == "Miami and amial"


def test_a_number_is_removed_with_other_separators_too() -> None:
    redactor = a_redactor(Finds(**{"415-867-5309": "PHONE_NUMBER"}))

    texts = clean(redactor, "call 415-867-5309", "or (415) 867 5309", "or 4158675309 now")

    assert not any("867" in text for text in texts)


def test_the_name_in_a_user_id_and_the_local_part_of_an_e_mail_are_removed() -> None:
    find = Finds(mia_lindqvist_3668="USER_ID", **{"j.haddad88@mail.example": "EMAIL_ADDRESS"})
    redactor = a_redactor(hinting(find, "Mia,"))

    texts = clean(redactor, "id mia_lindqvist_3668, j.haddad88@mail.example", "Thanks Mia, and j.haddad88 too")

    assert "Mia" not in texts[1]
    assert "haddad" not in texts[1]


def test_a_name_that_is_a_word_is_removed_only_where_something_speaks_for_a_name() -> None:
    redactor = a_redactor(hinting(Finds(**{"Rose Haddad": "PERSON"}), "Rose said"))

    _, second, third = clean(redactor, "Rose Haddad", "Rose said prices rose", "Rose is a colour")

    assert "Rose" not in second
    assert second.endswith("prices rose")
    assert third == "Rose is a colour"


def test_a_name_in_lower_case_is_removed_where_something_speaks_for_a_name_or_it_is_part_of_an_id() -> None:
    redactor = a_redactor(hinting(Finds(**{"Elena Campos": "PERSON"}), "campos said"))

    _, *texts = clean(redactor, "Elena Campos", "then campos said no", "hematíes por campos", "/home/campos/x")

    assert "campos" not in texts[0]
    assert texts[1] == "hematíes por campos"
    assert "campos" not in texts[2]


def test_a_place_is_no_person_of_that_name() -> None:
    redactor = a_redactor(Finds(**{"Mia Lindqvist": "PERSON", "Lindqvist County": "LOCATION"}))

    texts = clean(redactor, "I am Mia Lindqvist.", "Lindqvist County is far", "Mia is not")

    assert "Lindqvist" not in texts[0]
    assert texts[1] == "Lindqvist County is far"
    assert "Mia" not in texts[2]


def test_each_distinct_text_is_searched_once() -> None:
    find = Finds(Mia="PERSON")
    redactor = a_redactor(find)

    clean(redactor, *["Mia says hello"] * 50)

    assert find.seen == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"operator": "redact"}, "hi "),
        ({"operator": "mask"}, "hi ***"),
        ({"operator": "keep"}, "hi Mia"),
        ({"policy": {"PERSON": "keep"}}, "hi Mia"),
        ({"allow": ("MIA",)}, "hi Mia"),
        ({"min_score": 0.95}, "hi Mia"),
    ],
)
def test_the_policy_decides_what_takes_the_place_of_a_finding(settings: dict[str, object], expected: str) -> None:
    assert clean(a_redactor(Finds(Mia="PERSON"), **settings), "hi Mia") == (expected,)


def test_a_part_of_an_allowed_text_is_allowed_there_and_nowhere_else() -> None:
    redactor = a_redactor(Finds(Ada="PERSON"), allow=["Ada Lovelace"])
    said, alone = clean(redactor, "Ada Lovelace wrote", "ask Ada")
    assert said == "Ada Lovelace wrote"
    assert "Ada" not in alone


def test_signs_between_two_findings_are_not_replaced() -> None:
    whole, first = Span(0, 9, "ID", 0.5, "a"), Span(0, 4, "PERSON", 0.9, "b")
    last = Span(5, 9, "PERSON", 0.9, "b")

    def find(leaves: Sequence[Leaf]) -> list[list[Span]]:
        return [[whole, first, last] for _ in leaves]

    find.name = "test"  # type: ignore[attr-defined]
    assert clean(a_redactor(find), "anna.beil")[0].count(".") == 1


def test_denied_texts_are_removed_though_nothing_finds_them() -> None:
    [text] = clean(a_redactor(Finds(), deny=("Project Nightingale",)), "about project nightingale today")

    assert "nightingale" not in text


def test_secrets_get_a_placeholder_that_tells_them_apart_and_nothing_else() -> None:
    [text] = clean(a_redactor(Finds(hunter2="SECRET")), "password hunter2")

    assert text.startswith("password [SECRET_")


class Fails:
    name = "failing"

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        raise self.error(f"cannot read {leaves[0].text}")


@pytest.mark.parametrize("error", [ValueError, TimeoutError, RecursionError, MemoryError])
def test_a_recognizer_that_fails_holds_the_text_back_and_does_not_quote_it(error: type[Exception]) -> None:
    outcome = a_redactor(Fails(error)).detector.look("my name is Mia", None, None)

    assert isinstance(outcome, Unreadable)
    assert outcome.why == f"the recognizer failing failed: {error.__name__}"


class Miscounts:
    name = "miscounting"

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        return [[Span(0, len(leaf.text) + 1, "PERSON", 1.0, "m")] for leaf in leaves]


def test_spans_outside_of_the_text_hold_it_back() -> None:
    assert isinstance(a_redactor(Miscounts()).detector.look("Mia", None, None), Unreadable)


def test_a_text_that_is_too_long_is_not_searched_in_part() -> None:
    find = Finds()

    assert isinstance(a_redactor(find).detector.look("a" * 1001, None, None), Unreadable)
    assert find.seen == 0


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param("ask Lindqvist", id="as-it-was"),
        pytest.param("ask LINDQVIST", id="in-capitals"),
        pytest.param('{"a": "\\u004cindqvist"}', id="escaped"),
        pytest.param("at (415) 867 53 09", id="other-separators"),
    ],
)
def test_the_audit_sees_what_was_left(kept: str) -> None:
    memory = Memory()
    memory.learn([("PERSON", "Mia Lindqvist"), ("PHONE_NUMBER", "415-867-5309")])

    assert survivor([kept], memory)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_was_found_is_left_whatever_stands_around_it(before: str, after: str) -> None:
    outcome = redact(a_redactor(Finds(zq81x7lmw2="USER_ID")), f"{before}zq81x7lmw2{after}")

    assert isinstance(outcome, Withheld) or "zq81x7lmw2" not in outcome.texts[0]


# Of each kind a value, and the ways in which people and programs write it again.
PLANTED = {
    "PERSON": "Rose Parkfield",
    "EMAIL_ADDRESS": "jo.quagmire@corp.example",
    "PHONE_NUMBER": "212-867-5309",
    "USER_ID": "mia_li_3668",
    "ADDRESS": "12 Elm Street",
    "CREDIT_CARD": "4111 1111 1111 1111",
}
WAYS = (
    str,
    str.upper,
    str.lower,
    lambda value: value.replace(" ", "_"),
    lambda value: value.replace(" ", "\u00a0"),
    lambda value: value.replace("-", ".").replace("_", "-"),
    lambda value: ", ".join(reversed(value.split(" ", 1))) if value.istitle() else value,
    lambda value: value.split("@")[0].replace(".", "_"),
    quote,
    lambda value: json.dumps({"a": json.dumps([value])}),
    lambda value: "".join(f"\\u{ord(c):04x}" for c in value),
)
conversations = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(sorted(PLANTED)), st.sampled_from(WAYS)).map(
                lambda pair: pair[1](PLANTED[pair[0]])
            ),
            st.sampled_from(["the rose", "park", "elm", "and", "ask", "100%", "&amp;", "Street", "12"]),
            st.text(max_size=12),
        ),
        max_size=5,
    ).map(" ".join),
    min_size=1,
    max_size=4,
)


def seen_in(text: str) -> str:
    """Letters and digits of a text and of what a decoder would make of it, in lower case."""
    decoded = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text.replace("\\\\", "\\"))
    return " ".join(re.findall(r"[^\W_]+", f"{text} zzz {decoded} zzz {unquote(text)}".lower()))


@given(conversations)
def test_no_planted_value_survives_in_any_view_of_any_text_of_the_conversation(texts: list[str]) -> None:
    told = {PLANTED[kind]: kind for kind in PLANTED}
    found = Finds()
    found.kinds = told

    outcome = redact(a_redactor(found), *texts, " . ".join(told))

    if isinstance(outcome, Redacted):
        seen = " zzz ".join(map(seen_in, outcome.texts))
        for value in (*told, "jo.quagmire", "parkfield rose"):
            assert " ".join(re.findall(r"[^\W_]+", value.lower())) not in seen


@pytest.mark.parametrize(
    "spelled", ["Rose_Park", "park, rose", "ROSE-PARK", "rosepark", "Rose\u00a0Park", "rose%20park"]
)
def test_a_name_of_two_common_words_is_removed_however_they_are_parted(spelled: str) -> None:
    texts = clean(a_redactor(Finds(**{"Rose Park": "PERSON"})), f"ask {spelled} now", "Rose Park")

    assert "rose" not in texts[0].lower()
    assert "park" not in texts[0].lower()


def test_the_words_of_such_a_name_stand_as_words() -> None:
    texts = clean(a_redactor(Finds(**{"Rose Park": "PERSON"})), "the price rose. Park there", "Rose Park")

    assert texts[0] == "the price rose. Park there"


@pytest.mark.parametrize(
    "kept",
    [
        "Park, Rose",
        "rose_park",
        "rosepark",
        "rose%20park",
        "Rose&nbsp;Park",
        "\\u0052ose Park",
        "12.elm.street",
        "jo-quagmire",
        "Jo.Quagmire%40corp.example",
    ],
)
def test_the_audit_knows_every_form_of_a_value_without_memory(kept: str) -> None:
    removed = [("PERSON", "Rose Park"), ("ADDRESS", "12 Elm Street"), ("EMAIL_ADDRESS", "jo.quagmire@corp.example")]

    assert survivor([kept], Memory(), removed)
    assert survivor(["the rose in the park of Elm Street 12"], Memory(), removed) is None


def test_what_is_recalled_does_not_depend_on_how_much_there_is_to_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    memory.learn([("PERSON", f"Mia Lindqvist{letter}") for letter in "abcdefghij"])
    memory.learn(
        [
            ("EMAIL_ADDRESS", "mia.lindqvista@mail.org"),
            ("PHONE_NUMBER", "212-867-5309"),
            ("ADDRESS", "12 Elm Street, Lyon"),
        ]
    )
    texts = [
        "mia lindqvista wrote",
        "to 2128675309 or MIA.LINDQVISTA@mail.org",
        "12 elm  street, lyon",
        "nobody",
        "lindqvistb mia",
    ]
    monkeypatch.setattr(memories, "_MANY", 10_000)
    one_by_one = [memory.recall(text) for text in texts]
    monkeypatch.setattr(memories, "_MANY", 0)

    assert [memory.recall(text) for text in texts] == one_by_one
    assert sum(map(len, one_by_one)) > len(texts)
    memory.learn([("PERSON", "Torvaldsen Else")])
    assert memory.recall("torvaldsen")
