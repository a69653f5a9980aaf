"""How long an agent keeps to the way that was recorded, and where it leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci import seams
from llmci.adapters.scorers.rule import Marked, NoMark, RuleScorer
from llmci.adapters.scorers.tool_calls import calls_of
from llmci.core.bench.tool_tape import parting

if TYPE_CHECKING:
    from typing import ClassVar

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind


class ToolPathOptions(seams.Options):
    """What is compared.

    Attributes:
        arguments: Arguments count; otherwise names alone do.
        expectation: Name of the expectation that holds the recorded calls of a case: a list of objects with `name`
            and `arguments`, such as `tool_results` or `tool_calls`.
    """

    arguments: bool = True
    expectation: str = "tool_results"


class ToolPathScorer(RuleScorer[ToolPathOptions]):
    """The share of the way that was kept: recorded calls made in their order before the first other one, of the longer of both ways.

    1 is the very same way. The reason names the first call that differs.
    """

    Options = ToolPathOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | Marked | NoMark:
        """See `RuleScorer.mark`."""
        given = case.expectations.get(self.options.expectation)
        if not isinstance(given, (list, tuple)) or not all(isinstance(item, dict) for item in given):
            return NoMark(f"the case has no expectation {self.options.expectation!r} that is a list of calls")
        recorded = [(str(item.get("name") or ""), item.get("arguments")) for item in given]
        made = [(str(call["name"]), call["arguments"]) for call in calls_of(answer)]
        kept, why = parting(recorded, made, arguments=self.options.arguments)
        return 1.0 if why is None else Marked(kept / max(len(recorded), len(made)), why)
