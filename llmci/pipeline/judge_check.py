"""judge + people's labels -> **judge check** -> what the judge may be used for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmci.core.judging.labels import Menu, majority, preference_of, verdict_of, word_of
from llmci.core.judging.trust import Labelled, Vote, trust_in, trust_in_votes
from llmci.core.judging.verdicts import NO_VERDICT
from llmci.core.stats.agreement import wilson
from llmci.core.stats.ppi import corrected_mean
from llmci.domain.run import Answered, Scored, Usage
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.judging.trust import Trust
    from llmci.core.stats.ppi import Corrected
    from llmci.domain.case import Case
    from llmci.domain.text import CleanText
    from llmci.seams import Progress, Scorer


# Fewer of either kind say too little for an interval that rests on the normal distribution.
_LABELS_TO_CORRECT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where a row holds what.

    Attributes:
        human: People's verdicts; of several the majority counts.
        judge: The judge's: one, or a list of what it said when it was asked again and again.
        answers: What was judged: one column, or two for pairs; none where the texts are not at hand.
        by: Groups.
        item: What was judged, where it was judged in more rows than one.
        pairs: Verdicts say which of two answers is better.
        swapped: Whether the judge was shown the second answer of the pair first.
    """

    human: tuple[str, ...]
    judge: str
    answers: tuple[str, ...] = ()
    by: str | None = None
    item: str | None = None
    pairs: bool = False
    swapped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A judge's calibration, by group of rows.

    Attributes:
        groups: Name of the group to the trust in its verdicts; one group called "all" without groups.
        overall: Over all rows, whatever their group.
        unlabelled: Rows without a person's verdict; they say nothing of the judge.
        passing: Share that people would pass of all that the judge has seen, by group; where a group
            has enough rows with both verdicts, drawn at random, and enough with the judge's alone.
        cost: US dollars; None is unknown.
    """

    groups: Mapping[str, Trust]
    overall: Trust
    unlabelled: int
    passing: Mapping[str, Corrected] = field(default_factory=dict)
    cost: float | None = 0.0


def check_rows(rows: Sequence[Mapping[str, object]], columns: Columns, menu: Menu) -> Checked:
    """Compare verdicts that are there already."""
    groups: defaultdict[str, list[tuple[str, Mapping[str, object]]]] = defaultdict(list)
    for number, row in enumerate(rows):
        # The same item in two groups is two items: groups may well be judges.
        item = str(row.get(columns.item)) if columns.item else str(number)
        group = str(row.get(columns.by)) if columns.by else "all"
        groups[group].append((f"{group}:{item}", row))
    weigh = _pairs if columns.pairs else _single
    found = {name: weigh(group, columns, menu) for name, group in sorted(groups.items())}
    everything = [pair for group in groups.values() for pair in group]
    return Checked(
        groups={name: trust for name, (trust, _) in found.items()},
        overall=weigh(everything, columns, menu)[0],
        unlabelled=sum(_human(row, columns, menu) is None for row in rows),
        passing={name: passing for name, (_, passing) in found.items() if passing is not None},
    )


def _single(
    rows: Sequence[tuple[str, Mapping[str, object]]], columns: Columns, menu: Menu
) -> tuple[Trust, Corrected | None]:
    labelled: dict[str, Labelled] = {}
    alone: dict[str, bool] = {}
    said: defaultdict[str, list[str | None]] = defaultdict(list)
    for item, row in rows:
        given = row.get(columns.judge)
        verdicts = given if isinstance(given, list) else [given]
        said[item] += [word_of(value, menu) for value in verdicts]
        judge = verdict_of(verdicts[0], menu) if verdicts else None
        human = _human(row, columns, menu)
        # Asked again about the same, a judge is weighed by what it said first: that is how it would be used.
        if human is not None:
            labelled.setdefault(item, Labelled(judge, bool(human), _length(row, columns)))
        elif judge is not None:
            alone.setdefault(item, judge)
    again = [words for words in said.values() if len(words) > 1]
    same = sum(None not in words and len(set(words)) == 1 for words in again)
    trust = trust_in(list(labelled.values()), wilson(same, len(again)) if again else None)
    return trust, _passing(list(labelled.values()), list(alone.values()))


def _pairs(
    rows: Sequence[tuple[str, Mapping[str, object]]], columns: Columns, menu: Menu
) -> tuple[Trust, Corrected | None]:
    votes = []
    for item, row in rows:
        lengths = [len(text) for name in columns.answers if isinstance(text := row.get(name), str)]
        swapped = columns.swapped is not None and verdict_of(row.get(columns.swapped), Menu()) is True
        votes.append(
            Vote(
                item=item,
                judge=preference_of(row.get(columns.judge)),
                human=_human(row, columns, menu),
                swapped=swapped,
                lengths=(lengths[0], lengths[1]) if len(lengths) == 2 else None,
            )
        )
    return trust_in_votes(votes), None


def _human(row: Mapping[str, object], columns: Columns, menu: Menu) -> int | None:
    """What people say: their majority."""
    values = [row.get(name) for name in columns.human]
    return majority([preference_of(value) if columns.pairs else verdict_of(value, menu) for value in values])


def _length(row: Mapping[str, object], columns: Columns) -> int | None:
    answer = row.get(columns.answers[0]) if columns.answers else None
    return len(answer) if isinstance(answer, str) else None


def _passing(labelled: Sequence[Labelled], alone: Sequence[bool]) -> Corrected | None:
    both = [(item.human, item.judge) for item in labelled if item.judge is not None]
    if min(len(both), len(alone)) < _LABELS_TO_CORRECT:
        return None
    return corrected_mean([human for human, _ in both], [judge for _, judge in both], alone, confidence=0.95)


async def check_scorer(
    scorer: Scorer,
    cases: Sequence[Case],
    human: str,
    menu: Menu,
    *,
    concurrency: int,
    progress: Progress,
    repeat: int = 1,
) -> Checked:
    """Ask a judge about reference answers that people have judged.

    Args:
        human: Name of the expectation that holds a person's verdict on the reference answer of a case.
        repeat: Times that it is asked about each; more than once shows whether it agrees with itself.

    Raises:
        OutsideError: The judge did not answer.
    """
    asked = [
        (case, case.reference, label)
        for case in cases
        if case.reference is not None and (label := verdict_of(case.expectations.get(human), menu)) is not None
    ]
    room = asyncio.Semaphore(concurrency)
    costs: list[float | None] = []
    lost: list[str] = []
    progress.begin("judge check", len(asked) * repeat, "answers")

    async def one(case: Case, text: CleanText, number: int) -> float | None:
        answer = Answered(case_id=case.case_id, repeat=number, text=text, usage=Usage())
        async with room:
            # The judge must not be shown the very answer as the right one.
            score = await scorer.score(replace(case, reference=None), answer)
        progress.advance(1, cost=score.cost)
        costs.append(score.cost)
        if isinstance(score, Scored):
            return score.value
        if score.why != NO_VERDICT:
            lost.append(score.why)
        return None

    try:
        await scorer.start()
        said = await asyncio.gather(*(one(case, text, number) for case, text, _ in asked for number in range(repeat)))
    finally:
        progress.end()
        await scorer.aclose()
    if lost:
        # What it would have said is not known, and it is not the judge's words that are to blame.
        raise OutsideError(
            f"{len(lost)} of {len(asked) * repeat} verdicts could not be had: {lost[0]}.",
            fix="See that the judge answers, and check it again; raise its timeout_s or its retries.",
        )
    known = [cost for cost in costs if cost is not None]
    rows = [
        {"human": label, "judge": list(said[at * repeat : (at + 1) * repeat]), "answer": text}
        for at, (_, text, label) in enumerate(asked)
    ]
    checked = check_rows(rows, Columns(human=("human",), judge="judge", answers=("answer",)), menu)
    cost = sum(known) if len(known) == len(costs) else None
    return replace(checked, unlabelled=len(cases) - len(asked), cost=cost)
