"""promptfoo's `-o results.json`, version 3: every test by every prompt and provider."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.results.document import (
    digest,
    document,
    labels,
    listing,
    mapping,
    member,
    names_of,
    objects,
    text_of,
)
from llmci.core.gating.faults import fault_of
from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmci.domain.run import Fault

_VERSION = 3
# `ResultFailureReason.ERROR`: 1 is an assertion that failed, 0 is none.
_ERROR = 2


class PromptfooResults:
    """See `llmci.seams.Results`.

    promptfoo gives its tests no id, and their number moves when one is added: a test is known by the
    digest of its variables. Tests with equal variables and assertions are tries of one case.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    table: ClassVar[bool] = False

    def recognizes(self, path: Path) -> bool:
        """See `Results.recognizes`."""
        return isinstance(member(document(path), "results", "results"), list)

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; the result is `success`, and every named score is a column."""
        results = member(document(path), "results")
        if member(results, "version") != _VERSION:
            raise UsageError(
                f"{path}: promptfoo results of version {member(results, 'version')}.",
                fix=f"Version {_VERSION} is read: run `promptfoo eval -o results.json` of today.",
            )
        tests: dict[str, dict[str, int]] = {}
        at = text_of(member(results, "timestamp"))
        for number, item in enumerate(objects(member(results, "results"), f"{path}, results"), start=1):
            asserts = digest(member(item, "testCase", "assert"))
            asked = digest(_variables(item))
            versions = tests.setdefault(asked, {})
            version = versions.setdefault(asserts, len(versions))
            test = asked if version == 0 else f"{asked}.{version + 1}"
            # The number of prompt and provider: a candidate may call either by another name.
            case_id = f"{test}/{item['promptIdx']}" if item.get("promptIdx") else test
            yield replace(_row(item, f"result {number}", case_id, test, asserts), at=at)


def _variables(item: dict[str, Any]) -> object:
    found = member(item, "testCase", "vars")
    return item.get("vars") if found is None else found


def _row(item: dict[str, Any], where: str, case_id: str, test: str, asserts: str) -> ResultRow:
    fault, why = _fault(item)
    named = mapping(item.get("namedScores"))
    answered = fault is None and not _grader_failed(item)
    usage = item.get("tokenUsage")
    values: dict[str, object] = {
        **labels(_variables(item), "vars"),
        **labels(member(item, "testCase", "metadata"), "metadata"),
        "provider": member(item, "provider", "label") or member(item, "provider", "id"),
        "prompt": member(item, "prompt", "label"),
        "cost": (item.get("cost") if fault is None else None) or None,
        "latency_ms": item.get("latencyMs"),
        "tokens": member(usage, "total") or None,
        "score": item.get("score") if answered else None,
        **{name: value if answered else None for name, value in named.items()},
        "success": item.get("success") if answered else None,
        "id": case_id,
    }
    said = member(item, "response", "output")
    return ResultRow(
        where,
        values,
        scores={"success": asserts},
        by_input=True,
        group=test,
        fault=fault,
        why=why,
        input=test,
        output=text_of(said),
        tools=names_of(said),
    )


def _fault(item: dict[str, Any]) -> tuple[Fault | None, str]:
    if item.get("failureReason") != _ERROR:
        return None, ""
    return fault_of(str(item.get("error") or member(item, "response", "error"))), "promptfoo kept an error"


def _grader_failed(item: dict[str, Any]) -> bool:
    """Whether a judge gave no verdict: promptfoo counts that as a failed assertion."""
    parts = listing(member(item, "gradingResult", "componentResults"))
    return any(member(part, "metadata", "graderError") is True for part in parts)
