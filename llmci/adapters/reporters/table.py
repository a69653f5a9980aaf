"""Cases as rows of a table, for the formats that spreadsheets and notebooks read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.reporting.compose import view_of

if TYPE_CHECKING:
    import pyarrow as pa

    from llmci.core.reporting.view import CaseView, SideView
    from llmci.seams import ReportInput


def table_of(report: ReportInput, *, texts: bool) -> pa.Table:
    """One row a case, worst first; a column for each slice label (`slice.`) and for each score of each side.

    A metric that gave reasons has them beside its scores (`.reason`).
    """
    import pyarrow as pa

    view = view_of(report, texts=texts)
    cases = [view.whole(case) for case in view.cases]
    explained = {metric for case in cases for side in _sides(case) for metric in side.reasons}
    text, number = pa.string(), pa.float64()
    columns: dict[str, pa.DataType] = {"case_id": text, "key": text, "change": text, "weight": number}
    columns |= {f"slice.{label}": text for label in sorted({label for case in view.cases for label, _ in case.slices})}
    for metric in view.metrics:
        columns |= {f"baseline.{metric.name}": number, f"candidate.{metric.name}": number}
        if metric.name in explained:
            columns |= {f"baseline.{metric.name}.reason": text, f"candidate.{metric.name}.reason": text}
    for side in ("baseline", "candidate"):
        columns |= {f"{side}.latency_ms": number, f"{side}.cost_usd": number, f"{side}.unanswered": text}
    if view.texts:
        columns |= {"question": text, "reference": text, "baseline.answer": text, "candidate.answer": text}
    return pa.Table.from_pylist([_row(case) for case in cases], schema=pa.schema(list(columns.items())))


def _row(case: CaseView) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case_id": case.case_id,
        "key": case.key,
        "change": case.change.name.lower(),
        "weight": case.weight,
        "question": case.title,
        "reference": case.reference,
    }
    row |= {f"slice.{label}": value for label, value in case.slices}
    for measured in case.measured:
        row |= {f"baseline.{measured.metric}": measured.baseline, f"candidate.{measured.metric}": measured.candidate}
    first = case.tries[0] if case.tries else None
    if first is not None:
        row |= _side("baseline", first.baseline) | _side("candidate", first.candidate)
    return row


def _sides(case: CaseView) -> list[SideView]:
    """Both answers of the first try, as far as there are any."""
    return [side for tried in case.tries[:1] for side in (tried.baseline, tried.candidate) if side is not None]


def _side(name: str, side: SideView | None) -> dict[str, Any]:
    if side is None:
        return {}
    return {
        f"{name}.answer": side.text,
        f"{name}.unanswered": side.why,
        f"{name}.latency_ms": side.latency_ms,
        f"{name}.cost_usd": side.cost,
        **{f"{name}.{metric}.reason": reason for metric, reason in side.reasons.items()},
    }
