"""Personal data in hard dress: escapes, look-alikes, formats of machines, many scripts. Which planted values are left?

    python benchmarks/sanitize_hostile.py [--list] [--presidio]

The texts are our own (`hostile_texts.py`), and no rule was known to the hand that wrote them. Then the misses of one part were read and rules
mended, so the figure of that part flatters; of the other part only sums were looked at. A value counts as left when any letter or
digit of it is in no span; a negative text is one that holds none. `--list` prints what is left of the part that rules were mended with.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from hostile_texts import KEPT, MENDED
from sanitize import presidio_spans
from sanitize_speed import a_redactor

from llmci.seams import Silent
from llmci.wiring.explain import spans_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLANTED = re.compile(r"⟦(\w+)\|(.*?)⟧", re.DOTALL)
Value = tuple[int, int, str]


def planted(marked: str) -> tuple[str, list[Value]]:
    """The text without its marks, and where which value stands."""
    values, parts, at, size = [], [], 0, 0
    for match in PLANTED.finditer(marked):
        before = marked[at : match.start()]
        start = size + len(before)
        size, at = start + len(match[2]), match.end()
        parts += before, match[2]
        values.append((start, size, match[1]))
    return "".join(parts) + marked[at:], values


def left(text: str, values: list[Value], spans: list[dict[str, Any]]) -> Iterator[Value]:
    covered = {i for span in spans if not span.get("kept") for i in range(span["start"], span["end"])}
    for start, end, kind in values:
        if any(text[i].isalnum() and i not in covered for i in range(start, end)):
            yield start, end, kind


def false(values: list[Value], spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans that touch no planted value."""
    return [s for s in spans if not s.get("kept") and not any(s["start"] < e and s["end"] > b for b, e, _ in values)]


def show(
    name: str, engine: str, read: list[tuple[str, list[Value]]], found: list[list[dict[str, Any]]], *, told: bool
) -> None:
    misses = total = others = flagged = negative = 0
    for (text, values), spans in zip(read, found, strict=True):
        missed, wrong = list(left(text, values, spans)), false(values, spans)
        total, misses, others = total + len(values), misses + len(missed), others + len(wrong)
        negative, flagged = negative + (not values), flagged + (not values and bool(wrong))
        for start, end, kind in missed if told else ():
            print(f"  left {kind:16} {text[start:end]!r} in {text!r}")
        for span in wrong if told else ():
            print(f"  took {span['type']:16} {text[span['start'] : span['end']]!r} in {text!r}")
    print(
        f"{name}, {engine}: {misses} of {total} values left, {others} other spans, {flagged} of {negative} negative texts flagged"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--presidio", action="store_true")
    told = parser.parse_args(arguments)
    for name, texts in (("read while rules were mended", MENDED), ("sums alone looked at", KEPT)):
        read = list(map(planted, texts))
        records = [{"id": i, "text": text, "lang": "en"} for i, (text, _) in enumerate(read)]
        lines: Any = spans_of(records, a_redactor(), Silent())
        show(name, "llmci", read, [record["spans"] for record in lines], told=told.list and texts is MENDED)
        if told.presidio:
            show(name, "stock Presidio", read, presidio_spans(records).spans, told=False)


if __name__ == "__main__":
    main(sys.argv[1:])
