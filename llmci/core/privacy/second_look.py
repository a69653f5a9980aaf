"""A second pass over what is about to be written, with recognizers that believe more: what may have been missed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.core.privacy.detect import Unreadable
from llmci.core.privacy.masking import mask
from llmci.core.privacy.originals import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.privacy.detect import Detector
    from llmci.core.privacy.policy import Policy

# Far below what a first pass needs: a missed value is worse here than a false one.
_MIN_SCORE = 0.2
# A shape of fewer letters and digits says nothing.
_SHORTEST = 4


@dataclass(slots=True)
class SecondLook:
    """Looks at the distinct texts of one shard.

    Attributes:
        detector: Of the recall-biased configuration.
        policy: Of the first pass: what it keeps is no candidate.
        most_chars: Looks at no new text once so many characters are looked at; None for all of them.
        most_in_trace: Candidates that a trace may have; None for any number.
        looked_at: Candidates by text, as kind and masked shape.
        chars: Looked at.
        passed_over: Distinct texts that were not looked at for `most_chars`.
    """

    detector: Detector
    policy: Policy
    most_chars: int | None
    most_in_trace: int | None = None
    looked_at: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    chars: int = 0
    passed_over: set[int] = field(default_factory=set)

    def search_ahead(self, kept: Iterable[str]) -> None:
        """Search at once what `refusal` is about to look at in this order; see `Detector.search_ahead`."""
        new: dict[str, None] = {}
        chars = self.chars
        for text in kept:
            if self._is_enough(chars):
                break
            if text not in new and text not in self.looked_at:
                new[text] = None
                chars += len(text)
        self.detector.search_ahead((text, None, None) for text in new)

    def refusal(self, kept: Iterable[str]) -> str | None:
        """Look at the texts of a trace, surrogates masked; says why the trace is to be held back, if it is."""
        found: Counter[str] = Counter()
        for text in dict.fromkeys(kept):
            found.update(kind for kind, _ in self._candidates(text))
        if self.most_in_trace is None or found.total() <= self.most_in_trace:
            return None
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.items()))
        return f"the second pass suspects {found.total()} more values: {kinds}"

    def counts(self) -> Counter[tuple[str, str]]:
        """In how many distinct texts each candidate stands, by kind and shape."""
        return Counter(candidate for found in self.looked_at.values() for candidate in set(found))

    def _candidates(self, text: str) -> tuple[tuple[str, str], ...]:
        known = self.looked_at.get(text)
        if known is not None:
            return known
        if self._is_enough(self.chars):
            self.passed_over.add(hash(text))
            return ()
        self.chars += len(text)
        found = self.looked_at[text] = tuple(self._search(text))
        return found

    def _is_enough(self, chars: int) -> bool:
        return self.most_chars is not None and chars >= self.most_chars

    def _search(self, text: str) -> Iterable[tuple[str, str]]:
        looked = self.detector.look(text, None, None)
        if isinstance(looked, Unreadable):
            yield ("UNREADABLE", "")
            return
        for piece, spans in looked.pieces:
            at = 0
            for span in sorted(self.policy.outside_allowed(list(spans), piece.text), key=lambda s: (s.start, -s.end)):
                value = piece.text[span.start : span.end]
                if (
                    span.start >= at
                    and span.score >= _MIN_SCORE
                    and MASK not in value
                    and sum(c.isalnum() for c in value) >= _SHORTEST
                    and self.policy.operator_of(span.kind) != "keep"
                ):
                    at = span.end
                    yield (span.kind, mask(value))
