"""Gates and slices as tables and lists of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.reporting.markup import inline, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.reporting.view import GateRow, SliceRow

_GATES, _SLICES, _FINDINGS = 40, 8, 8


def gate_table(rows: Sequence[GateRow]) -> str:
    """Every gate with its change; empty if there is none."""
    if not rows:
        return ""
    return table(
        ("gate", "baseline", "candidate", "change (plausible range)", "tolerance", ""),
        [
            (
                inline(row.metric),
                row.baseline,
                row.candidate,
                f"{row.change} ({row.plausible})" if row.interval else row.change,
                row.tolerance,
                f"{row.mark.emoji} {row.mark.word}{'' if row.gating else ', cannot fail the run'}",
            )
            for row in rows
        ],
        most=_GATES,
    )


def noticed(rows: Sequence[GateRow]) -> str:
    """What these cases could have shown, as a list; empty if no gate says."""
    return "\n".join(f"- {inline(row.metric)}: {row.noticed}" for row in rows[:_GATES] if row.noticed and row.gating)


def changed_list(findings: Sequence[str], unchanged: Sequence[str]) -> str:
    """What changed about the answers and what did not, under a heading; empty if nothing did."""
    if not findings:
        return ""
    lines = [f"- {inline(finding)}" for finding in findings[:_FINDINGS]]
    if unchanged:
        lines.append(f"- no change seen in: {inline(', '.join(unchanged))}")
    return "\n".join(["**What changed**", "", *lines])


def slice_table(rows: Sequence[SliceRow]) -> str:
    """The slices that lost most, under a heading; empty if none lost anything."""
    worst = [row for row in rows if row.damage > 0][:_SLICES]
    if not worst:
        return ""
    slices = table(
        ("worst slices", "cases", "better / worse", "baseline", "candidate", "change (plausible range)", ""),
        [
            (
                inline(f"{row.label}: {row.value}"),
                f"{row.cases:,}",
                f"{row.better:,} / {row.worse:,}",
                row.baseline,
                row.candidate,
                f"{row.change} ({row.plausible})" if row.interval else row.change,
                f"{row.mark.emoji} {row.mark.word}" if row.mark else "described only",
            )
            for row in worst
        ],
        most=_SLICES,
    )
    return f"**Where it got worse**\n\n{slices}"
