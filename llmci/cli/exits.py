"""A verdict as an exit code, and as a table of at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.cli.terminal import safe_text
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from llmci.domain.run import Metric
    from llmci.domain.verdict import GateResult, Verdict

# What `--fail-on` takes. Only the first two can be left out: what is no evidence is never green.
FAILURES = ("regressed", "inconclusive", "infra")
NOTHING = "nothing"

# With a blank after each, and 14 for the verdict: 80 columns.
_WIDTHS = (19, 8, 9, 8, 17)


def fail_on_of(text: str | None) -> frozenset[str]:
    """Read the value of `--fail-on`; None is all of `FAILURES`.

    Raises:
        UsageError: It names something unknown.
    """
    if text is None:
        return frozenset(FAILURES)
    named = frozenset(part.strip() for part in text.split(",") if part.strip()) - {NOTHING}
    if strange := sorted(named - set(FAILURES)):
        raise UsageError(
            f"--fail-on: {safe_text(strange[0])!r} is not known.",
            fix=f"Name some of {', '.join(FAILURES)}, separated by commas, or {NOTHING}.",
        )
    return named


def exit_code_of(result: GateResult, fail_on: Collection[str] = FAILURES) -> ExitCode:
    """What the shell sees.

    Args:
        result: The verdict.
        fail_on: Which of `FAILURES` leave with a code of their own. Runs that cannot be compared,
            and runs that are no evidence, always do.
    """
    from llmci.domain.verdict import Outcome

    match result.outcome:
        case Outcome.PASSED:
            return ExitCode.PASSED
        case Outcome.REGRESSED:
            return ExitCode.REGRESSED if "regressed" in fail_on else ExitCode.PASSED
        case Outcome.INCONCLUSIVE:
            return ExitCode.NO_DECISION if "inconclusive" in fail_on else ExitCode.PASSED
        case Outcome.NOT_COMPARABLE:
            return ExitCode.NO_DECISION
        case Outcome.NO_EVIDENCE:
            return ExitCode.OUTSIDE_FAILED


def verdict_word(result: GateResult) -> str:
    """A verdict as its sign and its word."""
    from llmci.core.reporting.marks import OUTCOMES

    mark = OUTCOMES[result.outcome]
    return f"{mark.sign} {mark.word}"


def summary(result: GateResult, metrics: Sequence[Metric] = ()) -> str:
    """The verdict for a terminal: the headline, a row for each gate and slice, and what else to know.

    Args:
        result: The verdict.
        metrics: What its numbers mean; points where that is not given.
    """
    lines = [f"{verdict_word(result)}: {result.headline}"]
    if result.verdicts:
        by_name = {metric.name: metric for metric in metrics}
        lines += ["", _line("gate", "baseline", "candidate", "change", "plausible range", "verdict")]
        lines += [_row(verdict, by_name) for verdict in result.verdicts]
    if counts := [text for verdict in result.verdicts if (text := _counts(verdict))]:
        lines += ["", *counts]
    lines += [f"note: {note}" for note in result.notes]
    if result.findings:
        lines += ["", "what changed:", *(f"  {finding.text}" for finding in result.findings)]
        lines += [f"  no change seen in: {', '.join(result.unchanged)}"] if result.unchanged else []
    return safe_text("\n".join(lines))


def _row(verdict: Verdict, metrics: Mapping[str, Metric]) -> str:
    from llmci.core.reporting import numbers
    from llmci.domain.run import Metric

    rule, found = verdict.rule, verdict.difference
    name = f"  {verdict.slice[1]}" if verdict.slice else rule.metric
    metric = metrics.get(rule.metric) or Metric(name=rule.metric, kind="graded", digest="")
    if found is None:
        return _line(name, "-", "-", "-", "-", verdict.outcome.value)
    # Kept so that more is better; shown as the metric itself moves.
    low, change, high = (
        (found.low, found.estimate, found.high)
        if metric.higher_is_better
        else (-found.high, -found.estimate, -found.low)
    )
    return _line(
        name,
        *numbers.pair(metric, found.baseline, found.candidate),
        numbers.change(change, metric.kind),
        numbers.plausible(low, high, metric.kind),
        verdict.outcome.value,
    )


def _counts(verdict: Verdict) -> str | None:
    from llmci.core.wording import count

    found = verdict.difference
    if found is None or verdict.slice is not None:
        return None
    better = count(found.better, "case")
    return f"{verdict.rule.metric}: {better} got better, {found.worse:,} got worse, {found.unchanged:,} unchanged"


def _line(*cells: str) -> str:
    head = " ".join(_fitted(cell, width) for cell, width in zip(cells, _WIDTHS, strict=False))
    return f"{head} {cells[-1]}"


def _fitted(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}…"
