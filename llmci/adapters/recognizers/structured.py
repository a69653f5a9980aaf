"""What structure and shape say: keys of records, cues in sentences, the form of addresses and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from llmci import seams
from llmci.adapters.recognizers.addresses import completed
from llmci.adapters.recognizers.formats import formats
from llmci.adapters.recognizers.keys import fits, kind_of, pairs, plain_key
from llmci.adapters.recognizers.locales import of_locales
from llmci.adapters.recognizers.naming import named
from llmci.adapters.recognizers.people import looks_like_a_person
from llmci.adapters.recognizers.phones import alone, phones
from llmci.adapters.recognizers.shapes import shapes
from llmci.adapters.recognizers.tables import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.seams import Leaf, Span

# Raised whenever a rule changes: clean shards are then made anew.
_RULES = 10
_LONGEST_VALUE = 200
_NAME_KEYS = frozenset(
    {"name", "customer", "passenger", "patient", "client", "contact", "recipient", "sender", "guest"}
)


class StructuredRecognizer:
    """Finds personal data by where it stands and by the form of the text around it."""

    class Options(seams.Options):
        """What the project knows of its own records.

        Attributes:
            keys: Key to entity type, beside the built-in ones, such as {"loyalty_no": "USER_ID"}.
            names: First names that are not in the built-in list.
            regions: Countries whose telephone numbers are known without a leading +.
            locales: Languages whose labels, dates and telephone numbers are known: en, es, de, fr.
        """

        keys: dict[str, str] = Field(default_factory=dict)
        names: tuple[str, ...] = ()
        regions: tuple[str, ...] = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "AU")
        locales: tuple[str, ...] = ("en",)

    def __init__(self, options: Options, context: seams.Context) -> None:  # noqa: ARG002  every adapter takes one
        self._keys = {plain_key(key): kind for key, kind in options.keys.items()}
        self._names = frozenset(name.casefold() for name in options.names)
        self._regions = options.regions
        self._locales = options.locales

    @property
    def version(self) -> str:
        """See `Recognizer.version`."""
        return f"structured/{_RULES}"

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`."""
        found: list[list[Span]] = [[] for _ in leaves]
        prose = []
        for at, leaf in enumerate(leaves):
            one = self._whole(leaf)
            if one is None:
                prose.append(at)
            else:
                found[at].append(one)
        names = named([(leaves[at].text, leaves[at].key) for at in prose], self._names)
        for at, spans in zip(prose, names, strict=True):
            text = leaves[at].text
            for span in (*self._shaped(text), *spans):
                if span.kind == "ADDRESS":
                    found[at] += completed(text, span)
                else:
                    found[at].append(span)
            # A key would say what the number is.
            if leaves[at].key is None:
                found[at] += alone(text)
        return found

    def _whole(self, leaf: Leaf) -> Span | None:
        """What its key says of the whole text."""
        text = leaf.text
        kind = kind_of(leaf.key, self._keys)
        if kind is not None and fits(kind, text):
            return seams.Span(0, len(text), kind, 1.0, "structured.key")
        if (
            leaf.key is not None
            and plain_key(leaf.key) in _NAME_KEYS
            and len(text) <= _LONGEST_VALUE
            and looks_like_a_person(text, self._names)
        ):
            return seams.Span(0, len(text), "PERSON", 0.9, "structured.key")
        return None

    def _shaped(self, text: str) -> Iterator[Span]:
        yield from pairs(text, self._keys)
        yield from tables(text, self._keys)
        yield from shapes(text)
        yield from formats(text)
        yield from phones(text, self._regions)
        yield from of_locales(text, self._locales)
