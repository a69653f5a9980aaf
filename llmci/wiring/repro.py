"""A stored run that regressed to a file with the fewest cases that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.evalsets.exporting import exported
from llmci.core.gating.smallest import smallest
from llmci.errors import NoDecisionError, UsageError
from llmci.files import write_bytes
from llmci.wiring.gate import contest_of
from llmci.wiring.runs import baseline_run, candidate_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.verdict import GateResult


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What was found and written.

    Attributes:
        case_ids: The cases, the largest loss first.
        of: How many the runs hold.
        result: What the gate says of these cases alone.
    """

    case_ids: Sequence[str]
    of: int
    result: GateResult
    written: Path


def reproduce(config: Config, run: str, baseline: str | None, output: Path) -> Reproduced:
    """Write the fewest cases on which today's gates still say that a stored run regressed.

    Args:
        config: Its gates are asked.
        run: Id of the candidate's run, or `latest`.
        baseline: Id of the baseline's run; None takes its newest on the same eval set.
        output: JSON Lines, as `llmci evalset import` reads them.

    Raises:
        NoDecisionError: The gates do not say that the run regressed.
        UsageError: A run is not there, or the file cannot be written.
    """
    after = candidate_run(config, run)
    before = baseline_run(config, after, baseline)
    whole = contest_of(config, before, after)
    found = smallest(whole.decide(), whole.cases, whole.outcome_of)
    if not found:
        raise NoDecisionError(
            f"no gate has proven that {after.run_id} regressed: there is nothing to reproduce.",
            fix="See what `llmci gate` says of it.",
        )
    cases = {case.case_id: case for case in whole.cases}
    try:
        write_bytes(output, exported([cases[case_id] for case_id in found], "jsonl"))
    except OSError as error:
        raise UsageError(
            f"{output}: cannot be written: {error.strerror}.", fix="Name a place that you may write to."
        ) from None
    return Reproduced(found, len(after.case_ids), whole.outcome_of(found), output)
