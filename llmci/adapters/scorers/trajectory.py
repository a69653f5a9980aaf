"""Whether an agent went the way it should: which tools it used, in which order, how often, and how well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.rule import Marked, NoMark, RuleScorer
from llmci.adapters.scorers.tool_calls import calls_of
from llmci.adapters.scorers.wording import strings
from llmci.core.canonical import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class TrajectoryOptions(seams.Options):
    """What the way must be like; at least one of these is to be said.

    Attributes:
        expectation: Name of the expectation that holds the tools that a case needs; they may be
            called more often, and others in between.
        needed: Tools that every case needs.
        ordered: They are needed in the order in which they are named.
        forbidden: Tools that must not be called.
        max_calls: Most calls.
        max_same: Most calls with the same name and arguments.
        max_errors: Most calls whose result was an error.
    """

    expectation: str = "trajectory"
    needed: tuple[str, ...] = ()
    ordered: bool = False
    forbidden: tuple[str, ...] = ()
    max_calls: int | None = Field(default=None, ge=0)
    max_same: int | None = Field(default=None, ge=1)
    max_errors: int | None = Field(default=None, ge=0)


class TrajectoryScorer(RuleScorer[TrajectoryOptions]):
    """1 if every check holds; the reason says which does not."""

    Options = TrajectoryOptions

    def mark(self, case: Case, answer: Answered) -> float | Marked | NoMark:
        """See `RuleScorer.mark`."""
        options = self.options
        needed = strings(case.expectations.get(options.expectation)) or options.needed
        limits = (options.max_calls, options.max_same, options.max_errors)
        if not needed and not options.forbidden and limits == (None, None, None):
            return NoMark(f"the case has no expectation {options.expectation!r}")
        wrong = list(self._wrong(answer, needed))
        return Marked(0.0, "; ".join(wrong)) if wrong else 1.0

    def _wrong(self, answer: Answered, needed: Sequence[str]) -> Iterator[str]:
        options, calls = self.options, calls_of(answer)
        names = [str(call["name"]) for call in calls]
        missing = [name for name in dict.fromkeys(needed) if name not in names]
        if missing:
            yield f"not called: {', '.join(missing)}"
        elif options.ordered and not _in_order(needed, names):
            yield f"not in the order {', '.join(needed)}"
        if used := [name for name in options.forbidden if name in names]:
            yield f"called, although forbidden: {', '.join(used)}"
        if options.max_calls is not None and len(calls) > options.max_calls:
            yield f"{len(calls)} calls, {options.max_calls} allowed"
        most = max(Counter(digest_of(call) for call in calls).values(), default=0)
        if options.max_same is not None and most > options.max_same:
            yield f"the same call {most} times, {options.max_same} allowed"
        errors = sum(bool(part.is_error) for message in answer.messages for part in message.parts)
        if options.max_errors is not None and errors > options.max_errors:
            yield f"{errors} calls failed, {options.max_errors} allowed"


def _in_order(needed: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the needed names are a subsequence of the names."""
    rest = iter(names)
    return all(name in rest for name in needed)
