"""What scorers in programs of the user's own share: what they are told, what they may say, and what they cannot see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.tool_calls import calls_of
from llmci.core.bench.chat import chat_messages, plain_documents, question_of
from llmci.domain.run import Metric, MetricKind, Scored, Unscored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score

FIELDS = (
    *("answer", "answer_messages", "tool_calls", "retrieved"),
    *("question", "messages", "documents", "reference", "rubric", "expectations"),
    *("case_id", "key", "repeat", "config"),
)
# What a program needs to run; it holds no key.
_HARMLESS = {"PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "TZ", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH", "USER"}


class OwnOptions(seams.Options):
    """What the program's numbers mean, and what it is given.

    Attributes:
        config: Passed on as `config`.
        low: Smallest possible score.
        high: Largest possible score.
        higher_is_better: False where more is worse.
        binary: Only `low` and `high` occur; true and false are 1 and 0.
        env: Names of environment variables that it is to see, such as a key. It sees no others, but for
            those that every program needs, such as PATH.
        timeout_s: Longest wait for a score.
        watch: Globs of further files that can change its scores.
        show_output: Show what it prints to standard error. It may hold user text.
    """

    config: dict[str, Any] = Field(default_factory=dict)
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    binary: bool = False
    env: tuple[str, ...] = ()
    timeout_s: float = Field(default=60.0, gt=0)
    watch: tuple[str, ...] = ()
    show_output: bool = False


def own_metric(options: OwnOptions, name: str, digest: str) -> Metric:
    """What its numbers mean."""
    kind: MetricKind = "binary" if options.binary else "graded"
    low, high = options.low, options.high
    return Metric(name=name, kind=kind, digest=digest, low=low, high=high, higher_is_better=options.higher_is_better)


def harmless(environ: Mapping[str, str], declared: tuple[str, ...]) -> dict[str, str]:
    """The environment that such a program sees."""
    return {
        name: value
        for name, value in environ.items()
        if name in _HARMLESS or name in declared or name.startswith("LC_")
    }


def told(case: Case, answer: Answered, config: Mapping[str, Any]) -> dict[str, Any]:
    """All that there is to score by. Every text in it is clean."""
    return {
        "answer": answer.text,
        "answer_messages": chat_messages(answer.messages),
        "tool_calls": calls_of(answer),
        "retrieved": None if answer.documents is None else plain_documents(answer.documents),
        "question": question_of(case),
        "messages": chat_messages(case.messages),
        "documents": plain_documents(case.documents),
        "reference": case.reference,
        "rubric": case.rubric,
        "expectations": dict(case.expectations),
        "case_id": case.case_id,
        "key": case.key,
        "repeat": answer.repeat,
        "config": dict(config),
    }


def score_of(value: object, options: OwnOptions, case: Case, answer: Answered, name: str) -> Score:
    """What it said as a score: a number, true or false, an object with `score`, or null for a case that is none of its.

    A number out of range is a mistake of the program, and no score.
    """
    if isinstance(value, dict):
        value = value.get("score")
    if value is None:
        why = "the scorer says that it has nothing to go by"
        return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault="case")
    if not isinstance(value, (bool, int, float)) or not math.isfinite(value):
        return lost(f"it returned a {type(value).__name__} instead of a number", case, answer, name)
    number = float(value)
    if not options.low <= number <= options.high:
        return lost(f"it returned a number outside of {options.low:g} to {options.high:g}", case, answer, name)
    if options.binary and number not in (options.low, options.high):
        return lost("it returned a number between, although it is binary", case, answer, name)
    return Scored(case_id=case.case_id, repeat=answer.repeat, metric=name, value=number)


def lost(why: str, case: Case, answer: Answered, name: str) -> Unscored:
    """A score that the program owes: neither system is to blame."""
    why = f"the scorer: {why}"
    return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault="infrastructure")
