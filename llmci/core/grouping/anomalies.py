"""What stands out in a trace: refusals, errors, loops, cut-off answers, and what cost or took too much."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from llmci.core.attribution.moves import moves_of
from llmci.core.grouping.askedagain import Sessions
from llmci.core.grouping.constant import Answers, answer_key
from llmci.core.grouping.endings import was_blocked, was_cut_off
from llmci.core.grouping.language import UNKNOWN, surely
from llmci.core.grouping.loops import LOOP_TIMES, says_again
from llmci.core.grouping.refusals import is_refusal
from llmci.core.grouping.sample import digest64
from llmci.core.grouping.texts import has_user_message, input_text, output_text
from llmci.core.grouping.toolresults import is_error_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from llmci.domain.trace import TraceRow

# Flags that a trace has or has not whatever the others are, and the columns of `trace/1` that they look at.
OF_ONE_TRACE = {
    "empty_answer": ("status", "output"),
    "refusal": ("output",),
    "truncated": ("output",),
    "loop": ("output",),
    "tool_error": ("output", "steps"),
    "fenced_json": ("output",),
    "thumbs_down": ("scores",),
}

_FENCED_JSON = re.compile(r"^\s*```(?:json)?\s*(?P<body>[\[{].*[\]}])\s*```\s*$", re.DOTALL | re.IGNORECASE)
_NO_JSON = frozenset({"", "null", '""'})
# Shorter messages, such as a greeting, may come often.
_LOOP_MESSAGE = 60
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_LANGUAGE_WITHIN = 2_000
# Of fewer traces nobody can say what is usual.
_FEW = 20
# What is less than half as much again as usual is no outlier, however alike the others are.
_LEAST_TIMES = 1.5
_FENCE = 1.5
_POSITIVE = frozenset(
    [
        "up",
        "thumbs_up",
        "thumb_up",
        "thumbsup",
        "upvote",
        "👍",
        "positive",
        "good",
        "great",
        "like",
        "liked",
        "yes",
        "true",
        "correct",
        "helpful",
        "satisfied",
        "accepted",
    ]
)
_NEGATIVE = frozenset(
    [
        "down",
        "thumbs_down",
        "thumb_down",
        "thumbsdown",
        "downvote",
        "👎",
        "negative",
        "bad",
        "poor",
        "dislike",
        "disliked",
        "no",
        "false",
        "wrong",
        "incorrect",
        "unhelpful",
        "not_helpful",
        "dissatisfied",
        "unsatisfied",
        "rejected",
    ]
)
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
# Stars go from one, though nobody gave more than one this week.
_FROM_ONE = re.compile(r"star|csat", re.IGNORECASE)
_FEEDBACK_NAME = re.compile(r"thumb|feedback|rating|satisf|csat|\blikes?\b|stars?\b", re.IGNORECASE)


@dataclass(slots=True)
class Normal:
    """What is normal in a window, gathered trace by trace.

    Attributes:
        latencies: Milliseconds.
        costs: US dollars, of the traces whose cost is known.
        ranges: Smallest and largest number of each score of the end users, by name.
        answers: How often each answer came.
        sessions: What was asked in each conversation.
    """

    latencies: array[float] = field(default_factory=lambda: array("f"))
    costs: array[float] = field(default_factory=lambda: array("f"))
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    sessions: Sessions = field(default_factory=Sessions)

    def add(self, row: TraceRow) -> None:
        """Take one trace into account."""
        if (latency := row.get("latency_ms")) is not None:
            self.latencies.append(latency)
        if (cost := _cost(row)) is not None:
            self.costs.append(cost)
        self.answers.add(row)
        self.sessions.add(row)
        for score in _feedback_scores(row):
            if score.get("num") is not None:
                name = score.get("name") or ""
                low, high = self.ranges.get(name, (score["num"], score["num"]))
                self.ranges[name] = (min(low, score["num"]), max(high, score["num"]))

    def merge(self, other: Normal) -> None:
        """Take in what was gathered of other traces."""
        self.latencies.extend(other.latencies)
        self.costs.extend(other.costs)
        for name, (low, high) in other.ranges.items():
            before = self.ranges.get(name, (low, high))
            self.ranges[name] = (min(before[0], low), max(before[1], high))
        self.answers.merge(other.answers)
        self.sessions.merge(other.sessions)


@dataclass(frozen=True, slots=True)
class Limits:
    """Above what a trace is slow or expensive, and how scores of end users are read.

    Attributes:
        slow_ms: None where too few latencies are known.
        expensive: US dollars; None where too few costs are known.
        ranges: See `Normal`.
        constant: Keys of answers that come whatever is asked.
        asked_again: Digests of the ids of traces whose user asked again.
    """

    slow_ms: float | None
    expensive: float | None
    ranges: Mapping[str, tuple[float, float]]
    constant: frozenset[int] = frozenset()
    asked_again: AbstractSet[int] = frozenset()


def limits_of(normal: Normal, *, slow_ms: float | None) -> Limits:
    """What is usual in a window, unless the user named what is slow."""
    return Limits(
        slow_ms or _outlying(normal.latencies),
        _outlying(normal.costs),
        normal.ranges,
        normal.answers.constant(),
        normal.sessions.asked_again,
    )


def flags_of(row: TraceRow, limits: Limits) -> list[str]:
    """Everything that stands out in a trace, in a fixed order."""
    said = output_text(row.get("output"))
    feedback = feedback_of(row, limits)
    latency, cost = row.get("latency_ms"), _cost(row)
    found = {
        "error": row.get("status") == "error",
        **{flag: holds(row, said) for flag, holds in _ALONE.items()},
        "constant_answer": bool(limits.constant) and answer_key(row) in limits.constant,
        "language_switch": _switched_language(row, said),
        "asked_again": bool(limits.asked_again) and digest64(row["trace_id"]) in limits.asked_again,
        "thumbs_down": feedback is not None and feedback < 0.5,
        "slow": latency is not None and limits.slow_ms is not None and latency > limits.slow_ms,
        "expensive": cost is not None and limits.expensive is not None and cost > limits.expensive,
        "no_user_message": not has_user_message(row.get("input")) or "user_message" in (row.get("missing") or ()),
    }
    return [flag for flag, holds in found.items() if holds]


def flag_of(row: TraceRow, flag: str) -> bool | None:
    """Whether one of `OF_ONE_TRACE` stands out in a trace; None for thumbs_down where nobody said anything."""
    if flag == "thumbs_down":
        feedback = feedback_of(row, Limits(None, None, {}))
        return None if feedback is None else feedback < 0.5
    return _ALONE[flag](row, output_text(row.get("output")))


def feedback_of(row: TraceRow, limits: Limits) -> float | None:
    """Mean feedback of the end user in [0, 1], None where nobody said anything."""
    values = [v for score in _feedback_scores(row) if (v := _scaled(score, limits)) is not None]
    return sum(values) / len(values) if values else None


def _outlying(values: array[float]) -> float | None:
    """Above what a value stands out: one in a hundred at most, and fewer where they scatter as they may.

    Source:
        Tukey (1977), Exploratory Data Analysis: the inner fence of quartiles, on a logarithmic scale, for times and costs are skewed.
    """
    known = np.asarray(values, np.float64)
    known = known[known > 0]
    if len(known) < _FEW:
        return None
    low, middle, high = np.quantile(np.log(known), [0.25, 0.5, 0.75])
    fence = np.exp(high + _FENCE * (high - low))
    return float(max(fence, np.quantile(known, 0.99), _LEAST_TIMES * np.exp(middle)))


def _cost(row: TraceRow) -> float | None:
    total: float | None = (row.get("cost") or {}).get("total")
    return total


def _feedback_scores(row: TraceRow) -> Iterator[Mapping[str, Any]]:
    for score in row.get("scores") or ():
        # Servers that know only people, models and code file an end user's thumb under people.
        unsigned = score.get("annotator") in (None, "human") and _FEEDBACK_NAME.search(score.get("name") or "")
        if score.get("annotator") == "end_user" or unsigned:
            yield score


def _scaled(score: Mapping[str, Any], limits: Limits) -> float | None:
    """To [0, 1]: words by what they mean, numbers by the range that their name has in the window."""
    number, text = (
        score.get("num"),
        _SKIN.sub("", (score.get("text") or "")).strip().lower().replace(" ", "_").replace("-", "_"),
    )
    if number is None:
        return 1.0 if text in _POSITIVE else 0.0 if text in _NEGATIVE else None
    low, high = limits.ranges.get(score.get("name") or "", (number, number))
    if _FROM_ONE.search(score.get("name") or ""):
        low, high = 1.0, max(high, 5.0)
    # Thumbs are 0 and 1 or -1 and 1; stars go from 1 to 5, whichever of them were given.
    bottom, top = (low, max(high, 1.0)) if low < 0 else (0.0, 1.0) if high <= 1 else (min(low, 1.0), max(high, 5.0))
    return float(min(max((number - bottom) / (top - bottom), 0.0), 1.0))


def _messages(row: TraceRow) -> list[Mapping[str, Any]]:
    return list((row.get("output") or {}).get("messages") or ())


def _parts(row: TraceRow) -> Iterator[Mapping[str, Any]]:
    for message in _messages(row):
        yield from message.get("parts") or ()


def _acted(message: Mapping[str, Any]) -> bool:
    """Whether a message holds something other than words, such as a tool call or an image."""
    return any(part.get("type") not in ("text", "reasoning", "refusal", None) for part in message.get("parts") or ())


def _said_nothing(row: TraceRow, said: str) -> bool:
    """Whether there is no answer: no word and no act, or none in the message that ends it."""
    if row.get("status") == "error":
        return False
    messages = _messages(row)
    if said.strip() in _NO_JSON and not any(_acted(message) for message in messages):
        return True
    end = messages[-1] if messages else {}
    return (end.get("role") or "").lower() == "assistant" and not _acted(end) and not output_text({"messages": [end]})


def _refused(row: TraceRow, said: str) -> bool:
    """Whether it declines: in so many words, in its first message or in its last."""
    messages = _messages(row)
    last = output_text({"messages": messages[-1:]}) if len(messages) > 1 else ""
    marked = any(part.get("type") == "refusal" for part in _parts(row)) or was_blocked(messages)
    return marked or is_refusal(said) or is_refusal(last)


def _repeats_itself(row: TraceRow, said: str) -> bool:
    """Whether a message says the same again and again, or the same message or tool call comes again and again."""
    messages = _messages(row)
    turns = ["\n".join(part.get("text") or "" for part in m.get("parts") or ()).strip() for m in messages]
    for turn in turns or [said]:
        if says_again(turn):
            return True
    spoken = [turn for turn in turns if len(turn) >= _LOOP_MESSAGE]
    return any(times >= LOOP_TIMES for times in Counter(spoken).values()) or _calls_again(row)


def _calls_again(row: TraceRow) -> bool:
    """Whether a tool is called again and again with the same arguments, and always gives the same back."""
    if sum(part.get("type") == "tool_call" for part in _parts(row)) < LOOP_TIMES:
        return False
    results: dict[tuple[str, str | None], list[str]] = {}
    for move in moves_of({"output": row.get("output")}):
        if move.tool is not None:
            results.setdefault((move.tool, move.arguments), []).append(move.text)
    return any(len(given) >= LOOP_TIMES and len(set(given[-LOOP_TIMES:])) == 1 for given in results.values())


def _switched_language(row: TraceRow, said: str) -> bool:
    """Whether it answers in another language than it was asked in; code and JSON are in none."""
    answer = _CODE.sub(" ", said[:_LANGUAGE_WITHIN])
    if answer.lstrip().startswith(("{", "[", "<")):
        return False
    asked, answered = surely(input_text(row.get("input"))), surely(answer)
    return UNKNOWN not in (asked, answered) and asked != answered


def _tool_failed(row: TraceRow) -> bool:
    failed = (part.get("is_error") or is_error_message(part.get("tool_result") or "") for part in _parts(row))
    steps = row.get("steps") or ()
    return any(failed) or any(step.get("kind") == "tool" and step.get("status") == "error" for step in steps)


def _is_fenced_json(said: str) -> bool:
    match = _FENCED_JSON.match(said)
    if match is None:
        return False
    try:
        orjson.loads(match["body"])
    except orjson.JSONDecodeError:
        return False
    return True


# What a trace and the text of its answer show by themselves, in a fixed order.
_ALONE: dict[str, Callable[[TraceRow, str], bool]] = {
    "empty_answer": _said_nothing,
    "refusal": _refused,
    "truncated": lambda row, _: was_cut_off(_messages(row)),
    "loop": _repeats_itself,
    "tool_error": lambda row, _: _tool_failed(row),
    "fenced_json": lambda _, said: _is_fenced_json(said),
}
