"""`extends:`, by which a candidate says only what differs from the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.configuration.document import path as words
from llmci.core.configuration.mistakes import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.configuration.document import Document


def extended(
    name: str, given: Mapping[str, dict[str, Any]], document: Document, *, seen: tuple[str, ...] = ()
) -> dict[str, Any] | None:
    """The system laid over the one that it extends, if it does; mappings are merged key by key.

    Returns None, and notes the mistake, where that cannot be done. `seen` are the systems on the way here.
    """
    block = dict(given[name])
    parent = block.pop("extends", None)
    if parent is None:
        return block
    at = ("systems", name, "extends")
    if parent not in given:
        known = [other for other in given if other != name]
        document.wrong(at, f"{words(at)} is {shown(parent)}, which is no system", nearest(str(parent), known))
        return None
    if parent in (*seen, name):
        circle = (*seen, name)[(*seen, name).index(parent) :]
        first = circle.index(min(circle))  # a circle is told once, wherever it was entered
        way = " → ".join((*circle[first:], *circle[:first], circle[first]))
        at = ("systems", circle[first], "extends")
        document.wrong(at, f"systems extend each other in a circle: {way}", "Take one `extends:` out.")
        return None
    below = extended(parent, given, document, seen=(*seen, name))
    return None if below is None else _overlay(below, block)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged
