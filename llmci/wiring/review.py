"""The review file beside a set's versions: what is proposed for the next one, for people and for `evalset build`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.reporting.inert import one_line
from llmci.errors import UsageError
from llmci.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.domain.case import Case
    from llmci.domain.change import Change
    from llmci.domain.evalset import EvalSet

# Beside the versions of a set: what a reviewer wants of the next one, and the same to read.
REVIEW, READABLE = "review.jsonl", "review.md"
_EXCERPT = 160
_ACTIONS = ("add", "reopen", "retire")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What reviewers decided, now or for an earlier version.

    Attributes:
        traces: Wanted in any case.
        retired: Ids of cases that are left out.
        promotions: What was promoted when it was proposed.
    """

    traces: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    promotions: frozenset[str] = frozenset()


def reviewed(path: Path, newest: EvalSet | None) -> Reviewed:
    """Read a review file on top of what the newest version knows.

    Raises:
        UsageError: A line is no reviewed change.
    """
    earlier: Mapping[str, Any] = newest.parameters if newest else {}
    traces, retired = set(earlier.get("reviewed", [])), set(earlier.get("retired", []))
    promotions = set(earlier.get("promotions", []))
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        lines = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = orjson.loads(line)
            if said.get("action") == "retire":
                retired.add(str(said["case_id"]))
            else:
                traces.add(str(said["trace_id"]))
                retired.discard(str(said.get("case_id")))
            promotions |= {str(said["promotion"])} if said.get("promotion") else set()
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"{path}:{number}: this is no reviewed change.", fix="Correct or remove the line."
            ) from None
    return Reviewed(frozenset(traces), frozenset(retired), frozenset(promotions))


def write_review(directory: Path, changes: Sequence[Change], cases: Mapping[str, Case], newest: EvalSet | None) -> Path:
    """Write the changes for `evalset build`, and beside them for people; what was not built yet stays before them.

    Args:
        directory: Of the set.
        changes: What is proposed.
        cases: The clean input of each, by id, as far as it is known.
        newest: The newest version, which says what was built.
    """
    waiting = _waiting(directory / REVIEW, newest)
    lines = [*waiting, *(orjson.dumps(asdict(change)) for change in changes)]
    write_bytes(directory / REVIEW, b"".join(line + b"\n" for line in lines))
    page = [*_page(changes, cases), *([f"{len(waiting)} more wait from before."] if waiting else []), ""]
    write_bytes(directory / READABLE, "\n".join(page).encode())
    return directory / REVIEW


def _waiting(path: Path, newest: EvalSet | None) -> list[bytes]:
    """Lines of a review file that no version was built with."""
    earlier: Mapping[str, Any] = newest.parameters if newest else {}
    built = Reviewed(frozenset(earlier.get("reviewed", [])), frozenset(earlier.get("retired", [])))
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    return [line for line in lines if not _is_built(orjson.loads(line), built)]


def _is_built(said: Mapping[str, Any], built: Reviewed) -> bool:
    if said.get("action") == "retire":
        return said["case_id"] in built.retired
    return said["trace_id"] in built.traces and said.get("case_id") not in built.retired


def _page(changes: Sequence[Change], cases: Mapping[str, Case]) -> list[str]:
    counts = {action: sum(change.action == action for change in changes) for action in _ACTIONS}
    told = ", ".join(f"{count} to {action}" for action, count in counts.items() if count)
    lines = [f"# Proposed for the next version: {told}", ""]
    lines += [
        f"Lines that you delete in `{REVIEW}` are left out; `llmci evalset build` takes the rest in.",
        "",
        "```diff",
    ]
    for change in changes:
        sign = "-" if change.action == "retire" else "+"
        case = cases.get(change.case_id)
        lines.append(f"{sign} {one_line(asked_in(case), _EXCERPT) if case else change.case_id}")
        why = f"{change.action}: {', '.join(change.reasons)}; {change.seen_in}; topic {change.topic}"
        lines.append(f"  {one_line(why, 300)}")
    return [*lines, "```"]


def asked_in(case: Case) -> str:
    """The last text of the user."""
    texts = [part.text for message in case.messages if message.role == "user" for part in message.parts if part.text]
    return texts[-1].replace("`", "'") if texts else case.case_id
