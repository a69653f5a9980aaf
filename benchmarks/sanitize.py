"""Scores `llmci sanitize` and stock Presidio (no model, no network) on labelled sets, side by side.

    python benchmarks/sanitize.py ../shared/data/pii ../shared/tools/score_pii.py [SET ...] [--limit N] [--held-out]

For each set and engine: leaked characters of labelled personal data, entities with any character
left, over-redaction, precision and recall by type, and speed on distinct text as a ratio to Presidio
in the same run. Two rows of `leaked` are printed for llmci: of everything labelled, and of the kinds
that the default policy removes (it keeps cities, countries, organisations and dates that are not of
birth, though they are labelled). --held-out takes the quarter of the groups (of the records, where a
set has few groups) that no rule was looked at with and no weight was trained on. The sets in Spanish
are searched with that locale. The last table is of worst inputs, 100 KB each.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from llmci.config import parse
from llmci.core.privacy.detect import Unreadable
from llmci.seams import Silent
from llmci.wiring.explain import spans_of
from llmci.wiring.privacy import privacy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from llmci.core.privacy.redact import Redactor

PRIORITY = (
    "taubench_airline",
    "own_hard_cases",
    "presidio_generated_large",
    "secrets_noseyparker",
    "secrets_gitleaks",
)
KEPT = {"LOCATION", "ORGANIZATION", "TITLE", "URL", "GENDER", "AGE", "FAMILY", "PROFESSION", "OTHER"}
# Sets of few documents: their records are told apart by id, not by group alone.
FEW_GROUPS = frozenset({"btc", "crossner", "wikigold", "wnut17", "sec_filings", "meddocan_es"})
WORST = {
    "repeated dots": "a.",
    "floats": "0.123456, ",
    "hex": "3f2a9c1e8b7d6a5f",
    "base64": "TG9yZW0gaXBzdW0gZG9sb3I",
    "UUIDs": "123e4567-e89b-42d3-a456-426614174000\n",
    "CSV numbers": "48210,93127,55012,1,0,77\n",
}
KEY = {"LLMCI_PRIVACY_KEY": "benchmark"}
Records = list[dict[str, Any]]
Spans = list[dict[str, Any]]


@dataclass(frozen=True)
class Measured:
    """Spans of every record, and the processor seconds that they took."""

    spans: list[Spans]
    seconds: float


def llmci_spans(records: Records) -> Measured:
    redactor = a_redactor("es" if records and records[0]["lang"] == "es" else "en")
    started = time.process_time()
    lines: Any = spans_of(records, redactor, Silent())
    return Measured([line["spans"] for line in lines], time.process_time() - started)


def a_redactor(locale: str = "en") -> Redactor:
    """With the default configuration for a language, its engines loaded."""
    config = parse(f"project: benchmark\nsanitize:\n  locales: [{locale}]", Path("llmci.yaml"))
    redactor = privacy_of(config, KEY).redactor
    redactor.detector.look("warm up: 10.20.30.40", None, None)
    return redactor


def presidio_spans(records: Records) -> Measured:
    """Each distinct text once, which flatters it: stock Presidio would look at every one."""
    analyze = stock_presidio()
    analyze("warm up: 10.20.30.40")
    started = time.process_time()
    known = {text: analyze(text) for text in dict.fromkeys(r["text"] for r in records)}
    return Measured([known[r["text"]] for r in records], time.process_time() - started)


def stock_presidio() -> Callable[[str], Spans]:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    from llmci.adapters.recognizers.blank_nlp import blank_nlp
    from llmci.adapters.recognizers.presidio import keep_quiet

    keep_quiet()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if r.supported_language == "en"]
    engine = AnalyzerEngine(registry=registry, nlp_engine=blank_nlp(), supported_languages=["en"])

    def analyze(text: str) -> Spans:
        results = engine.analyze(text, language="en", score_threshold=0.4)
        return [{"start": r.start, "end": r.end, "type": r.entity_type} for r in results]

    return analyze


def is_held_out(name: str, record: dict[str, Any]) -> bool:
    """As `training/corpora.py` has it."""
    key = str(record["group"]) + (str(record["id"]) if name in FEW_GROUPS else "")
    return zlib.crc32(key.encode()) % 4 == 1


def scorer(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))
    return importlib.import_module(path.stem)


def show(name: str, records: Records, engine: str, measured: Measured, tool: ModuleType) -> None:
    tally = tool.score(records, measured.spans)
    total = tally["ALL"]
    removed = [t for kind, t in tally.items() if kind not in KEPT | {"ALL"}]
    leaked = tool.ratio(sum(t["leaked"] for t in removed), sum(t["chars"] for t in removed))
    print(
        f"\n{name}, {engine}: leaked {tool.ratio(total['leaked'], total['chars']):.4f} of all labelled, {leaked:.4f} of what the "
        f"policy removes; any leak {tool.ratio(total['any_leak'], total['gold']):.4f}; over-redacted "
        f"{tool.ratio(total['over'], total['clean']):.4f}"
    )
    for kind in sorted(tally, key=lambda k: -tally[k]["gold"]):
        t = tally[kind]
        if kind != "ALL" and (t["gold"] or t["pred"] > len(records) / 100):
            p, r = tool.ratio(t["right"], t["pred"]), tool.ratio(t["hit"], t["gold"])
            print(f"  {kind:18} gold {t['gold']:5}  found {t['pred']:5}  precision {p:6.3f}  recall {r:6.3f}")


def compare(name: str, records: Records, tool: ModuleType) -> None:
    distinct = sum(len(text) for text in {r["text"] for r in records}) / 1e6
    ours, theirs = llmci_spans(records), presidio_spans(records)
    show(name, records, "llmci", ours, tool)
    show(name, records, "stock Presidio", theirs, tool)
    print(
        f"  speed on {distinct:.2f} MB of distinct text: llmci {distinct / ours.seconds:.2f} MB/s, "
        f"Presidio {distinct / theirs.seconds:.2f} MB/s, ratio {theirs.seconds / ours.seconds:.1f}"
    )


def worst() -> None:
    print("\nworst inputs, 100 KB each, MB/s of one core")
    detector = a_redactor().detector
    for what, piece in WORST.items():
        text = piece * (100_000 // len(piece))
        started = time.process_time()
        looked = detector.look(text, None, None)
        seconds = time.process_time() - started
        if isinstance(looked, Unreadable):
            print(f"  {what:14} held back: {looked.why}")
            continue
        kinds = Counter(span.kind for _, found in looked.pieces for span in found)
        print(f"  {what:14} {len(text) / 1e6 / seconds:8.2f}  found {dict(kinds) or 'nothing'}")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("score", type=Path)
    parser.add_argument("sets", nargs="*", default=PRIORITY)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--held-out", action="store_true")
    told = parser.parse_args(arguments)
    tool = scorer(told.score)
    for name in told.sets:
        records = pq.read_table(told.data / f"{name}.parquet").to_pylist()
        if told.held_out:
            records = [r for r in records if is_held_out(name, r)]
        compare(name, records[: told.limit], tool)
    worst()


if __name__ == "__main__":
    main(sys.argv[1:])
