"""What instrumentations uploaded instead of writing it into a span, which keeps a reference to it.

OpenTelemetry's `opentelemetry-util-genai` writes each list (messages, instructions, tools) to a file of its
own, as one JSON array or a line an item, and its address into `gen_ai.input.messages_ref` and its kin.
Only the name of a file is taken from an address: where it lies says the configuration, not the span.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from llmci.storage import place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.core.traces.otlp import Span

_REFERENCES = {
    f"{name}_ref": name
    for name in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions")
}  # fmt: skip
# Instructions and tools are named by their content, and many spans refer to one file.
_REMEMBERED, _SMALL = 256, 1 << 16
# Written into each line, beside what is the item's own.
_INDEX = "index"


class Uploads:
    """Uploaded files.

    Args:
        where: Their directory or URI; None where nothing is to be fetched.
        root: What a directory starts from.
        limit: Most bytes of one.
    """

    def __init__(self, where: str | None, root: Path, limit: int) -> None:
        self._base, self._limit = (place(where, root) if where else None), limit
        self._seen: dict[str, str] = {}

    def told(self, spans: Sequence[Span]) -> tuple[list[Span], bool]:
        """The spans with what they refer to, and whether something of it is not to be had."""
        found, lacks = [], False
        for span in spans:
            attributes, missed = self._filled(span.attributes)
            lacks |= missed
            events = []
            for event in span.events:
                inner, missed = self._filled(event.attributes)
                lacks |= missed
                events.append(event if inner is event.attributes else replace(event, attributes=inner))
            found.append(replace(span, attributes=attributes, events=tuple(events)))
        return found, lacks

    def _filled(self, attributes: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        if _REFERENCES.keys().isdisjoint(attributes):
            return attributes, False
        found, lacks = dict(attributes), False
        for reference, name in _REFERENCES.items():
            if found.get(reference) is None or found.get(name) is not None:
                continue
            content = self._content(str(found[reference]).rpartition("/")[2])
            if content is None:
                lacks = True
            else:
                found[name] = content
        return found, lacks

    def _content(self, name: str) -> str | None:
        if (content := self._seen.get(name) or self._read(name)) and len(content) <= _SMALL:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[name] = content
        return content

    def _read(self, name: str) -> str | None:
        """A file as one JSON array; None where it is gone, too large or damaged."""
        if self._base is None or not name or name.startswith("."):
            return None
        try:
            path = self._base / name
            if path.stat().st_size > self._limit:
                return None
            lines = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        except (OSError, orjson.JSONDecodeError):
            return None
        if len(lines) == 1 and isinstance(lines[0], list):
            return orjson.dumps(lines[0]).decode()
        items = [{key: value for key, value in line.items() if key != _INDEX} if isinstance(line, dict) else line for line in lines]  # fmt: skip
        return orjson.dumps(items).decode()
