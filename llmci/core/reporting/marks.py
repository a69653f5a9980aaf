"""Outcomes as a sign, a word and a tone, so that nobody has to tell them by colour."""

from __future__ import annotations

from llmci.core.reporting.view import Change, Mark
from llmci.domain.verdict import Outcome

OUTCOMES = {
    Outcome.PASSED: Mark(word="passed", sign="✓", emoji="✅", tone="good"),
    Outcome.REGRESSED: Mark(word="regressed", sign="✕", emoji="❌", tone="bad"),
    Outcome.INCONCLUSIVE: Mark(word="not enough evidence", sign="?", emoji="⚪", tone="unsure"),
    Outcome.NOT_COMPARABLE: Mark(word="not comparable", sign="≠", emoji="⛔", tone="unsure"),
    Outcome.NO_EVIDENCE: Mark(word="no evidence", sign="!", emoji="⛔", tone="unsure"),
}

CHANGES = {
    Change.REGRESSED: Mark(word="worse", sign="▼", emoji="❌", tone="bad"),
    Change.ERRORED: Mark(word="no answer", sign="!", emoji="❌", tone="bad"),
    Change.IMPROVED: Mark(word="better", sign="▲", emoji="✅", tone="good"),
    Change.FAILING: Mark(word="still wrong", sign="✕", emoji="⚪", tone="unsure"),
    Change.UNSCORED: Mark(word="not scored", sign="-", emoji="⚪", tone="none"),
    Change.UNCHANGED: Mark(word="unchanged", sign="=", emoji="⚪", tone="none"),
}
