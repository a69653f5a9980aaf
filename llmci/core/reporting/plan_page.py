"""A rollout plan as Markdown, to be reviewed like code before anybody's traffic moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core import wording
from llmci.core.reporting.inert import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.rollout import Criterion, RolloutPlan

_COUNTS = {
    "error": "failed requests",
    "score": "mean score",
    "flag": "answers that show",
    "judge": "mean verdict of",
    "cost": "cost per answer",
    "tokens": "tokens per answer",
    "latency": "requests slower than the control's 95th percentile",
}


def plan_page(plan: RolloutPlan, rows: Sequence[Mapping[str, Any]], *, per_hour: float | None, digest: str) -> str:
    """The page; equal plans give equal pages.

    Args:
        plan: What is to be agreed.
        rows: For each stage and criterion the requests and hours until a worsening shows, see
            `llmci.wiring.canary.stage_table`.
        per_hour: Requests an hour; None where that is not known.
        digest: Of the plan.
    """
    lines = [
        f"# Rollout of {_cell(plan.treatment)} against {_cell(plan.control)}",
        "",
        f"Digest `{digest}`. The audit log holds the same once the plan is agreed, and a check refuses another.",
        "",
        "| stage | for | decided by | at the most | approved by |",
        "|---|---|---|---|---|",
    ]
    for number, stage in enumerate(plan.stages, 1):
        names = [criterion.name for criterion in plan.watched_at(stage.exposure)]
        hours = f"{stage.max_hours:g} h, then {plan.when_overdue}" if stage.max_hours is not None else "any time"
        cells = (f"{number}", stage.exposure.words(), ", ".join(names), hours, stage.approver or "nobody")
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    lines += ["", "| criterion | counts | not acceptable |", "|---|---|---|"]
    lines += [f"| {_cell(one.name)} | {_counts(one)} | {_margin(one)} |" for one in plan.criteria]
    lines += ["", f"An unchanged candidate is rolled back in at most {wording.percent(plan.alpha)} of rollouts,"]
    lines += [f"however often one looks. Each {plan.unit} counts once.", ""]
    lines += [f"- {_expected(row, per_hour)}" for row in rows]
    return "\n".join(lines) + "\n"


def _counts(criterion: Criterion) -> str:
    what = criterion.score or criterion.flag or criterion.judge
    score = f" `{_cell(what)}`" if what else ""
    only = f", of {_cell(criterion.segment)} only" if criterion.segment else ""
    return f"{_COUNTS[criterion.kind]}{score}{only}"


def _margin(criterion: Criterion) -> str:
    if criterion.kind in ("cost", "tokens"):
        return f"a rise by {wording.percent(criterion.margin)}"
    falls = criterion.kind == "judge" or (criterion.kind == "score" and criterion.higher_is_better)
    return f"{'a fall' if falls else 'a rise'} by {100 * criterion.margin:g} points"


def _expected(row: Mapping[str, Any], per_hour: float | None) -> str:
    only = f" of {_cell(', '.join(row['only']))}" if row["only"] else ""
    at = f"At {per_hour:g} requests an hour and " if row["hours"] is not None else "At "
    hours = f", {row['hours']:.2g} h" if row["hours"] is not None else ""
    return (
        f"{at}{wording.percent(row['share'])}{only}, a worsening of {_cell(row['criterion'])} by its margin is expected to show"
        f" in about {row['requests']:,} requests of the candidate{hours}."
    )


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("\n", " ")
