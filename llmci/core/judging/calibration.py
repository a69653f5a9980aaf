"""A judge's calibration as it is kept: which judge, what it may be used for, and why. No text of anybody's in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.judging.trust import Trust, Use

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "calibration/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is known of a judge.

    Attributes:
        judge: Digest of model, parameters, rubric and prompt: another judge has another one.
        scorer: Its name when it was checked.
        model: Who judges.
        use: May gate, may only watch, or refused.
        words: One line for a report.
        labels: People's verdicts that it rests on.
        checked_at: ISO 8601 UTC.
        asked: Whether llmci asked the judge itself; otherwise its verdicts came from a file.
        figures: Agreement, kappa, sensitivity, specificity, each with its interval, and the rest; under `slices`
            the same for each group, which an older file lacks.
    """

    judge: str
    scorer: str
    model: str
    use: Use
    words: str
    labels: int
    checked_at: str
    asked: bool
    figures: Mapping[str, Any]


def calibration_of(
    trust: Trust, *, judge: str, scorer: str, model: str, checked_at: str, asked: bool, slices: Mapping[str, Trust]
) -> Calibration:
    """What is kept of a check; `slices` are its groups, where it had any."""
    return Calibration(
        judge=judge,
        scorer=scorer,
        model=model,
        use=trust.use,
        words=words_of(trust),
        labels=trust.labels,
        checked_at=checked_at,
        asked=asked,
        figures=asdict(trust) | {"slices": {name: asdict(each) for name, each in slices.items()}},
    )


def words_of(trust: Trust) -> str:
    """One line for a report."""
    if trust.found is None:
        return f"{trust.use}: {'; '.join(trust.because)}"
    agreement = trust.found.agreement
    told = f"agrees with people {agreement.value:.0%} of the time ({agreement.low:.0%} to {agreement.high:.0%}, {trust.labels} labels)"
    return f"{trust.use}; {told}"


def as_json(found: Calibration) -> dict[str, Any]:
    """As it is written."""
    return {"schema": SCHEMA, **asdict(found)}


def from_json(given: Mapping[str, Any]) -> Calibration:
    """As it is read; raises `ValueError`, `KeyError` or `TypeError` for what is no calibration."""
    if given.get("schema") != SCHEMA:
        raise ValueError("schema")
    fields = {name: given[name] for name in Calibration.__slots__}
    return Calibration(**{**fields, "use": Use(fields["use"])})
