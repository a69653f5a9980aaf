"""What the head of a table says of the cells below it: CSV, tabs, Markdown, and the columns of an INSERT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.keys import fits, kind_of, plain_key
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DETECTOR = "structured.table"
_SCORE = 0.9
# Heads that say "person" in a table, though not of any value; those of the second kind may be of services, too: one
# of the others has to stand beside them.
_PEOPLE = frozenset("first last given family fname lname customer patient employee student passenger guest".split())  # noqa: SIM905  words read more easily without quotes
_PERHAPS = frozenset("name client contact agent author assignee reporter owner manager".split())  # noqa: SIM905  words read more easily without quotes
_IN_TABLES = {
    **dict.fromkeys(_PEOPLE | _PERHAPS, "PERSON"),
    **dict.fromkeys(("birth", "born", "bday"), "DATE_OF_BIRTH"),
    **dict.fromkeys(("callback", "phone1", "phone2"), "PHONE_NUMBER"),
}
_NO_NAME = re.compile(r"[_./:@=\d]|^[a-z]")
# Lines of cells: what parts them, and whether a line begins and ends with it.
_PARTS = ("|", "\t", ";", ",")
_HEAD = re.compile(r"[ \"'`*]*[A-Za-z][\w .#/-]{0,30}[ \"'`*]*")
_RULE = re.compile(r"[\s|:+-]*")
_QUOTED = re.compile(r'"(?:[^"\n]|"")*"|[^,\n]*')
_INSERT = re.compile(
    r"(?i:\binsert\s{1,4}into\s{1,4}[\w.\"`\[\]]{1,80})\s{0,4}\((?P<columns>[\w\s,\"`\[\]]{3,2000})\)\s{0,8}(?i:values)\s{0,8}(?=\()"
)
_TUPLE = re.compile(r"\s{0,8},?\s{0,8}\((?P<row>(?:'(?:[^'\n]|'')*'|\"[^\"\n]*\"|[^()'\"\n])*)\)")
_CELL = re.compile(r"\s*(?:'(?P<single>(?:[^']|'')*)'|\"(?P<double>[^\"]*)\"|(?P<bare>[^,]*))\s*(?:,|$)")
_MOST_COLUMNS, _LONGEST_HEAD = 60, 2000


@dataclass(frozen=True, slots=True)
class Head:
    """What the cells of a column hold; `perhaps` if it may be the names of things."""

    kind: str
    perhaps: bool = False


def tables(text: str, extra: Mapping[str, str]) -> Iterator[Span]:
    """Values that stand below a telling head."""
    if "\n" in text:
        yield from _lines(text, extra)
    if "alues" in text or "ALUES" in text:
        yield from _inserted(text, extra)


def _lines(text: str, extra: Mapping[str, str]) -> Iterator[Span]:
    head: list[Head | None] = []
    part = ""
    at = 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        if head and (cells := _cells(line, start, part)) and len(cells) == len(head):
            yield from _row(text, head, cells)
            continue
        if head and part == "|" and _RULE.fullmatch(line) and line.strip():
            continue
        head, part = _head(line, extra)


def _head(line: str, extra: Mapping[str, str]) -> tuple[list[Head | None], str]:
    """The kind that each cell of a line announces, and what parts the cells; none unless two of them do."""
    if len(line) > _LONGEST_HEAD:
        return [], ""
    for part in _PARTS:
        if part not in line:
            continue
        names = [line[start:end] for start, end in _cells(line, 0, part)]
        if not 2 <= len(names) <= _MOST_COLUMNS or not all(_HEAD.fullmatch(name) for name in names if name):
            continue
        heads = [_kind(name, extra) for name in names]
        if _tells(heads):
            return heads, part
    return [], ""


def _kind(name: str, extra: Mapping[str, str]) -> Head | None:
    plain = name.strip(" \"'`*[]\n\t")
    if known := kind_of(plain, extra):
        return Head(known)
    word = plain_key(plain)
    return Head(_IN_TABLES[word], perhaps=word in _PERHAPS) if word in _IN_TABLES else None


def _tells(heads: Sequence[Head | None]) -> bool:
    """Whether a table is one of people: two of its heads are of personal data, one of them without a doubt."""
    personal = [head for head in heads if head is not None and head.kind != "LOCATION"]
    return len(personal) > 1 and not all(head.perhaps for head in personal)


def _cells(line: str, start: int, part: str) -> list[tuple[int, int]]:
    """Where the cells of a line stand in the text, without blanks and quotes around them."""
    if part not in line:
        return []
    bounds: list[tuple[int, int]] = []
    if part == "," and '"' in line:
        at = 0
        while at <= len(line):
            match = _QUOTED.match(line, at)
            end = match.end() if match else at
            bounds.append((at, end))
            at = line.find(",", end) + 1 or len(line) + 1
    else:
        at = 0
        for cell in line.split(part):
            bounds.append((at, at + len(cell)))
            at += len(cell) + 1
    if part == "|" and len(bounds) > 2 and not line[slice(*bounds[0])].strip() and not line[slice(*bounds[-1])].strip():
        bounds = bounds[1:-1]
    return [_trimmed(line, first, last, start) for first, last in bounds]


def _trimmed(line: str, first: int, last: int, start: int) -> tuple[int, int]:
    while first < last and line[first] in " \t\r\"'`*":
        first += 1
    while last > first and line[last - 1] in " \t\r\"'`*":
        last -= 1
    return start + first, start + last


def _inserted(text: str, extra: Mapping[str, str]) -> Iterator[Span]:
    for match in _INSERT.finditer(text):
        head = [_kind(name, extra) for name in match["columns"].split(",")]
        if not _tells(head):
            continue
        at = match.end()
        while (row := _TUPLE.match(text, at)) is not None:
            cells = _values(text, *row.span("row"))
            if len(cells) == len(head):
                yield from _row(text, head, cells)
            at = row.end()


def _values(text: str, start: int, end: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = start
    while at < end and (match := _CELL.match(text, at, end)) is not None and match.end() > at:
        group = next(name for name in ("single", "double", "bare") if match[name] is not None)
        found.append(_trimmed(text, *match.span(group), 0))
        at = match.end()
    return found


def _row(text: str, head: Sequence[Head | None], cells: Sequence[tuple[int, int]]) -> Iterator[Span]:
    for told, (start, end) in zip(head, cells, strict=True):
        if told is None or end <= start or not fits(told.kind, text[start:end]):
            continue
        if not told.perhaps or _NO_NAME.search(text[start:end]) is None:
            yield Span(start, end, told.kind, _SCORE, _DETECTOR)
