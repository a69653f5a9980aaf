"""One result of another evaluation runner, as its file tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.run import Fault


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result of another runner.

    Attributes:
        where: Where it stands, such as "line 7".
        values: Its columns by name.
        scores: Columns that the runner itself calls scores, each with a text that is equal where the
            same thing decided it (assertion, threshold, judge); empty in a table, which cannot say.
        input: Digest of what was asked; None where the file does not say.
        by_input: The runner gives its cases no id: the column `id` is a digest of the input.
        group: Results of the same group depend on each other; None where each stands alone.
        fault: Whose fault it is that there is no answer; None where there is one.
        why: What went wrong, without user text.
        output: What the system answered; nobody has sanitized it, so it may be counted and not shown.
        tools: Names of the tools that it called.
        at: When it was measured, ISO 8601; None where the file does not say.
    """

    where: str
    values: Mapping[str, object]
    scores: Mapping[str, str] = field(default_factory=dict)
    input: str | None = None
    by_input: bool = False
    group: str | None = None
    fault: Fault | None = None
    why: str = ""
    output: str | None = None
    tools: tuple[str, ...] = ()
    at: str | None = None
