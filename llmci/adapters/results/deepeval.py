"""DeepEval's `test_run_*.json`: every test case with its metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.results.document import digest, document, labels, member, names_of, objects, text_of
from llmci.domain.result import ResultRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# What DeepEval calls a case that the user gave no name: its place in the run.
_PLACE = re.compile(r"(?:conversational_)?test_case_\d+")


class DeepevalResults:
    """See `llmci.seams.Results`.

    A test case is known by the name that the user gave it, or else by its input and expected output.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    table: ClassVar[bool] = False

    def recognizes(self, path: Path) -> bool:
        """See `Results.recognizes`."""
        return isinstance(_run(path).get("testCases"), list)

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; the result is `success`, and every metric's score is a column."""
        run = _run(path)
        for kind in ("testCases", "conversationalTestCases"):
            for number, case in enumerate(objects(run.get(kind) or [], f"{path}, {kind}"), start=1):
                yield _row(case, f"{kind} {number}")


def _run(path: Path) -> Mapping[str, Any]:
    found = document(path)
    # The copy in `.deepeval/.latest_test_run.json` stands one level deeper.
    run = member(found, "testRunData") or found
    return run if isinstance(run, dict) else {}


def _row(case: Mapping[str, Any], where: str) -> ResultRow:
    name = str(case.get("name") or "")
    asked = digest([case.get(field) for field in ("input", "scenario", "expectedOutput", "expectedOutcome", "context")])
    nameless = not name or _PLACE.fullmatch(name) is not None
    metrics = objects(case.get("metricsData") or [], f"{where}, metricsData")
    # DeepEval calls a case failed when a judge broke: that is no verdict on the answer.
    judged = bool(metrics) and all(not metric.get("error") for metric in metrics)
    seconds = case.get("runDuration")
    values: dict[str, object] = {
        **labels(case.get("metadata") or case.get("additionalMetadata"), "metadata"),
        "latency_ms": seconds * 1000 if isinstance(seconds, (int, float)) else None,
        **{str(metric.get("name")): None if metric.get("error") else metric.get("score") for metric in metrics},
        "success": case.get("success") if judged else None,
        "id": asked if nameless else name,
    }
    return ResultRow(
        where,
        values,
        {"success": _decided(metrics)},
        input=asked,
        by_input=nameless,
        output=text_of(case.get("actualOutput")),
        tools=names_of(case.get("toolsCalled")),
    )


def _decided(metrics: list[dict[str, Any]]) -> str:
    """Every metric with its threshold and judge."""
    parts = ("name", "threshold", "strictMode", "evaluationModel")
    return digest(sorted(str([metric.get(part) for part in parts]) for metric in metrics))
