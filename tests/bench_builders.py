"""Systems, scorers and jobs for tests of bench: fakes that fulfil the protocols."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from builders import NOON, a_case, a_metric, an_evalset

from llmci.core.privacy.mint import sanitized
from llmci.domain.run import Scored, Usage
from llmci.domain.settings import BenchSettings
from llmci.domain.system import SystemSpec
from llmci.pipeline.bench.job import BenchJob, Entrant
from llmci.pipeline.bench.stage import bench
from llmci.seams import Estimate, Failed, Reply, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Answered, Metric, MetricKind, Score
    from llmci.domain.text import CleanText
    from llmci.pipeline.bench.job import BenchResult


def a_reply(text: str = "In Lyon.", **changes: Any) -> Reply:
    return Reply(**{"text": text, "usage": Usage(input=10, output=5), "cost": 0.01, "latency_ms": 3.0} | changes)


class FakeSystem:
    """Says what `say` returns for a case and try; None of it is remembered but the count of calls."""

    def __init__(
        self,
        say: Callable[[Case, int], Reply | Failed] | None = None,
        *,
        name: str = "baseline",
        request: Callable[[Case], str] | None = None,
        worst: float | None = 0.01,
        cacheable: bool = True,
        takes_s: float = 0.0,
        endpoint: str | None = None,
    ) -> None:
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.in_flight = self.most_in_flight = 0
        self.started = self.closed = False
        self._say = say or (lambda case, repeat: a_reply())
        self._name, self._request, self._worst, self._cacheable = name, request, worst, cacheable
        self._takes_s, self._endpoint = takes_s, endpoint

    def spec(self) -> SystemSpec:
        return SystemSpec(
            name=self._name, kind="fake", parameters={}, digest=f"digest-{self._name}", cacheable=self._cacheable
        )

    def request_digest(self, case: Case) -> str | None:
        return self._request(case) if self._request else None

    def estimate(self, case: Case) -> Estimate:
        return Estimate(input_tokens=10, output_tokens=5, worst_cost=self._worst)

    def endpoint(self) -> str | None:
        return self._endpoint

    async def start(self) -> None:
        self.started = True

    def at_once(self) -> int | None:
        return None

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:
        self.calls[case.case_id] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._takes_s)
            return self._say(case, repeat)
        finally:
            self.in_flight -= 1

    async def aclose(self) -> None:
        self.closed = True


class FakeScorer:
    """Gives `mark(answer)`; a judge where `judge` is named."""

    def __init__(
        self,
        mark: Callable[[Answered], Score | float] = lambda answer: 1.0,
        *,
        name: str = "correct",
        judge: str | None = None,
        cost: float | None = 0.0,
        kind: MetricKind = "binary",
    ) -> None:
        self.calls = 0
        self.started = False
        self._mark, self._name, self._judge, self._cost, self._kind = mark, name, judge, cost, kind

    def metric(self) -> Metric:
        return a_metric(self._name, judge=self._judge, kind=self._kind)

    def estimate(self, case: Case) -> Estimate:
        return Estimate(worst_cost=self._cost)

    async def start(self) -> None:
        self.started = True

    async def score(self, case: Case, answer: Answered) -> Score:
        self.calls += 1
        marked = self._mark(answer)
        if not isinstance(marked, float):
            return marked
        return Scored(case_id=case.case_id, repeat=answer.repeat, metric=self._name, value=marked, cost=self._cost)

    async def aclose(self) -> None:
        pass


class MemoryJournal:
    """See `llmci.seams.Journal`."""

    def __init__(self, entries: Sequence[Answer | Score] = ()) -> None:
        self.written: list[Answer | Score] = list(entries)

    def entries(self) -> Sequence[Answer | Score]:
        return list(self.written)

    def append(self, entry: Answer | Score) -> None:
        self.written.append(entry)


class MemoryCache:
    """See `llmci.seams.AnswerCache`."""

    def __init__(self) -> None:
        self.answers: dict[str, Answered] = {}
        self.scores: dict[str, Scored] = {}

    def answer(self, key: str) -> Answered | None:
        return self.answers.get(key)

    def keep_answer(self, key: str, answer: Answered) -> None:
        self.answers[key] = answer

    def score(self, key: str) -> Scored | None:
        return self.scores.get(key)

    def keep_score(self, key: str, score: Scored) -> None:
        self.scores[key] = score


def scrub(texts: Sequence[str], case: Case) -> list[CleanText]:
    """A cleaner that knows one name."""
    return [sanitized(text.replace("Ana", "<name>")) for text in texts]


def some_cases(count: int, **changes: Any) -> list[Case]:
    return [a_case(f"c{number:03}", f"question {number}", weight=1 / count, **changes) for number in range(count)]


def a_job(cases: Sequence[Case] | None = None, *, scorers: Sequence[Any] | None = None, **changes: Any) -> BenchJob:
    cases = list(cases) if cases is not None else some_cases(4)
    settings = {name: changes.pop(name) for name in list(changes) if name in BenchSettings.__dataclass_fields__}
    fields: dict[str, Any] = {
        "evalset": an_evalset(cases),
        "cases": cases,
        "settings": BenchSettings(**{"retries": 0} | settings),
        "scorers": [FakeScorer()] if scorers is None else scorers,
        "cleaner": scrub,
        "policy": "policy",
        "cache": None,
        "retry_errors": False,
        "clock": lambda: NOON,
        "environment": {},
        "progress": Silent(),
    }
    return BenchJob(**fields | changes)


def an_entrant(system: FakeSystem, journal: MemoryJournal | None = None) -> Entrant:
    return Entrant(run_id=f"run-{system.spec().name}", system=system, journal=journal or MemoryJournal())


async def run(job: BenchJob, *systems: FakeSystem) -> BenchResult:
    """The whole stage, with journals that nobody takes up."""
    return await bench(job, [an_entrant(system) for system in systems])
