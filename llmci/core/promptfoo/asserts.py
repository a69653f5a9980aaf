"""promptfoo assertions as scorers, and as what each case expects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmci.core.promptfoo.unmapped import Unmapped

# Of an assertion, what is read; the rest is named as not carried over.
_READ = ("type", "value", "metric")


@dataclass(slots=True)
class Expected:
    """What one test asks of an answer."""

    reference: str | None = None
    rubric: str | None = None
    expectations: dict[str, Any] = field(default_factory=dict)


def _texts(value: object) -> list[str] | None:
    items = value if isinstance(value, list) else [value]
    plain = [str(item) for item in items if isinstance(item, (str, int, float)) and not isinstance(item, bool)]
    return plain if plain and len(plain) == len(items) else None


def _as_written(text: str) -> str:
    return text


def _start(text: str) -> str:
    return rf"\A{re.escape(text)}"


def _without(text: str) -> str:
    return rf"\A(?!.*{re.escape(text)})"


def _not_the_whole(text: str) -> str:
    return rf"\A(?!{re.escape(text)}\Z)"


def _without_pattern(text: str) -> str:
    return rf"\A(?!.*(?:{text}))"


# Type of assertion to the scorer that judges it, and how its value becomes the case's expectation.
_SCORERS: dict[str, tuple[dict[str, Any], Callable[[str], str]]] = {
    "contains": ({"kind": "contains"}, _as_written),
    "contains-all": ({"kind": "contains"}, _as_written),
    "contains-any": ({"kind": "contains", "need": "any"}, _as_written),
    "icontains": ({"kind": "contains", "ignore_case": True}, _as_written),
    "icontains-all": ({"kind": "contains", "ignore_case": True}, _as_written),
    "icontains-any": ({"kind": "contains", "ignore_case": True, "need": "any"}, _as_written),
    "regex": ({"kind": "regex"}, _as_written),
    "starts-with": ({"kind": "regex"}, _start),
    "not-contains": ({"kind": "regex"}, _without),
    "not-contains-any": ({"kind": "regex"}, _without),
    "not-icontains": ({"kind": "regex", "ignore_case": True}, _without),
    "not-icontains-any": ({"kind": "regex", "ignore_case": True}, _without),
    "not-regex": ({"kind": "regex"}, _without_pattern),
}
_SCORERS["not-equals"] = ({"kind": "regex"}, _not_the_whole)
_SCORERS["not-starts-with"] = ({"kind": "not-starts-with"}, _as_written)
_SCORERS["tool-call-f1"] = ({"kind": "tool-calls", "compare": "f1", "arguments": False}, str.strip)
_PATTERNS = {"regex", "not-regex"}
_SPENT = {"latency", "cost"}
# Whether a refusal is what a test asks for.
_REFUSALS = {"is-refusal": True, "not-is-refusal": False}
# Judges: the scorer, and what the assertion's value is to the case.
_JUDGES: dict[str, tuple[str, str | None]] = {
    "llm-rubric": ("judge", "rubric"),
    "model-graded-closedqa": ("judge", "rubric"),
    "factuality": ("factuality", "reference"),
    "model-graded-factuality": ("factuality", "reference"),
    "answer-relevance": ("answer-relevance", None),
    "context-faithfulness": ("groundedness", None),
}
# promptfoo's own, where the assertion names none.
_EDITS = 5
# A test may hold only one of each, for `any` of one list and `any` of another is not `any` of both.
_ONCE = {"contains-any", "icontains-any"}


def read_asserts(
    given: list[Any], place: str, scorers: dict[str, dict[str, Any]], judge: str | None, unmapped: Unmapped
) -> Expected:
    """Read the assertions of a test; scorers that are not there yet are added.

    Args:
        place: Of the list in the file, for what cannot be carried over.
        judge: Model that promptfoo was told to grade with; a judge is never made up.
    """
    expected = Expected()
    for index, item in enumerate(given):
        where = f"{place}[{index}]"
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            unmapped.add(where, "not an assertion with a type")
        elif item["type"] == "assert-set" and isinstance(item.get("assert"), list) and "threshold" not in item:
            inner = read_asserts(item["assert"], f"{where}.assert", scorers, judge, unmapped)
            _join(expected, inner, where, unmapped)
            unmapped.rest(where, item, ("type", "assert", "metric"))
        else:
            _read(item, where, expected, scorers, judge, unmapped)
    return expected


def _read(
    item: Mapping[str, Any],
    where: str,
    expected: Expected,
    scorers: dict[str, dict[str, Any]],
    judge: str | None,
    unmapped: Unmapped,
) -> None:
    kind, texts = str(item["type"]), _texts(item.get("value"))
    mapped: tuple[str, ...] = _READ
    if kind in _SPENT:
        scorers.setdefault(kind, {"kind": kind})
        if "threshold" in item:
            unmapped.add(f"{where}.threshold", f"{kind} is compared with the baseline's, and not with a number")
        unmapped.rest(where, item, (*_READ, "threshold"))
        return
    if kind in ("equals", "levenshtein") and texts and len(texts) == 1 and expected.reference in (None, texts[0]):
        edits = item["threshold"] if isinstance(item.get("threshold"), int) else _EDITS
        block = {"kind": "exact"} if kind == "equals" else {"kind": "levenshtein", "at_most": edits}
        scorers.setdefault(kind if kind == "equals" else f"levenshtein-{edits}", block)
        expected.reference = texts[0]
        mapped = _READ if kind == "equals" else (*_READ, "threshold")
    elif kind in _REFUSALS:
        scorers.setdefault("refusal", {"kind": "refusal", "expectation": "is-refusal"})
        expected.expectations["is-refusal"] = _REFUSALS[kind]
    elif kind in _JUDGES and judge and _judged(kind, judge, texts, expected, scorers):
        mapped = (*_READ, "provider")
    elif kind in _SCORERS and texts and _usable(kind, texts) and not (kind in _ONCE and kind in expected.expectations):
        block, spelled = _SCORERS[kind]
        scorers.setdefault(kind, {**block, "expectation": kind})
        expected.expectations.setdefault(kind, []).extend(spelled(text) for text in texts)
    else:
        unmapped.add(where, f"the assertion {kind!r} has no counterpart here{_advice(kind, judge=judge)}")
        return
    unmapped.rest(where, item, mapped)


def _judged(
    kind: str, judge: str, texts: list[str] | None, expected: Expected, scorers: dict[str, dict[str, Any]]
) -> bool:
    """Add the judge that an assertion asks for; False where the case cannot hold what it says."""
    scorer, holds = _JUDGES[kind]
    if holds is not None:
        text = "\n".join(texts or ())
        if not text or getattr(expected, holds) not in (None, text):
            return False
        setattr(expected, holds, text)
    name = "rubric" if scorer == "judge" else scorer
    scorers.setdefault(name, {"kind": scorer, "model": judge, "scale": "binary"})
    return True


def _usable(kind: str, texts: list[str]) -> bool:
    if any("{{" in text or "{%" in text or text.startswith("file://") for text in texts):
        return False
    if kind not in _PATTERNS:
        return True
    try:
        for text in texts:
            re.compile(text)
    except re.error:
        return False
    return True


def _advice(kind: str, *, judge: str | None) -> str:
    if (kind in _JUDGES or kind == "g-eval") and judge is None:
        return "; name the judge with defaultTest.options.provider, for none is chosen for you"
    near = {"similar": "embedding-similarity", "rouge-n": "rouge", "bleu": "bleu", "meteor": "chrf"}
    if kind in near:
        return f"; llmci's scorer `{near[kind]}` measures something close, but not the same"
    if kind in ("javascript", "python"):
        return "; write it as a scorer of the kind `python` or `command`"
    if kind in ("word-count", "contains-json"):
        return "; see llmci's scorers `length` and `is-json`, which concern every case"
    if kind.startswith("trajectory"):
        return "; see llmci's scorer `trajectory`"
    return ""


def _join(expected: Expected, inner: Expected, where: str, unmapped: Unmapped) -> None:
    for name in ("reference", "rubric"):
        mine, theirs = getattr(expected, name), getattr(inner, name)
        if mine is not None and theirs not in (None, mine):
            unmapped.add(where, f"a second {name}")
        elif theirs is not None:
            setattr(expected, name, theirs)
    for kind, texts in inner.expectations.items():
        if isinstance(texts, bool):
            expected.expectations[kind] = texts
        elif kind in _ONCE and kind in expected.expectations:
            unmapped.add(where, f"a second {kind!r}")
        else:
            expected.expectations.setdefault(kind, []).extend(texts)
