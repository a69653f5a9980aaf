"""judge + people's labels -> **judge check** -> what the judge may be used for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmci.core.judging.labels import verdict_of
from llmci.core.judging.trust import Labelled, trust_in
from llmci.core.stats.ppi import corrected_mean
from llmci.domain.run import Answered, Scored, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmci.core.judging.labels import Menu
    from llmci.core.judging.trust import Trust
    from llmci.core.stats.ppi import Corrected
    from llmci.domain.case import Case
    from llmci.domain.text import CleanText
    from llmci.seams import Progress, Scorer


# Fewer of either kind say too little for an interval that rests on the normal distribution.
_LABELS_TO_CORRECT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where a row holds what. `answer` and `by` may be None."""

    human: str
    judge: str
    answer: str | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A judge's calibration, by group of rows.

    Attributes:
        groups: Name of the group to the trust in its verdicts; one group called "all" without groups.
        unlabelled: Rows without a person's verdict; they say nothing of the judge.
        passing: Share that people would pass of all that the judge has seen, by group; where a group
            has enough rows with both verdicts, drawn at random, and enough with the judge's alone.
        cost: US dollars; None is unknown.
    """

    groups: Mapping[str, Trust]
    unlabelled: int
    passing: Mapping[str, Corrected] = field(default_factory=dict)
    cost: float | None = 0.0


def check_rows(rows: Iterable[Mapping[str, object]], columns: Columns, menu: Menu) -> Checked:
    """Compare verdicts that are there already."""
    groups: defaultdict[str, list[Labelled]] = defaultdict(list)
    alone: defaultdict[str, list[bool]] = defaultdict(list)
    unlabelled = 0
    for row in rows:
        human, judge = verdict_of(row.get(columns.human), menu), verdict_of(row.get(columns.judge), menu)
        group = str(row.get(columns.by)) if columns.by else "all"
        if human is None:
            unlabelled += 1
            alone[group] += [] if judge is None else [judge]
            continue
        answer = row.get(columns.answer) if columns.answer else None
        length = len(answer) if isinstance(answer, str) else None
        groups[group].append(Labelled(judge, human, length))
    passing = {name: _passing(group, alone[name]) for name, group in sorted(groups.items())}
    return Checked(
        groups={name: trust_in(group) for name, group in sorted(groups.items())},
        unlabelled=unlabelled,
        passing={name: found for name, found in passing.items() if found is not None},
    )


def _passing(labelled: Sequence[Labelled], alone: Sequence[bool]) -> Corrected | None:
    both = [(item.human, item.judge) for item in labelled if item.judge is not None]
    if min(len(both), len(alone)) < _LABELS_TO_CORRECT:
        return None
    return corrected_mean([human for human, _ in both], [judge for _, judge in both], alone, confidence=0.95)


async def check_scorer(
    scorer: Scorer, cases: Sequence[Case], human: str, menu: Menu, *, concurrency: int, progress: Progress
) -> Checked:
    """Ask a judge about reference answers that people have judged.

    Args:
        human: Name of the expectation that holds a person's verdict on the reference answer of a case.
    """
    asked = [
        (case, case.reference, label)
        for case in cases
        if case.reference is not None and (label := verdict_of(case.expectations.get(human), menu)) is not None
    ]
    room = asyncio.Semaphore(concurrency)
    costs: list[float | None] = []
    progress.begin("judge check", len(asked), "answers")

    async def one(case: Case, text: CleanText, *, human_passed: bool) -> Labelled:
        answer = Answered(case_id=case.case_id, repeat=0, text=text, usage=Usage())
        async with room:
            # The judge must not be shown the very answer as the right one.
            score = await scorer.score(replace(case, reference=None), answer)
        progress.advance(1, cost=score.cost)
        costs.append(score.cost)
        passed = verdict_of(score.value, menu) if isinstance(score, Scored) else None
        return Labelled(passed, human_passed, len(text))

    try:
        await scorer.start()
        found = await asyncio.gather(*(one(case, text, human_passed=label) for case, text, label in asked))
    finally:
        progress.end()
        await scorer.aclose()
    known = [cost for cost in costs if cost is not None]
    return Checked(
        groups={"all": trust_in(found)} if found else {},
        unlabelled=len(cases) - len(asked),
        cost=sum(known) if len(known) == len(costs) else None,
    )
