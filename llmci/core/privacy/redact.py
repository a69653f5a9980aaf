"""A conversation's texts to clean ones: find, resolve, remember, replace, audit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from llmci.core.privacy.audit import Original, is_broken, originals, recalled, standing, views_of
from llmci.core.privacy.detect import Looked, Unreadable
from llmci.core.privacy.flatten import IDENTITIES, LABELS
from llmci.core.privacy.jsontext import edited, lifted
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.originals import MASK
from llmci.core.privacy.policy import replacement
from llmci.core.privacy.reading import dressed_like, plain
from llmci.core.privacy.resolve import resolved
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
# What a policy keeps because it carries the task, and what tells who somebody is when there is enough of it.
_ATTRIBUTES = frozenset({"LOCATION", "ORGANIZATION", "NRP", "DATE_TIME"})
_NO_LABEL = frozenset({"EMAIL_ADDRESS", "SECRET", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "USER_ID"})


class Finding(NamedTuple):
    """Something that was replaced: where, what kind, by whom found; and its value, never to be shown."""

    path: str
    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """Clean texts, in the order given, and what was removed from them.

    Attributes:
        kept: The same texts with `MASK` in place of every replacement; empty where nothing was kept.
        attributes: Kind and keyed digest of what the policy keeps though it may tell who somebody is.
    """

    texts: tuple[str, ...]
    findings: tuple[Finding, ...]
    kept: tuple[str, ...] = ()
    attributes: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Withheld:
    """Texts that cannot be made clean, and why; no user text in it."""

    why: str


@dataclass(slots=True)
class _Clean:
    """What became of a text.

    Attributes:
        text: Clean.
        views: What was kept of it, in each way that a reader may see it; see `audit`.
        found: What was replaced, and its value.
        attributes: See `Redacted`.
        recalled: Whether memory was asked for it by the audit.
        checked: So many of the removed values were searched for in it.
    """

    text: str
    views: tuple[str, ...]
    found: list[tuple[Span, str]]
    attributes: tuple[tuple[str, str], ...] = ()
    recalled: bool = False
    checked: int = 0


@dataclass(slots=True)
class Settled:
    """What became of texts under one memory, so that a history that every trace repeats is redacted once.

    Attributes:
        texts: By text, column and role.
        removed: What was replaced in any of them, in the forms that must not survive; in order.
    """

    texts: dict[tuple[str, str, str | None], _Clean] = field(default_factory=dict)
    removed: dict[Original, None] = field(default_factory=dict)

    def is_new(self, text: Text) -> bool:
        """Whether nothing has become of a text yet."""
        return (text.text, text.column, text.role) not in self.texts

    def survivor(self, done: Sequence[_Clean], memory: Memory) -> str | None:
        """The kind of something that was found and still stands in what was kept of these texts."""
        count = len(self.removed)
        unchecked = [clean for clean in done if clean.checked < count or not clean.recalled]
        removed = list(self.removed) if unchecked else []
        for clean in unchecked:
            kind = None if clean.recalled else recalled(clean.views, memory)
            kind = kind or standing(clean.views, removed[clean.checked :])
            if kind is not None:
                return kind
            clean.recalled, clean.checked = True, count
        return None


@dataclass(frozen=True, slots=True)
class Redactor:
    """Everything that redacting takes."""

    detector: Detector
    policy: Policy
    surrogates: Surrogates

    def search_ahead(self, texts: Iterable[Text]) -> None:
        """Search many texts at once, before they are asked for one by one; see `Detector.search_ahead`."""
        self.detector.search_ahead((text.text, text.key, text.role) for text in texts)

    def learned(self, texts: Sequence[Text], memory: Memory) -> Unreadable | None:
        """Search texts and remember what is found; gives the reason where one cannot be searched."""
        for text in texts:
            looked = self.looked(text)
            if isinstance(looked, Unreadable):
                return looked
            sure, doubtful, places = self._told(looked)
            memory.learn(sure)
            memory.learn(doubtful, sure=False)
            memory.doubt(places)
            if text.column in IDENTITIES and _is_telling(text.text):
                memory.learn([("USER_ID", text.text)])
        if self.policy.deny:
            memory.learn(("DENIED", denied) for denied in self.policy.deny)
        return None

    def redact(
        self,
        texts: Sequence[Text],
        memory: Memory,
        exempt: Callable[[str], bool] | None = None,
        settled: Settled | None = None,
    ) -> Redacted | Withheld:
        """Replace everything found in these texts or remembered, and check that it is gone.

        Args:
            texts: All texts of one trace, or of one answer.
            memory: What was found in them, and elsewhere in their conversation; see `learned`.
            exempt: Values that stay.
            settled: What became of texts with this same memory before; is added to.
        """
        settled = Settled() if settled is None else settled
        if exempt is not None:
            memory = replace(memory, forms=_unsaid(memory.forms, exempt))
        findings: list[Finding] = []
        done: list[_Clean] = []
        for text in texts:
            clean = self._clean(text, memory, exempt, settled)
            if isinstance(clean, Unreadable):
                return Withheld(clean.why)
            done.append(clean)
            if clean.found:
                findings += [Finding(text.path, span, value) for span, value in clean.found]
        told = memory if exempt is None else _memory_of(findings, exempt, memory)
        if (kind := settled.survivor(done, told)) is not None:
            return Withheld(f"the audit found a survivor of kind {kind}")
        return Redacted(
            tuple(clean.text for clean in done),
            tuple(findings),
            tuple(clean.views[0] if clean.views else "" for clean in done),
            frozenset(attribute for clean in done for attribute in clean.attributes),
        )

    def _clean(
        self, text: Text, memory: Memory, exempt: Callable[[str], bool] | None, settled: Settled
    ) -> _Clean | Unreadable:
        asked = (text.text, text.column, text.role)
        known = settled.texts.get(asked)
        if known is not None:
            return known
        made = self._identity(text) if text.column in IDENTITIES else self._made(text, memory, exempt)
        if isinstance(made, _Clean):
            settled.texts[asked] = made
            settled.removed.update(
                dict.fromkeys(form for span, value in made.found for form in originals(span.kind, value))
            )
        return made

    def _identity(self, text: Text) -> _Clean:
        span = Span(0, len(text.text), "USER_ID", 1.0, "identity")
        return _Clean(f"id-{self.surrogates.hashed('identity', text.text)}", (), [(span, text.text)])

    def _made(self, text: Text, memory: Memory, exempt: Callable[[str], bool] | None) -> _Clean | Unreadable:
        looked = self.looked(text)
        if isinstance(looked, Unreadable):
            return looked
        edits, masks = [], []
        values: list[tuple[Span, str]] = []
        attributes: list[tuple[str, str]] = []
        for piece, found in looked.pieces:
            before = len(values)
            for span in self.spans_in(piece, found, memory, exempt):
                written = piece.text[span.start : span.end]
                value = _value(piece, span)
                made = replacement(self.policy.operator_of(span.kind), span.kind, value, self.surrogates)
                if value is not written and self.policy.operator_of(span.kind) == "surrogate":
                    made = dressed_like(written, made)
                edits.append(lifted(piece, span.start, span.end, made))
                masks.append(lifted(piece, span.start, span.end, MASK))
                values.append((span, value))
            masks += self._allowed(piece, [span for span, _ in values[before:]])
            attributes += self._attributes(piece, found)
        clean = edited(text.text, edits) if edits else text.text
        if is_broken(text.text, clean):
            return Unreadable("a text was JSON and would be none any more")
        views = tuple(views_of(edited(text.text, masks) if masks else text.text))
        return _Clean(clean, views, values, tuple(dict.fromkeys(attributes)))

    def _allowed(self, piece: Piece, removed: Sequence[Span]) -> Iterator[Edit]:
        """Masks of allowed texts: what stands in them is no survivor, though it is removed elsewhere."""
        at = 0
        for start, end in sorted(self.policy.allowed_in(piece.text)) if self.policy.allow else ():
            if start >= at and not any(span.start < end and start < span.end for span in removed):
                at = end
                yield lifted(piece, start, end, MASK)

    def _attributes(self, piece: Piece, found: Sequence[Span]) -> Iterator[tuple[str, str]]:
        for span in found:
            if (
                span.kind in _ATTRIBUTES
                and span.score >= self.policy.min_score
                and self.policy.operator_of(span.kind) == "keep"
            ):
                value = " ".join(_value(piece, span).casefold().split())
                yield span.kind, self.surrogates.hashed("attribute", value)

    def spans_in(
        self, piece: Piece, found: Sequence[Span], memory: Memory, exempt: Callable[[str], bool] | None
    ) -> list[Span]:
        """What is removed from a piece: findings of its own and remembered ones, without overlaps."""
        if not found and not memory.needles:
            return []
        own = self.counting(piece, found, exempt) if found else []
        recalled = _recalled(piece, found, memory)
        known = self.counting(piece, recalled, exempt) if recalled else []
        found = resolved(own, known) if own or known else []
        # Signs alone, beside what another finding covers, are nobody's.
        return (
            found
            if len(found) < 2
            else [span for span in found if any(map(str.isalnum, piece.text[span.start : span.end]))]
        )

    def counting(self, piece: Piece, spans: Sequence[Span], exempt: Callable[[str], bool] | None = None) -> list[Span]:
        """Those findings in a piece that the policy removes."""
        counting = [
            span
            for span in spans
            if self.policy.removes(span, value := _value(piece, span)) and not (exempt is not None and exempt(value))
        ]
        return self.policy.outside_allowed(counting, piece.text)

    def looked(self, text: Text) -> Looked | Unreadable:
        """Search a text; in labels such as a release, only what can be no label counts."""
        looked = self.detector.look(text.text, text.key, text.role)
        if isinstance(looked, Unreadable) or text.column not in LABELS:
            return looked
        return Looked(
            tuple((piece, tuple(span for span in found if span.kind in _NO_LABEL)) for piece, found in looked.pieces)
        )

    def _told(self, looked: Looked) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
        """What a text tells: kind and value of what is removed and sure, and of what is not sure; and names of places."""
        sure: list[tuple[str, str]] = []
        doubtful: list[tuple[str, str]] = []
        places: list[str] = []
        for piece, spans in looked.pieces:
            if not spans:
                continue
            for span in self.counting(piece, spans):
                (sure if span.score >= _SURE else doubtful).append((span.kind, _value(piece, span)))
            places += [
                _value(piece, span) for span in spans if span.kind in _PLACES and span.score >= self.policy.min_score
            ]
        return sure, doubtful, places


def _value(piece: Piece, span: Span) -> str:
    """A finding as it is read."""
    value = piece.text[span.start : span.end]
    return value if piece.reading is None else plain(value)


def _recalled(piece: Piece, found: Sequence[Span], memory: Memory) -> list[Span]:
    """What is remembered, in a text as it is written and as it is read."""
    recalled, reading = memory.recall(piece.text, found), piece.reading
    if reading is None:
        return recalled
    return [*recalled, *reading.written(memory.recall(reading.text, reading.read(found)))]


def _memory_of(findings: Sequence[Finding], exempt: Callable[[str], bool], memory: Memory) -> Memory:
    """What the audit looks for where values are exempt: what was removed and is not exempt, as doubtful as it was."""
    removed = Memory()
    removed.learn((finding.span.kind, finding.value) for finding in findings)
    needles = {text: memory.needles.get(text, needle) for text, needle in removed.needles.items() if not exempt(text)}
    numbers = {number for number in removed.numbers if number in needles}
    return Memory(needles, numbers, memory.places, _unsaid(removed.forms, exempt))


def _unsaid(forms: Mapping[tuple[str, ...], str], exempt: Callable[[str], bool]) -> dict[tuple[str, ...], str]:
    """Forms with a word that is not exempt: the others put together what was said, in whatever order."""
    return {words: kind for words, kind in forms.items() if not all(map(exempt, words))}


def _is_telling(identity: str) -> bool:
    return len(identity) >= _SHORTEST_ID and not identity.isalpha()
