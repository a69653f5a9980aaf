"""One system on its way through the cases: what it has answered, what it scored, what was lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llmci.core.bench.pace import MOST, START, pace_of
from llmci.domain.run import Answered, Run, Scored, Unanswered, Unscored

if TYPE_CHECKING:
    from llmci.core.bench.pace import Pace
    from llmci.domain.run import Answer, Metric, Score
    from llmci.pipeline.bench.job import BenchJob, Entrant

# A run is given up after so many faults of the infrastructure in a row: a revoked key does not mend itself.
_HOPELESS = 10


class Lane:
    """A system with its journal; takes up what an earlier, interrupted run wrote there."""

    def __init__(self, entrant: Entrant, job: BenchJob, *, is_baseline: bool) -> None:
        self.is_baseline = is_baseline
        self.system = entrant.system
        self.spec = entrant.system.spec()
        self._entrant, self._job = entrant, job
        self._answers: dict[tuple[str, int], Answer] = {}
        self._scores: dict[tuple[str, int, str], Score] = {}
        # Why the times of an answer are not to be trusted.
        self.mistimed: dict[tuple[str, int], str] = {}
        # Of the endpoint behind the system, where there is one; known once there are slots.
        self.pace: Pace | None = None
        self._slots: asyncio.Semaphore | None = None
        self._starting = asyncio.Lock()
        self._lost = self._lost_in_a_row = 0
        self._whys: set[str] = set()
        self._take_up()

    def answer(self, case_id: str, repeat: int) -> Answer | None:
        """What the system answered, if it was asked."""
        return self._answers.get((case_id, repeat))

    def has_score(self, case_id: str, repeat: int, metric: str) -> bool:
        """Whether a metric has had its say on that answer."""
        return (case_id, repeat, metric) in self._scores

    def score(self, case_id: str, repeat: int, metric: str) -> Score | None:
        """What a metric said of that answer, if it has had its say."""
        return self._scores.get((case_id, repeat, metric))

    def answers(self) -> list[Answer]:
        """All there are."""
        return list(self._answers.values())

    def scores(self, metric: str | None = None) -> list[Score]:
        """All there are, or those of a metric."""
        return [score for (_, _, name), score in self._scores.items() if metric in (None, name)]

    async def slots(self) -> asyncio.Semaphore:
        """Room for a call; the system is started when the first one is asked for."""
        async with self._starting:
            if self._slots is None:
                await self.system.start()
                endpoint = self.system.endpoint()
                self.pace = None if endpoint is None else pace_of(endpoint)
                stated = self._job.settings.concurrency
                if self.pace is not None and stated is not None:
                    self.pace.widen(stated)
                most = stated or (START if endpoint is None else MOST)
                self._slots = asyncio.Semaphore(min(most, self.system.at_once() or most))
            return self._slots

    def answered(self, answer: Answer) -> None:
        """Write an answer down, and give up if the infrastructure has failed too often."""
        self._answers[answer.case_id, answer.repeat] = answer
        self._entrant.journal.append(answer)
        if isinstance(answer, Unanswered) and answer.why not in self._whys:
            self._whys.add(answer.why)
            self._job.progress.note(f"{self.spec.name}: {answer.why}")
        self._count(answer)

    def scored(self, score: Score) -> None:
        """Write a score down."""
        self._scores[score.case_id, score.repeat, score.metric] = score
        self._entrant.journal.append(score)
        if isinstance(score, Unscored) and score.why not in self._whys:
            self._whys.add(score.why)
            self._job.progress.note(f"{self.spec.name}, {score.metric}: {score.why}")

    def has_failures(self) -> bool:
        """Whether another try could give more evidence."""
        return any(isinstance(answer, Unanswered) for answer in self._answers.values()) or any(
            isinstance(score, Unscored) and score.fault == "infrastructure" for score in self._scores.values()
        )

    def run(self, metrics: tuple[Metric, ...], started_at: str, finished_at: str, look: int) -> Run:
        """What there is by a look, as a run.

        In the order of the set, whatever the order of arrival; where the gates are asked early, in the
        order of asking.
        """
        job, schedule = self._job, self._job.planned()
        case_ids = schedule.case_ids(look) if schedule.early else tuple(case.case_id for case in job.cases)
        place = {case_id: at for at, case_id in enumerate(case_ids)}
        planned = ((case.case_id, repeat) for case, repeat in schedule.upto(look))
        tries = sorted(planned, key=lambda one: (place[one[0]], one[1]))
        if job.stop.why == "given up":
            self._leave(tries, metrics)
        answers = tuple(self._answers[at] for at in tries if at in self._answers)
        found = ((*at, metric.name) for at in tries for metric in metrics)
        scores = tuple(self._scores[at] for at in found if at in self._scores)
        return Run(
            run_id=self._entrant.run_id,
            system=self.spec,
            evalset_name=job.evalset.name,
            evalset_version=job.evalset.version,
            evalset_digest=job.evalset.digest,
            case_ids=case_ids,
            repeats=schedule.repeats(look),
            metrics=metrics,
            answers=answers,
            scores=scores,
            cost=_sum([answer.cost for answer in answers if isinstance(answer, Answered)]),
            judge_cost=_sum([score.cost for score in scores]),
            complete=len(answers) == len(tries) and len(scores) == len(tries) * len(metrics),
            started_at=started_at,
            finished_at=finished_at,
            environment=dict(job.environment),
            looks=schedule.seen_at(look),
        )

    def _take_up(self) -> None:
        for entry in self._entrant.journal.entries():
            if isinstance(entry, (Answered, Unanswered)):
                self._answers[entry.case_id, entry.repeat] = entry
            else:
                self._scores[entry.case_id, entry.repeat, entry.metric] = entry
        if self._job.retry_errors:
            failed = {at for at, answer in self._answers.items() if isinstance(answer, Unanswered)}
            self._answers = {at: answer for at, answer in self._answers.items() if at not in failed}
            kept = {at: score for at, score in self._scores.items() if at[:2] not in failed}
            self._scores = {at: score for at, score in kept.items() if isinstance(score, Scored)}

    def _count(self, answer: Answer) -> None:
        if isinstance(answer, Answered) or answer.fault == "system":
            self._lost_in_a_row = 0
            return
        self._lost += 1
        self._lost_in_a_row += 1
        settings = self._job.settings
        allowed = settings.max_infrastructure_failures * len(self._job.cases) * settings.repeat
        if self._lost_in_a_row >= _HOPELESS and self._lost > allowed:
            self._job.stop.because = self._job.stop.because or answer.why
            self._job.halt("given up")

    def _leave(self, tries: list[tuple[str, int]], metrics: tuple[Metric, ...]) -> None:
        """Say of every case that was not asked any more that it is no evidence. Not journaled: a resumed run asks it."""
        why = f"not asked, because others were lost again and again: {self._job.stop.because}"
        for case_id, repeat in tries:
            if (case_id, repeat) not in self._answers:
                self._answers[case_id, repeat] = Unanswered(
                    case_id=case_id, repeat=repeat, why=why, fault="infrastructure"
                )
            for metric in metrics:
                lacking = Unscored(case_id=case_id, repeat=repeat, metric=metric.name, why=why, fault="infrastructure")
                self._scores.setdefault((case_id, repeat, metric.name), lacking)


def _sum(costs: list[float | None]) -> float | None:
    """Together; unknown as soon as one is, and where nothing was counted at all."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None
