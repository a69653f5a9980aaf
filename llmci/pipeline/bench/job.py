"""What a bench is told, and what it gives back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from llmci.core.bench.schedule import at_once
from llmci.seams import PairScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from llmci.core.bench.schedule import Schedule
    from llmci.core.privacy.replies import Cleaner
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Metric, Run
    from llmci.domain.settings import BenchSettings
    from llmci.seams import AnswerCache, Cassette, Journal, Progress, Scorer, System

Halt = Literal["budget", "interrupted", "given up"]

HALTS: Mapping[Halt, str] = {
    "budget": "the budget has no room for another",
    "interrupted": "interrupted",
    "given up": "the infrastructure fails again and again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A system that takes part, and where its run is written down as it goes."""

    run_id: str
    system: System
    journal: Journal


class Stop:
    """Set from outside, or by the stage itself: no further call is made, those in flight come home."""

    def __init__(self) -> None:
        self.why: Halt | None = None
        # The last fault before a bench was given up.
        self.because: str | None = None
        self._set = asyncio.Event()

    def set(self, why: Halt) -> None:
        """The first reason stands, unless the user has one."""
        if self.why is None or why == "interrupted":
            self.why = why
            self._set.set()

    async def within(self, seconds: float) -> bool:
        """Wait so long; True as soon as it is set."""
        try:
            await asyncio.wait_for(self._set.wait(), seconds)
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class BenchJob:
    """What is to be done.

    Attributes:
        evalset: The set that the cases are from.
        cases: Those that may be asked.
        schedule: In which order, and when the gates are asked; by default all cases, then one look.
        decided: Asked between the batches of a schedule with several looks, with the runs so far:
            whether further answers could change nothing.
        search_ahead: Searches many texts at once, before they are cleaned one answer after the other.
        policy: Digest of how answers are sanitized; cached answers of another policy are not used.
        cache: None asks everything anew.
        tape: Cassette that is recorded or played; None is neither.
        allow_unknown_cost: Make calls whose cost nobody knows in spite of a budget, which then holds for the others.
        retry_errors: Forget the failures that the journals hold.
        clock: Gives the time, UTC.
        deciding: The metric under which progress tells how the candidate stands; None tells nothing.
        known: Run of a baseline that is not asked.
        environment: What the runs say of where they were made.
    """

    evalset: EvalSet
    cases: Sequence[Case]
    settings: BenchSettings
    scorers: Sequence[Scorer]
    cleaner: Cleaner
    policy: str
    cache: AnswerCache | None
    retry_errors: bool
    clock: Callable[[], datetime]
    environment: Mapping[str, str]
    progress: Progress
    tape: Cassette | None = None
    search_ahead: Callable[[Sequence[str]], None] = lambda texts: None  # noqa: ARG005
    allow_unknown_cost: bool = False
    deciding: str | None = None
    known: Run | None = None
    stop: Stop = field(default_factory=Stop)
    schedule: Schedule | None = None
    decided: Callable[[Sequence[Run]], bool] = lambda runs: False  # noqa: ARG005

    def planned(self) -> Schedule:
        """The schedule that is kept."""
        settings = self.settings
        return self.schedule or at_once(self.cases, tries=settings.repeat, seed=settings.seed)

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Of the scorers, in their order: asked once, because they are digests."""
        return tuple(scorer.metric() for scorer in self.scorers)

    @cached_property
    def pairwise(self) -> frozenset[str]:
        """Names of the metrics that need the baseline's answer as well."""
        found = zip(self.scorers, self.metrics, strict=True)
        return frozenset(metric.name for scorer, metric in found if isinstance(scorer, PairScorer))

    @property
    def played(self) -> Cassette | None:
        """The cassette, where it is played: nobody is asked then."""
        return self.tape if self.tape is not None and self.tape.replays else None

    def halt(self, why: Halt) -> None:
        """Make no further calls."""
        if self.stop.why != why:
            self.stop.set(why)
            self.progress.note(f"no further calls: {HALTS[why]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """The runs, in the order of the entrants.

    Attributes:
        spent: US dollars that this bench itself took; answers from the cache cost nothing again.
        spent_on_judges: What judges took of that.
        unknown_cost_calls: Calls whose cost nobody knows; `spent` leaves them out.
        called: Calls that were made, retries included.
        reused: Answers that came from the cache, from a journal or from a cassette.
        cached: Those of them that came from the cache.
        verdicts_cached: Verdicts of judges that came from the cache.
        halted: Why no further calls were made; None when all was done.
        unfinished: Systems with failures that another try could mend.
    """

    runs: tuple[Run, ...]
    spent: float
    spent_on_judges: float
    unknown_cost_calls: int
    called: int
    reused: int
    cached: int
    verdicts_cached: int
    halted: Halt | None
    unfinished: tuple[str, ...]
