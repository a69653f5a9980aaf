"""What becomes of a finding: which operator takes its place, and which findings count at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.privacy.surrogate import Surrogates
    from llmci.domain.finding import Span
    from llmci.domain.settings import Operator, SanitizeSettings

# What carries the task and names nobody stays; a secret has no realistic stand-in worth having.
DEFAULT_POLICY: Mapping[str, Operator] = {
    "LOCATION": "keep",
    "ORGANIZATION": "keep",
    "NRP": "keep",
    "DATE_TIME": "keep",
    "URL": "keep",
    "SECRET": "placeholder",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What is removed, and how.

    Attributes:
        operators: Of the kinds that are not treated as all others.
        operator: Of all others.
        min_score: Findings below it are ignored.
        allow: Texts that are never personal data, in lower case.
        deny: Texts that always are.
    """

    operators: Mapping[str, Operator]
    operator: Operator
    min_score: float
    allow: frozenset[str]
    deny: tuple[str, ...]

    def operator_of(self, kind: str) -> Operator:
        """The operator of a kind."""
        return self.operators.get(kind, self.operator)

    def removes(self, span: Span, value: str) -> bool:
        """Whether a finding is to be replaced."""
        return (
            span.score >= self.min_score
            and self.operator_of(span.kind) != "keep"
            and not (self.allow and value.strip().casefold() in self.allow)
        )

    def allowed_in(self, text: str) -> list[tuple[int, int]]:
        """Where allowed texts stand."""
        folded = text.lower() if self.allow else ""
        if len(folded) != len(text):
            return []
        return [
            match.span()
            for one in sorted(self.allow)
            if one in folded
            for match in re.finditer(rf"(?<!\w){re.escape(one)}(?!\w)", folded)
        ]

    def outside_allowed(self, spans: list[Span], text: str) -> list[Span]:
        """Those findings that are no part of an allowed text: `Ada` of "Ada Lovelace" is none on its own."""
        if not self.allow:
            return spans
        allowed = self.allowed_in(text)
        return [s for s in spans if not any(start <= s.start and s.end <= end for start, end in allowed)]


def policy_of(settings: SanitizeSettings) -> Policy:
    """The policy that the settings ask for."""
    return Policy(
        operators={**DEFAULT_POLICY, **settings.policy},
        operator=settings.operator,
        min_score=settings.min_score,
        allow=frozenset(text.strip().casefold() for text in settings.allow),
        deny=settings.deny,
    )


def replacement(operator: Operator, kind: str, value: str, surrogates: Surrogates) -> str:
    """What takes the place of a value."""
    match operator:
        case "surrogate":
            made = surrogates.of(kind, value)
        case "placeholder":
            made = f"[{kind}_{surrogates.hashed(kind, value, 8)}]"
        case "hash":
            made = surrogates.hashed(kind, value)
        case "encrypt":
            made = surrogates.sealed(kind, value)
        case "mask":
            made = re.sub(r"\w", "*", value)
        case "redact":
            made = ""
        case "keep":
            made = value
    return made
