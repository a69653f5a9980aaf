"""The JSON Lines log of OpenAI's evals: a specification, then events, of which matches and metrics are results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.results.document import digest, member, parsed, text_of
from llmci.core.gating.faults import fault_of
from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from llmci.domain.run import Fault


class OpenaiEvalsResults:
    """See `llmci.seams.Results`.

    A sample is known by its `sample_id`, which numbers it within its file; where a match tells the
    expected answer, that is compared as well.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)
    table: ClassVar[bool] = False

    def recognizes(self, path: Path) -> bool:
        """See `Results.recognizes`."""
        with path.open("rb") as file:
            first = file.readline()
        try:
            spec = member(json.loads(first), "spec")
        except (ValueError, RecursionError):
            return False
        return isinstance(spec, dict) and "eval_name" in spec

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; a score is `correct` of a match, or any number of a `metrics` event."""
        samples: dict[str, dict[str, Any]] = {}
        ended, at = False, None
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            event = parsed(line, f"{path}:{number}")
            ended |= member(event, "final_report") is not None
            at = at or text_of(member(event, "spec", "created_at"))
            sample_id = member(event, "sample_id")
            if sample_id is not None:
                _take(samples.setdefault(str(sample_id), {"line": number, "scores": {}}), event)
        if not ended:
            raise UsageError(
                f"{path}: the log has no final report: the run stopped early.", fix="Run the evaluation again."
            )
        names = sorted({name for sample in samples.values() for name in sample["scores"]})
        for sample_id, sample in samples.items():
            yield _row(sample_id, {**sample, "at": at}, names)


def _take(sample: dict[str, Any], event: Mapping[str, Any]) -> None:
    data = event.get("data")
    match event.get("type"):
        case "match" if isinstance(data, dict):
            sample["scores"]["correct"] = data.get("correct")
            sample["expected"] = digest(data.get("expected"))
        case "metrics" if isinstance(data, dict):
            numbers = {name: value for name, value in data.items() if isinstance(value, (bool, int, float))}
            sample["scores"] |= numbers
        case "sampling":
            sample["output"] = text_of(member(data, "sampled"))
        case "error":
            sample["error"] = str(member(data, "message"))


def _row(sample_id: str, sample: Mapping[str, Any], names: list[str]) -> ResultRow:
    fault, why = _fault(sample)
    scores = dict.fromkeys(names) | (sample["scores"] if fault is None else {})
    return ResultRow(
        f"line {sample['line']}",
        {**scores, "id": sample_id},
        dict.fromkeys(names, ""),
        input=sample.get("expected"),
        fault=fault,
        why=why,
        output=sample.get("output"),
        at=sample.get("at"),
    )


def _fault(sample: Mapping[str, Any]) -> tuple[Fault | None, str]:
    error = sample.get("error")
    return (None, "") if error is None else (fault_of(error), "the log holds an error")
