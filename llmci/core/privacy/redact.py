"""A conversation's texts to clean ones: find, resolve, remember, replace, audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.core.privacy.audit import MASK, is_broken, survivor
from llmci.core.privacy.detect import Looked, Unreadable
from llmci.core.privacy.flatten import IDENTITIES, LABELS
from llmci.core.privacy.jsontext import edited, lifted
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.policy import replacement
from llmci.core.privacy.resolve import resolved
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.core.privacy.detect import Detector
    from llmci.core.privacy.flatten import Text
    from llmci.core.privacy.jsontext import Edit, Piece
    from llmci.core.privacy.policy import Policy
    from llmci.core.privacy.surrogate import Surrogates

# Shorter ids, and those of one common word, stand in other texts without meaning anybody.
_SHORTEST_ID = 6
_SURE = 0.9
# What may be called like a person.
_PLACES = frozenset({"LOCATION", "ORGANIZATION"})
_NO_LABEL = frozenset({"EMAIL_ADDRESS", "SECRET", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "USER_ID"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was replaced: where, what kind, by whom found; and its value, never to be shown."""

    path: str
    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """Clean texts, in the order given, and what was removed from them."""

    texts: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Texts that cannot be made clean, and why; no user text in it."""

    why: str


@dataclass(frozen=True, slots=True)
class Redactor:
    """Everything that redacting takes."""

    detector: Detector
    policy: Policy
    surrogates: Surrogates

    def learned(self, texts: Sequence[Text], memory: Memory) -> Unreadable | None:
        """Search texts and remember what is found; gives the reason where one cannot be searched."""
        for text in texts:
            looked = self.looked(text)
            if isinstance(looked, Unreadable):
                return looked
            memory.learn(self._removed(looked, sure=True))
            memory.learn(self._removed(looked, sure=False), sure=False)
            memory.doubt(
                piece.text[span.start : span.end]
                for piece, spans in looked.pieces
                for span in spans
                if span.kind in _PLACES and span.score >= self.policy.min_score
            )
            if text.column in IDENTITIES and _is_telling(text.text):
                memory.learn([("USER_ID", text.text)])
        memory.learn(("DENIED", denied) for denied in self.policy.deny)
        return None

    def redact(
        self, texts: Sequence[Text], memory: Memory, exempt: Callable[[str], bool] | None = None
    ) -> Redacted | Withheld:
        """Replace everything found in these texts or remembered, and check that it is gone.

        Args:
            texts: All texts of one trace, or of one answer.
            memory: What was found in them, and elsewhere in their conversation; see `learned`.
            exempt: Values that stay.
        """
        work = _Work(self, memory, exempt)
        for text in texts:
            if (why := work.add(text)) is not None:
                return Withheld(why)
        removed = [(finding.span.kind, finding.value) for finding in work.findings]
        if (kind := survivor(work.kept, work.memory_of_removed(), removed)) is not None:
            return Withheld(f"the audit found a survivor of kind {kind}")
        return Redacted(tuple(work.clean), tuple(work.findings))

    def spans_in(
        self, piece: Piece, found: Sequence[Span], memory: Memory, exempt: Callable[[str], bool] | None
    ) -> list[Span]:
        """What is removed from a piece: findings of its own and remembered ones, without overlaps."""
        own, recalled = (
            [
                span
                for span in spans
                if self.policy.removes(span, value := piece.text[span.start : span.end])
                and not (exempt is not None and exempt(value))
            ]
            for spans in (found, memory.recall(piece.text, found))
        )
        return resolved(own, recalled) if own or recalled else []

    def looked(self, text: Text) -> Looked | Unreadable:
        """Search a text; in labels such as a release, only what can be no label counts."""
        looked = self.detector.look(text.text, text.key, text.role)
        if isinstance(looked, Unreadable) or text.column not in LABELS:
            return looked
        return Looked(
            tuple((piece, tuple(span for span in found if span.kind in _NO_LABEL)) for piece, found in looked.pieces)
        )

    def _removed(self, looked: Looked, *, sure: bool) -> list[tuple[str, str]]:
        return [
            (span.kind, value)
            for piece, spans in looked.pieces
            for span in spans
            if (span.score >= _SURE) == sure and self.policy.removes(span, value := piece.text[span.start : span.end])
        ]


@dataclass(slots=True)
class _Work:
    redactor: Redactor
    memory: Memory
    exempt: Callable[[str], bool] | None
    clean: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, text: Text) -> str | None:
        """Redact one text; gives the reason where that fails."""
        if text.column in IDENTITIES:
            self.clean.append(f"id-{self.redactor.surrogates.hashed('identity', text.text)}")
            self.findings.append(Finding(text.path, Span(0, len(text.text), "USER_ID", 1.0, "identity"), text.text))
            return None
        looked = self.redactor.looked(text)
        if isinstance(looked, Unreadable):
            return looked.why
        edits, masks = self._edits(text, looked)
        clean = edited(text.text, edits)
        if is_broken(text.text, clean):
            return "a text was JSON and would be none any more"
        self.clean.append(clean)
        self.kept.append(edited(text.text, masks))
        return None

    def _edits(self, text: Text, looked: Looked) -> tuple[list[Edit], list[Edit]]:
        edits, masks = [], []
        for piece, found in looked.pieces:
            for span in self.redactor.spans_in(piece, found, self.memory, self.exempt):
                value = piece.text[span.start : span.end]
                operator = self.redactor.policy.operator_of(span.kind)
                made = replacement(operator, span.kind, value, self.redactor.surrogates)
                edits.append(lifted(piece, span.start, span.end, made))
                masks.append(lifted(piece, span.start, span.end, MASK))
                self.findings.append(Finding(text.path, span, value))
        return edits, masks

    def memory_of_removed(self) -> Memory:
        """What the audit looks for: all that was remembered, but for what may stay."""
        if self.exempt is None:
            return self.memory
        removed = Memory(places=set(self.memory.places))
        for sure in (True, False):
            found = [f for f in self.findings if (f.span.score >= _SURE) == sure]
            removed.learn(((f.span.kind, f.value) for f in found), sure=sure)
        exempt = {text for text in removed.needles if self.exempt(text)}
        needles = {text: needle for text, needle in removed.needles.items() if text not in exempt}
        return Memory(needles, removed.numbers - exempt, removed.places)


def _is_telling(identity: str) -> bool:
    return len(identity) >= _SHORTEST_ID and not identity.isalpha()
