"""What a judge may be used for, given how far it agrees with people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from llmci.core.stats.agreement import Agreement, Estimate, agreement_of, longer_share, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

# A judge that gates: labels it needs, the least agreement that must be shown, and the least of a true
# difference that it must let through. Above `MOST_UNPARSABLE` it would lose a run its evidence.
LABELS_TO_GATE = 100
LEAST_AGREEMENT = 0.75
LEAST_INFORMEDNESS = 0.5
MOST_UNPARSABLE = 0.02
# Above this share of lost verdicts, what is left says little of the rest.
REFUSED_UNPARSABLE = 0.10


class Use(StrEnum):
    """What a judge may be used for."""

    GATE = "may gate"
    WATCH = "may only watch"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One verdict of a judge beside a person's on the same answer.

    Attributes:
        judge: None if no verdict from the menu could be read.
        length: Of the answer, in characters; None if the answer is not at hand.
    """

    judge: bool | None
    human: bool
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Whether the judge likes it long: chance that a passed answer is longer than a failed one.

    Attributes:
        judge: By the judge's verdicts; 0.5 is no preference.
        human: By people's: what of it is deserved.
        longer_wins: Agreement with people of a judge that passes the longer half.
    """

    judge: float | None
    human: float | None
    longer_wins: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A judge's calibration.

    Attributes:
        labels: Answers that people judged.
        unparsable: Share of them for which the judge gave no verdict from the menu.
        found: None if no verdict could be read.
        because: Why the judge may not be used for more, in plain words.
    """

    use: Use
    because: tuple[str, ...]
    labels: int
    unparsable: Estimate
    found: Agreement | None
    length: Length | None


def trust_in(labelled: Sequence[Labelled]) -> Trust:
    """Say what a judge may be used for.

    A judge that agrees no more than chance does, or whose verdicts mostly cannot be read, is refused.
    Gating asks for 100 labels, at least 75 % agreement with 95 % confidence, and for at least half of a
    true difference to come through. Everything between may be shown and decides nothing.
    """
    read = [item for item in labelled if item.judge is not None]
    unparsable = wilson(len(labelled) - len(read), len(labelled))
    found = agreement_of([bool(item.judge) for item in read], [item.human for item in read]) if read else None
    refused = list(_against(found, unparsable))
    missing = refused or list(_missing(found, unparsable))
    return Trust(
        use=Use.REFUSED if refused else Use.WATCH if missing else Use.GATE,
        because=tuple(missing),
        labels=len(labelled),
        unparsable=unparsable,
        found=found,
        length=_length(read),
    )


def _against(found: Agreement | None, unparsable: Estimate) -> list[str]:
    if found is None:
        return ["no verdict could be read"]
    why = []
    if unparsable.value > REFUSED_UNPARSABLE:
        why.append(f"{unparsable.value:.0%} of its verdicts are not on the menu")
    if found.informedness is None:
        return why
    if found.kappa.value <= 0:
        why.append("it agrees with people no more than chance would")
    return why


def _missing(found: Agreement | None, unparsable: Estimate) -> list[str]:
    if found is None:
        return []
    why = []
    if found.agreement.of < LABELS_TO_GATE:
        why.append(f"{found.agreement.of} labels are too few: {LABELS_TO_GATE} are needed")
    if found.agreement.low < LEAST_AGREEMENT:
        why.append(f"its agreement may be as low as {found.agreement.low:.0%}: {LEAST_AGREEMENT:.0%} must be shown")
    if found.informedness is None:
        why.append("people passed everything, or nothing: it cannot be seen what the judge misses")
    elif found.informedness.value < LEAST_INFORMEDNESS:
        why.append(f"only {max(0.0, found.informedness.value):.0%} of a true difference comes through")
    if unparsable.value > MOST_UNPARSABLE:
        why.append(f"{unparsable.value:.1%} of its verdicts are not on the menu")
    return why


def _length(read: Sequence[Labelled]) -> Length | None:
    known = [(item.length, bool(item.judge), item.human) for item in read if item.length is not None]
    if not known:
        return None
    lengths = [length for length, _, _ in known]
    middle = sorted(lengths)[len(lengths) // 2]
    agreeing = sum((length >= middle) == human for length, _, human in known)
    return Length(
        judge=longer_share(lengths, [judge for _, judge, _ in known]),
        human=longer_share(lengths, [human for _, _, human in known]),
        longer_wins=agreeing / len(known),
    )
