"""The second pass, the canaries and the rare attributes: what is said of a run beside what was removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from llmci.core.privacy.canaries import lowest_share, measured
from llmci.core.privacy.detect import Detector
from llmci.core.privacy.originals import MASK
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.policy import policy_of
from llmci.core.privacy.quasi import K, rare
from llmci.core.privacy.redact import Redactor
from llmci.core.privacy.second_look import SecondLook
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.finding import Span
from llmci.domain.settings import SanitizeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.finding import Leaf


class Matches:
    """A recognizer of one pattern."""

    name = "matches"

    def __init__(self, kind: str, pattern: str, score: float = 0.9) -> None:
        self.kind, self.pattern, self.score = kind, re.compile(pattern), score

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        return [
            [Span(*match.span(), self.kind, self.score, "x") for match in self.pattern.finditer(leaf.text)]
            for leaf in leaves
        ]


def a_look(find: object, most_chars: int | None = None, most: int | None = None, **settings: object) -> SecondLook:
    policy = policy_of(SanitizeSettings(**settings))  # type: ignore[arg-type]
    return SecondLook(Detector([find], max_chars=1000), policy, most_chars, most)  # type: ignore[list-item]


def test_candidates_are_counted_by_masked_shape_and_text() -> None:
    look = a_look(Matches("PERSON", r"[A-Z]\w{3,}", 0.3))

    look.refusal(["Torvald met Zebulon", "Torvald met Zebulon", "only Torvald"])

    assert look.counts() == {("PERSON", "Aaaaaaa"): 2}


def test_what_was_replaced_kept_or_allowed_is_no_candidate() -> None:
    look = a_look(Matches("PERSON", r"\S+"), allow=("zebulon",))
    places = a_look(Matches("LOCATION", r"\S+"))

    look.refusal([f"{MASK} Zebulon x{MASK}yz ab"])
    places.refusal(["Boston"])

    assert not look.counts()
    assert not places.counts()


def test_a_trace_with_more_candidates_than_allowed_is_refused_by_kinds_and_without_values() -> None:
    look = a_look(Matches("PERSON", "Zebulon"), most=1)

    assert look.refusal(["Zebulon"]) is None
    assert look.refusal(["Zebulon", "a Zebulon"]) == "the second pass suspects 2 more values: PERSON 2"


def test_no_more_is_looked_at_than_asked_for_and_the_rest_is_counted() -> None:
    look = a_look(Matches("PERSON", "Zebulon"), most_chars=5)

    look.refusal(["Zebulon", "Zebulon again", "Zebulon"])

    assert (len(look.looked_at), len(look.passed_over)) == (1, 1)


def test_what_is_searched_ahead_is_what_is_looked_at_in_one_call() -> None:
    called: list[list[str]] = []

    class Counting(Matches):
        def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
            called.append([leaf.text for leaf in leaves])
            return super().__call__(leaves)

    look = a_look(Counting("PERSON", "Zebulon"), most_chars=12)
    texts = ["Zebulon", "of old", "Zebulon", "too late"]

    look.search_ahead(texts)
    look.refusal(texts)

    assert called == [["Zebulon", "of old"]]
    assert (list(look.looked_at), len(look.passed_over)) == (["Zebulon", "of old"], 1)


def test_canaries_tell_which_kinds_are_found() -> None:
    find = Matches("SECRET", r"ghp_\w+")
    redactor = Redactor(Detector([find], max_chars=9000), policy_of(SanitizeSettings()), Surrogates(b"k"))

    found = {recall.kind: recall for recall in measured(redactor, Keyed(b"k"), ["Where is my parcel?"], 8)}

    assert (found["SECRET"].planted, found["SECRET"].removed) == (8, 8)
    assert (found["PERSON"].removed, found["PERSON"].low) == (0, 0.0)


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert lowest_share(300, 300) == pytest.approx(0.9878, abs=1e-4)
    assert lowest_share(9, 10) == pytest.approx(0.5550, abs=1e-4)
    assert lowest_share(0, 10) == 0.0


@given(of=st.integers(1, 400), data=st.data())
def test_the_bound_on_canaries_is_that_of_scipy(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(1, of))

    assert lowest_share(hits, of) == pytest.approx(float(betaincinv(hits, of - hits + 1, 0.025)), rel=1e-9)


def test_a_combination_that_one_user_has_alone_is_rare_though_its_parts_are_not() -> None:
    kept = {f"u{index}": {("LOCATION", "lyon"), ("ORGANIZATION", "acme")} for index in range(K)}
    kept |= {f"v{index}": {("LOCATION", "oslo"), ("ORGANIZATION", "initech")} for index in range(K)}
    kept["u0"] |= {("ORGANIZATION", "initech")}

    assert [(found.kinds, found.alone, found.few) for found in rare(kept)] == [(("LOCATION", "ORGANIZATION"), 1, 1)]


def test_too_few_users_are_no_crowd_to_be_told_from() -> None:
    assert rare({"u1": {("LOCATION", "lyon")}}) == ()
