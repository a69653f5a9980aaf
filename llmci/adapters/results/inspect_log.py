"""Inspect's logs, `.eval` and `.json`: every epoch of every sample, with the scores of all scorers."""

from __future__ import annotations

import struct
import zipfile
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
    parsed,
    text_of,
)
from llmci.core.gating.faults import fault_of
from llmci.domain.result import ResultRow
from llmci.errors import UsageError
from llmci.files import zipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from llmci.domain.run import Fault

# What Inspect's own reducers make of the letters of its scorers: correct, partly, incorrect, no answer.
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
# Summaries cut long texts; so much of each is there in both forms of a log.
_COMPARED = 1000


class InspectResults:
    """See `llmci.seams.Results`.

    A sample has an id of its own, or its number in the dataset: the input is compared as well. What a
    log planned and does not hold is lost, not left out.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".eval", ".json")
    table: ClassVar[bool] = False

    def recognizes(self, path: Path) -> bool:
        """See `Results.recognizes`."""
        if path.suffix.lower() == ".eval":
            return zipfile.is_zipfile(path)
        return isinstance(member(document(path), "eval", "dataset"), dict)

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; every scorer is a score, `name.key` where one gives several."""
        header, samples = _zipped(path) if path.suffix.lower() == ".eval" else _plain(path)
        decided = _decided(header)
        seen: dict[tuple[str, int], dict[str, Any]] = {}
        for sample in samples:
            # The last word on a sample that was tried again.
            seen[str(sample.get("id")), _epochs(sample.get("epoch"))] = sample
        found = {name for sample in seen.values() for name in _values(sample)}
        scores = {name: decided.get(name.partition(".")[0], "") for name in sorted({*found, *_named(decided, found)})}
        at = text_of(member(header, "eval", "created"))
        for (case_id, epoch), sample in seen.items():
            yield replace(_row(sample, case_id, epoch, scores), at=at)
        for case_id, epoch in _planned(header):
            if (case_id, epoch) not in seen:
                where, why = f"sample {case_id}, epoch {epoch}", "the log ends before it"
                yield ResultRow(where, {"id": case_id}, scores, fault="infrastructure", why=why)


def _named(decided: Mapping[str, str], found: set[str]) -> set[str]:
    """Scorers that no sample has a score of."""
    return set(decided) - {name.partition(".")[0] for name in found}


def _plain(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    header = mapping(document(path))
    return header, objects(header.get("samples") or [], f"{path}, samples")


def _zipped(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the summaries, each with its answer."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            # A log that was cut off has a journal only.
            start = "header.json" if "header.json" in names else "_journal/start.json"
            header = _member(archive, start, path)
            listed = ["summaries.json"] if "summaries.json" in names else _journal(names)
            found = [item for name in listed for item in objects(_member(archive, name, path), f"{path}, {name}")]
            samples = [_whole(archive, item, names, path) for item in found]
    except (zipfile.BadZipFile, KeyError, OSError, struct.error):
        raise UsageError(f"{path}: not an Inspect log, or damaged.", fix="Run the evaluation again.") from None
    return header, samples


def _whole(archive: zipfile.ZipFile, summary: dict[str, Any], names: set[str], path: Path) -> dict[str, Any]:
    """A summary with what only the whole sample holds: the answer, and the calls that led to it.

    The summary stands for the rest: it is what Inspect itself counts.
    """
    name = f"samples/{summary.get('id')}_epoch_{_epochs(summary.get('epoch'))}.json"
    if name not in names:
        return summary
    sample = mapping(_member(archive, name, path))
    return {**summary, "output": sample.get("output"), "messages": sample.get("messages")}


def _journal(names: set[str]) -> list[str]:
    parts = [name for name in names if name.startswith("_journal/summaries/")]
    return sorted(parts, key=lambda name: (len(name), name))


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> Any:  # noqa: ANN401  JSON holds anything
    info = archive.getinfo(name)
    return parsed(zipped(path, archive, info), f"{path}, {name}")


def _decided(header: Mapping[str, Any]) -> dict[str, str]:
    """What each scorer is made of: with another judge or option a score means something else."""
    listed = [item for item in listing(member(header, "eval", "scorers")) if isinstance(item, dict)]
    return {str(item.get("name")): digest(item.get("options")) for item in listed}


def _planned(header: Mapping[str, Any]) -> list[tuple[str, int]]:
    ids = listing(member(header, "eval", "dataset", "sample_ids"))
    epochs = _epochs(member(header, "eval", "config", "epochs"))
    return [(str(case_id), epoch) for case_id in ids for epoch in range(1, epochs + 1)]


def _epochs(value: object) -> int:
    return value if isinstance(value, int) else 1


def _row(sample: Mapping[str, Any], case_id: str, epoch: int, scores: Mapping[str, str]) -> ResultRow:
    fault, why = _fault(sample)
    tokens = [member(used, "total_tokens") for used in mapping(sample.get("model_usage")).values()]
    seconds = sample.get("total_time")
    values: dict[str, object] = {
        **labels(sample.get("metadata"), "metadata"),
        "latency_ms": seconds * 1000 if isinstance(seconds, (int, float)) else None,
        "tokens": sum(tokens) if tokens and all(isinstance(count, int) for count in tokens) else None,
        **dict.fromkeys(scores),
        **(_values(sample) if fault is None else {}),
        "id": case_id,
    }
    asked = digest([_words(sample.get("input")), _words(sample.get("target"))])
    said, tools = _said(sample)
    where = f"sample {case_id}, epoch {epoch}"
    return ResultRow(where, values, scores, input=asked, fault=fault, why=why, output=said, tools=tools)


def _said(sample: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The final answer and the tools called on the way; a summary has neither."""
    output = sample.get("output")
    first = next(iter(listing(member(output, "choices"))), None)
    text = member(output, "completion") or _plain_text(member(first, "message", "content"))
    turns = [item for item in listing(sample.get("messages")) if member(item, "role") == "assistant"]
    return text_of(text), tuple(name for turn in turns for name in names_of(member(turn, "tool_calls")))


def _plain_text(content: object) -> str | None:
    if not isinstance(content, list):
        return text_of(content)
    return "".join(str(part["text"]) for part in content if isinstance(part, dict) and part.get("type") == "text")


def _words(value: object) -> list[object]:
    """Texts and roles: messages carry ids that are new in every run, and summaries leave out images."""
    found: list[object] = []
    for part in value if isinstance(value, list) else [value]:
        content = member(part, "content") or member(part, "text") if isinstance(part, dict) else part
        if isinstance(content, list):
            found += _words(content)
        elif isinstance(content, str):
            found += [member(part, "role"), content[:_COMPARED]]
    return found


def _fault(sample: Mapping[str, Any]) -> tuple[Fault | None, str]:
    error = sample.get("error")
    if error is None:
        return None, ""
    # A log in JSON keeps the whole error, the summary of an `.eval` its message.
    return fault_of(str(member(error, "message") or error)), "Inspect kept an error"


def _values(sample: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, score in mapping(sample.get("scores")).items():
        value = member(score, "value")
        parts = value if isinstance(value, dict) else {None: value}
        for key, part in parts.items():
            found[name if key is None else f"{name}.{key}"] = _number(part)
    return found


def _number(value: object) -> object:
    """A value as Inspect counts it; NaN is its way to say that there is none."""
    if isinstance(value, str):
        return _GRADES.get(value, value)
    return None if value != value else value  # noqa: PLR0124  only NaN differs from itself
