"""Cases to compressed chunks within a limit: the least telling texts are left out, always the same ones."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.view import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.core.reporting.view import CaseView, ReportView, SideView, TurnView

CHUNK = 100


@dataclass(frozen=True, slots=True)
class Packed:
    """Cases as a browser unpacks them.

    Attributes:
        index: Base64 of the gzipped JSON with a row for every case, column by column.
        chunks: Base64 of gzipped JSON arrays of `CHUNK` cases each, in the order of the index.
        kept: How many cases have their texts in a chunk.
    """

    index: str
    chunks: tuple[str, ...]
    kept: int


def packed(view: ReportView, limit: int) -> Packed:
    """Pack every case's row, and as many cases' texts as fit.

    The view's order decides whose texts are kept: worse, unanswered, better, still wrong, not
    scored, unchanged; within these by loss, weight and id.

    Args:
        view: The report.
        limit: Most characters that index and chunks may take together.
    """
    index = _compressed(_index(view))
    room = limit - len(index)
    chunks: list[str] = []
    for start in range(0, len(view.cases), CHUNK):
        chunk = _compressed([_case(view, case) for case in view.cases[start : start + CHUNK]])
        if len(chunk) > room:
            break
        chunks.append(chunk)
        room -= len(chunk)
    return Packed(index=index, chunks=tuple(chunks), kept=min(len(chunks) * CHUNK, len(view.cases)))


def _case(view: ReportView, case: CaseView) -> dict[str, Any]:
    past = [_short(values.get(case.case_id)) for values in view.history.values] if view.history else []
    return case_fields(view.whole(case)) | ({"h": past} if any(value is not None for value in past) else {})


def case_fields(case: CaseView) -> dict[str, Any]:
    """A case without its row, under short names; what is empty is left out."""
    return _some(
        m=[_turn(turn) for turn in case.turns],
        r=case.reference,
        u=case.rubric,
        d=case.documents,
        w=case.weight,
        p=case.must_pass or None,
        t=[[_side(tried.baseline), _side(tried.candidate)] for tried in case.tries],
    )


def _index(view: ReportView) -> dict[str, Any]:
    changes = list(Change)
    labels = sorted({label for case in view.cases for label, _ in case.slices})
    return {
        "marks": [[CHANGES[change].sign, CHANGES[change].word, CHANGES[change].tone] for change in changes],
        "baseline": view.baseline,
        "candidate": view.candidate,
        "past": [view.history.metric, view.history.runs] if view.history else None,
        "ids": [case.case_id for case in view.cases],
        "titles": [case.title for case in view.cases],
        "changes": [changes.index(case.change) for case in view.cases],
        "slices": {label: _coded([dict(case.slices).get(label) for case in view.cases]) for label in labels},
        "metrics": [
            {
                "name": metric.name,
                "kind": metric.kind,
                "up": metric.higher_is_better,
                "unit": metric.unit,
                "values": [list(pair) for pair in zip(*_values(view, at), strict=True)] or [[], []],
            }
            for at, metric in enumerate(view.metrics)
        ],
    }


def _values(view: ReportView, at: int) -> Iterator[tuple[float | None, float | None]]:
    for case in view.cases:
        measured = case.measured[at]
        yield _short(measured.baseline), _short(measured.candidate)


def _short(value: float | None) -> float | None:
    """Six digits are more than a list shows, and compress."""
    return None if value is None else float(f"{value:.6g}")


def _coded(values: Sequence[str | None]) -> dict[str, Any]:
    """A column with few distinct values as the values once and a number for each row."""
    distinct = sorted({value for value in values if value is not None})
    code = {value: number for number, value in enumerate(distinct)}
    return {"values": distinct, "codes": [-1 if value is None else code[value] for value in values]}


def _turn(turn: TurnView) -> list[Any]:
    return [turn.role, turn.pieces]


def _side(side: SideView | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return _some(
        t=side.text,
        y=side.why,
        m=[_turn(turn) for turn in side.turns],
        d=side.documents,
        s=[[score.metric, score.value, score.reason] for score in side.scores],
        l=side.latency_ms,
        c=side.cost,
        i=side.tokens_in,
        o=side.tokens_out,
        h=side.cached or None,
    )


def _some(**fields: Any) -> dict[str, Any]:  # noqa: ANN401  JSON values
    """Without what is unknown or empty; an empty text is a text."""
    return {name: value for name, value in fields.items() if value is not None and value not in ([], ())}


def _compressed(value: object) -> str:
    # No time in the header: equal reports are equal bytes.
    return base64.b64encode(gzip.compress(orjson.dumps(value), compresslevel=6, mtime=0)).decode()
