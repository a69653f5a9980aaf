"""Cases to compressed chunks within a limit: the least telling texts are left out, always the same ones."""

from __future__ import annotations

import base64
import gzip
import io
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.view import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from llmci.core.reporting.view import CaseView, ReportView, SideView, TurnView

CHUNK = 100
# Rows of a column that are turned to JSON at a time.
_ROWS = 4_096
# Bytes that become text at a time; a multiple of 3, so that the pieces of base64 are one.
_PIECE = 3 << 14


class Packing:
    """Every case's row, and as many cases' texts as fit; both as a browser unpacks them.

    The view's order decides whose texts are kept: worse, unanswered, better, still wrong, not
    scored, unchanged; within these by loss, weight and id.

    Attributes:
        index_chars: Characters of the index.
        kept: How many cases have their texts in the chunks that were given so far.

    Args:
        view: The report.
        limit: Most characters that index and chunks may take together.
    """

    def __init__(self, view: ReportView, limit: int) -> None:
        self._view = view
        self._index = _compressed(_index(view))
        self.index_chars = (len(self._index) + 2) // 3 * 4
        self._room = limit - self.index_chars
        self.kept = 0

    def index(self) -> Iterator[str]:
        """Base64 of the gzipped JSON with a row for every case, column by column; in pieces, for it may be long."""
        for start in range(0, len(self._index), _PIECE):
            yield _text(self._index[start : start + _PIECE])

    def chunks(self) -> Iterator[str]:
        """Base64 of gzipped JSON arrays of `CHUNK` cases each, in the order of the index; none is held."""
        cases = self._view.cases
        for start in range(0, len(cases), CHUNK):
            members = cases[start : start + CHUNK]
            chunk = _text(_compressed([orjson.dumps([_case(self._view, case) for case in members])]))
            if len(chunk) > self._room:
                return
            self._room -= len(chunk)
            self.kept += len(members)
            yield chunk


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


def _index(view: ReportView) -> Iterator[bytes]:
    """The index as JSON, column by column: none of them is held longer than it takes to compress it."""
    changes = list(Change)
    head = {
        "marks": [[CHANGES[change].sign, CHANGES[change].word, CHANGES[change].tone] for change in changes],
        "baseline": view.baseline,
        "candidate": view.candidate,
        "past": [view.history.metric, view.history.runs] if view.history else None,
    }
    yield orjson.dumps(head)[:-1]
    numbered = {change: number for number, change in enumerate(changes)}
    yield b',"ids":'
    yield from _column(view, lambda case: case.case_id)
    yield b',"titles":'
    yield from _column(view, lambda case: case.title)
    yield b',"changes":'
    yield from _column(view, lambda case: numbered[case.change])
    labels = sorted({label for case in view.cases for label, _ in case.slices})
    yield b',"slices":{'
    for at, label in enumerate(labels):
        column = _coded([dict(case.slices).get(label) for case in view.cases])
        yield (b"," if at else b"") + orjson.dumps(label) + b":" + orjson.dumps(column)
    yield b'},"metrics":['
    for at, metric in enumerate(view.metrics):
        about = {"name": metric.name, "kind": metric.kind, "up": metric.higher_is_better, "unit": metric.unit}
        yield (b"," if at else b"") + orjson.dumps(about)[:-1] + b',"values":['
        yield from _column(view, lambda case, at=at: _short(case.measured[at].baseline))  # type: ignore[misc]
        yield b","
        yield from _column(view, lambda case, at=at: _short(case.measured[at].candidate))  # type: ignore[misc]
        yield b"]}"
    yield b"]}"


def _column(view: ReportView, of: Callable[[CaseView], object]) -> Iterator[bytes]:
    """A JSON array with one value of every case, a piece at a time."""
    yield b"["
    for start in range(0, len(view.cases), _ROWS):
        rows = orjson.dumps([of(case) for case in view.cases[start : start + _ROWS]])
        yield (b"," if start else b"") + rows[1:-1]
    yield b"]"


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


def _compressed(parts: Iterable[bytes]) -> bytes:
    """Parts of one document as gzip. There is no time in its header: equal reports are equal bytes."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=6, mtime=0) as file:
        file.writelines(parts)
    return target.getvalue()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
