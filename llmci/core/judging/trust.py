"""What a judge may be used for, given how far it agrees with people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from llmci.core.stats.agreement import (
    Agreement,
    Estimate,
    agreement_of,
    agreement_of_preferences,
    longer_share,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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
class Vote:
    """Which of two answers a judge prefers, beside which one people do: 1 the first, -1 the second, 0 neither.

    Attributes:
        item: Names the pair; votes with the answers in either order share it.
        judge: None if no verdict from the menu could be read.
        human: None where people did not say.
        swapped: The judge was shown the second answer first.
        lengths: Of both answers, in characters; None if they are not at hand.
    """

    item: str
    judge: int | None
    human: int | None
    swapped: bool = False
    lengths: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Whether the judge likes a place.

    Attributes:
        first: Share of the preferences for whichever answer was shown first; 0.5 is no liking.
        consistent: Share of the pairs that were judged in both orders with the same verdict; None if none was.
    """

    first: Estimate
    consistent: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Whether the judge likes it long: chance that a passed answer is longer than a failed one.

    Attributes:
        judge: By the judge's verdicts; 0.5 is no preference.
        human: By people's: what of it is deserved.
        longer_wins: Agreement with people of a judge that passes the longer half; of pairs, one that
            prefers the longer answer.
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
        found: None if no verdict could be read, or nobody has labelled any.
        consistency: Share of what was judged more than once with the same verdict every time; None if
            nothing was.
        position: Of a judge of pairs.
        because: Why the judge may not be used for more, in plain words.
    """

    use: Use
    because: tuple[str, ...]
    labels: int
    unparsable: Estimate
    found: Agreement | None
    length: Length | None
    consistency: Estimate | None = None
    position: Position | None = None


def trust_in(labelled: Sequence[Labelled], consistency: Estimate | None = None) -> Trust:
    """Say what a judge may be used for.

    A judge that agrees no more than chance does, or whose verdicts mostly cannot be read, is refused.
    Gating asks for 100 labels, at least 75 % agreement with 95 % confidence, and for at least half of a
    true difference to come through. Everything between may be shown and decides nothing.
    """
    read = [item for item in labelled if item.judge is not None]
    unparsable = wilson(len(labelled) - len(read), len(labelled))
    found = agreement_of([bool(item.judge) for item in read], [item.human for item in read]) if read else None
    use, because = _use(found, unparsable)
    return Trust(
        use=use,
        because=because,
        labels=len(labelled),
        unparsable=unparsable,
        found=found,
        length=_length(read),
        consistency=consistency,
    )


def trust_in_votes(votes: Sequence[Vote]) -> Trust:
    """Say what a judge of pairs may be used for; a pair judged in both orders is one label, and a tie if they differ."""
    pairs: dict[str, list[Vote]] = {}
    for vote in votes:
        pairs.setdefault(vote.item, []).append(vote)
    together = [(_settled(pair), pair[0]) for pair in pairs.values()]
    labelled = [(said, pair) for said, pair in together if pair.human is not None]
    read = [(said, pair) for said, pair in labelled if said is not None]
    unparsable = wilson(sum(vote.judge is None for vote in votes), len(votes))
    found = (
        agreement_of_preferences([said for said, _ in read], [pair.human or 0 for _, pair in read]) if read else None
    )
    use, because = _use(found, unparsable)
    return Trust(
        use=use,
        because=because,
        labels=len(labelled),
        unparsable=unparsable,
        found=found,
        length=_length_of_pairs(read),
        position=_position(votes, pairs.values()),
    )


def _use(found: Agreement | None, unparsable: Estimate) -> tuple[Use, tuple[str, ...]]:
    refused = list(_against(found, unparsable))
    missing = refused or list(_missing(found, unparsable))
    return Use.REFUSED if refused else Use.WATCH if missing else Use.GATE, tuple(missing)


def _settled(pair: Sequence[Vote]) -> int | None:
    said = [vote.judge for vote in pair]
    if None in said:
        return None
    return said[0] if len(set(said)) == 1 else 0


def _position(votes: Sequence[Vote], pairs: Collection[Sequence[Vote]]) -> Position:
    picked = [(vote.judge == -1) == vote.swapped for vote in votes if vote.judge]
    both = [pair for pair in pairs if len({vote.swapped for vote in pair}) == 2]
    same = sum(pair[0].judge is not None and len({vote.judge for vote in pair}) == 1 for pair in both)
    return Position(first=wilson(sum(picked), len(picked)), consistent=wilson(same, len(both)) if both else None)


def _length_of_pairs(read: Sequence[tuple[int, Vote]]) -> Length | None:
    known = [(said, pair.human or 0, _sign(pair.lengths[0] - pair.lengths[1])) for said, pair in read if pair.lengths]
    if not known:
        return None
    return Length(
        judge=_longer([said * longer for said, _, longer in known if said]),
        human=_longer([human * longer for _, human, longer in known if human]),
        longer_wins=sum(human == longer for _, human, longer in known) / len(known),
    )


def _longer(products: Sequence[int]) -> float | None:
    """Share of the preferences for the longer answer, equal lengths half; None without any."""
    return sum((product + 1) / 2 for product in products) / len(products) if products else None


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _against(found: Agreement | None, unparsable: Estimate) -> list[str]:
    if found is None:
        return ["no verdict could be read"] if unparsable.of and unparsable.value == 1 else []
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
        return [f"nobody has labelled what it judged: {LABELS_TO_GATE} labels are needed"]
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
