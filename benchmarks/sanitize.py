"""Scores `llmci sanitize` on labelled sets beside stock Presidio (no model, no network), and prints the targets beside it.

    python benchmarks/sanitize.py ../shared/data/pii ../shared/tools/score_pii.py [SET ...] [--limit N] [--all]
        [--peer scrubadub=PYTHON] [--peer datafog=PYTHON] [--no-speed] [--processes]

For each set and engine: leaked characters of labelled personal data, entities with any character
left, over-redaction, precision and recall by type, and speed on distinct text as a ratio to Presidio
in the same run. Two figures of `leaked` are printed: of everything labelled, and of the kinds
that the default policy removes (it keeps cities, countries, organisations and dates that are not of
birth, though they are labelled). Only the quarter of the groups (of the records, where a set has few groups) that
no rule was looked at with and no weight was trained on is scored, unless --all. PYTHON is an interpreter that has
the other tool; it gets the same texts. The sets in Spanish are searched with that locale.

The sets of secrets are the examples of two scanners' rules. Each example has one label, of the part that the
rule captures: a user name, a host or the name of a bucket for some rules, while the password beside it has
none. So a second figure is printed: examples with a labelled secret in which a secret was found, and examples
without one in which one was. Which issuers there are was learnt from the same scanners: it is no independent
measure of recall.

Then what has no labels: secrets found per MB of recorded traces that hold none, telephone numbers of every
region's plan beside numbers that are none, drawn network addresses and keys (`sanitize_drawn.py`), what is taken for a person in descriptions of code that name nobody (of modules that
no weight has seen), and the figures of `sanitize_speed.py`.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import itertools
import json
import random
import re
import subprocess
import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from sanitize_drawn import drawn
from sanitize_kept import kept_promises
from sanitize_speed import a_redactor, line, measure

from llmci.adapters.recognizers.secrets import SecretsRecognizer
from llmci.core.privacy.jsontext import pieces_of
from llmci.seams import Leaf, Silent
from llmci.wiring.explain import spans_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

PRIORITY = (
    "taubench_airline",
    "own_hard_cases",
    "presidio_generated_large",
    "wnut17",
    "multidogo",
    "meddocan_es",
    "secrets_noseyparker",
    "secrets_gitleaks",
)
# What is demanded of each set, and which figures of it: see `figures_of`.
DEMANDED = (
    ("agent traces: leaked characters", "taubench_airline", "leak", "<= .002"),
    ("agent traces: over-redacted characters", "taubench_airline", "over", "<= .001"),
    *(
        (f"agent traces: {kind}, recall (precision)", "taubench_airline", kind, ">= .998 (.97)")
        for kind in ("PERSON", "EMAIL_ADDRESS", "ADDRESS", "ZIP_CODE", "USER_ID")
    ),
    ("templates: leaked, of the kinds removed", "presidio_generated_large", "leak", "<= .05"),
    ("templates: leaked, of all labelled", "presidio_generated_large", "leak of all", "<= .05"),
    ("templates: entities with any leak", "presidio_generated_large", "any", "<= .10"),
    ("mixed text: person, recall (precision)", "presidio_generated_large", "PERSON", ">= .95 (.90)"),
    ("mixed text: phone, recall (precision)", "presidio_generated_large", "PHONE_NUMBER", ">= .98 (.95)"),
    *(
        (f"mixed text: {kind}, recall (precision)", "presidio_generated_large", kind, "1.000 (.99)")
        for kind in ("CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "EMAIL_ADDRESS")
    ),
    ("web text: person, recall (precision)", "wnut17", "PERSON", ">= .92 (.85)"),
    ("chat turns: person, recall (precision)", "multidogo", "PERSON", ">= .93 (.85)"),
    ("secrets (Nosey Parker): recall (precision)", "secrets_noseyparker", "SECRET", ">= .95 (.90)"),
    ("secrets (gitleaks): recall (precision)", "secrets_gitleaks", "SECRET", ">= .95 (.90)"),
    ("Spanish notes: phone, recall (precision)", "meddocan_es", "PHONE_NUMBER", ">= .95"),
    ("Spanish notes: date, recall (precision)", "meddocan_es", "DATE_TIME", ">= .98"),
    ("Spanish notes: id, recall (precision)", "meddocan_es", "ID", ">= .90"),
    ("Spanish notes: person, recall (precision)", "meddocan_es", "PERSON", ">= .92"),
    ("hard cases: any leak", "own_hard_cases", "any", "<= .04"),
    ("hard cases: negative lines flagged", "own_hard_cases", "flagged", "<= .05"),
)
# Small and of one kind each: all of them are measured, and most of them were seen.
WHOLE = frozenset({"own_hard_cases"})
# Labels of what names a thing of the cloud.
NO_SECRETS = ("np.s3.", "np.arn.", "np.aws.3", "np.age.1")
# Sets of recorded agent traces.
TRACES = {"demo_tau2_sft", "tau1_repeats", "tau2_runs", "langfuse_framework_traces", "who_and_when"}
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "AU")
SAID = (
    "call me at {}",
    "My number is {}.",
    "you can reach me on {} after 5",
    "{} is my mobile",
    "Phone: {}",
    "tel {}",
    "{}",
    "contact {} now",
)
OTHERS = (
    "order {10}", "order #{8}", "SKU {4}-{4}", "version {1}.{2}.{3}", "build {4}.{2}.{2}", "2024-05-{2}T10:00:{2}", "ticket INC{7}",
    "item {10} shipped", "{13}", "id: {9}", "tracking 1Z{8}", "ISBN 978-3-16-{6}-0", "total {3},{3}.{2}", "[{1}.{6}, -0.{6}]", "{2}/{2}/2024",
    "zip {5}-{4}", "product id {10}", "reservation {6}", "flight {3} at 10:{2}", "lat 52.{5} lon 13.{5}", "invoice 2024-{6}", "rows {3}-{3}",
    "commit {7}", "epoch {10}", "port {4}", "{4} {4} tokens", "score {1}.{3}", "{16}",
)  # fmt: skip
KEPT = {"LOCATION", "ORGANIZATION", "TITLE", "URL", "GENDER", "AGE", "FAMILY", "PROFESSION", "OTHER"}
# Sets of few documents: their records are told apart by id, not by group alone.
FEW_GROUPS = frozenset({"btc", "crossner", "wikigold", "wnut17", "sec_filings", "meddocan_es"})
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


def show(name: str, records: Records, engine: str, measured: Measured, tool: ModuleType) -> dict[str, str]:
    """Print all figures of an engine on a set; gives those that something is demanded of."""
    tally = tool.score(records, measured.spans)
    total = tally["ALL"]
    removed = [t for kind, t in tally.items() if kind not in KEPT | {"ALL"}]
    leaked = tool.ratio(sum(t["leaked"] for t in removed), sum(t["chars"] for t in removed))
    if name.startswith("secrets_"):
        print(f"\n{name}, {engine}: {examples(records, measured)}", end="")
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
    flagged = [
        bool(_removed(spans)) for record, spans in zip(records, measured.spans, strict=True) if not record["spans"]
    ]
    figures = {
        "leak": f"{leaked:.4f}",
        "leak of all": f"{tool.ratio(total['leaked'], total['chars']):.4f}",
        "over": f"{tool.ratio(total['over'], total['clean']):.4f}",
        "any": f"{tool.ratio(total['any_leak'], total['gold']):.3f}",
        "flagged": f"{sum(flagged)} of {len(flagged)}",
    }
    for kind, t in tally.items():
        if t["gold"]:
            precision = f" ({tool.ratio(t['right'], t['pred']):.3f})" if t["pred"] else ""
            figures[kind] = f"{tool.ratio(t['hit'], t['gold']):.3f}{precision}"
    return figures


def _removed(spans: Spans) -> Spans:
    return [span for span in spans if not span.get("kept")]


def table(figures: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
    """What is demanded, and every engine beside it.

    Args:
        figures: By engine, set and figure; see `show`.
    """
    engines = list(figures)
    print(f"\n{'what':50} {'demanded':14} " + " ".join(f"{engine:16}" for engine in engines))
    for what, name, figure, demanded in DEMANDED:
        if any(name in figures[engine] for engine in engines):
            cells = (figures[engine].get(name, {}).get(figure, "-") for engine in engines)
            print(f"{what:50} {demanded:14} " + " ".join(f"{cell:16}" for cell in cells))


def compare(name: str, records: Records, tool: ModuleType, peers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Every engine on a set: its figures by engine."""
    distinct = sum(len(text) for text in {r["text"] for r in records}) / 1e6
    ours, theirs = llmci_spans(records), presidio_spans(records)
    measured = {"llmci": ours, "stock Presidio": theirs}
    measured |= {peer: peer_spans(peer, python, records) for peer, python in peers.items()}
    figures = {engine: show(name, records, engine, found, tool) for engine, found in measured.items()}
    print(
        f"  speed on {distinct:.2f} MB of distinct text: llmci {distinct / ours.seconds:.2f} MB/s, "
        f"Presidio {distinct / theirs.seconds:.2f} MB/s, ratio {theirs.seconds / ours.seconds:.1f}"
    )
    return figures


def peer_spans(name: str, python: str, records: Records) -> Measured:
    """What another tool finds, in its own environment."""
    told = "".join(json.dumps(r["text"]) + "\n" for r in records)
    command = [python, str(Path(__file__).with_name("peer_spans.py")), name]
    lines = subprocess.run(command, input=told, capture_output=True, text=True, check=True).stdout.splitlines()
    _, *spans, seconds = map(json.loads, lines)
    return Measured(spans, seconds)


def examples(records: Records, measured: Measured) -> str:
    """Of the sets of secrets: examples with and without a labelled secret in which one was found."""
    counts = Counter()
    for record, spans in zip(records, measured.spans, strict=True):
        if not all(g["orig"].startswith(NO_SECRETS) for g in record["spans"]) or not record["spans"]:
            counts[bool(record["spans"]), any(s["type"] == "SECRET" for s in spans)] += 1
    with_one, without = counts[True, True] + counts[True, False], counts[False, True] + counts[False, False]
    return f"found in {counts[True, True]} of {with_one} examples with a secret, in {counts[False, True]} of {without} without"


def clean_traces(data: Path) -> None:
    """Secrets found in recorded traces, of which none is known to hold one."""
    strings: dict[str, None] = {}
    for path in sorted(data.rglob("*")):
        if path.is_file() and TRACES & set(path.parts):
            strings.update(dict.fromkeys(_strings(path)))
    leaves = list(dict.fromkeys(piece.text for text in strings for piece in pieces_of(text, None)))
    size = sum(map(len, leaves)) / 1e6
    if not size:
        return
    context: Any = SimpleNamespace(name="secrets")
    found = SecretsRecognizer(SecretsRecognizer.Options(), context).find([Leaf(text) for text in leaves])
    line("secrets in recorded traces", f"{sum(map(len, found)) / size:.2f} per MB of {size:.1f} MB", "<= 1 per MB")


def _strings(path: Path) -> Iterator[str]:
    waiting: list[Any] = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else _documents(path)
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(fields):
                waiting += fields.values()
            case list(items):
                waiting += items


def _documents(path: Path) -> list[Any]:
    if ".json" not in path.name:
        return []
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        try:
            return [json.loads(row) for row in file] if ".jsonl" in path.name else [json.load(file)]
        except ValueError:
            return []


def telephones() -> None:
    """Numbers of the regions' plans in sentences, and numbers that are none, drawn with a fixed seed."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat as Form

    from llmci.adapters.recognizers.phones import phones

    draw, hit, miss, false = random.Random(3), 0, 0, 0
    for region, kind, _ in itertools.product((*REGIONS, "CH", "SE", "NL", "BR", "MX", "JP"), (0, 1), range(40)):
        example = phonenumbers.example_number_for_type(region, kind)
        number = phonenumbers.PhoneNumber(
            country_code=example.country_code,
            national_number=int(f"{str(example.national_number)[:-4]}{draw.randint(0, 9999):04d}"),
            italian_leading_zero=example.italian_leading_zero,
        )
        forms = [Form.INTERNATIONAL, Form.E164, *([Form.NATIONAL] * 2 if region in REGIONS else [])]
        written = phonenumbers.format_number(number, draw.choice(forms))
        said = draw.choice(SAID).format(written)
        at = said.index(written)
        whole = any(s.start <= at and s.end >= at + len(written) for s in phones(said, REGIONS))
        hit, miss = hit + whole, miss + (not whole)
    for _ in range(3000):
        text = re.sub(
            r"\{(\d+)\}", lambda m: "".join(draw.choice("0123456789") for _ in range(int(m[1]))), draw.choice(OTHERS)
        )
        false += any(True for _ in phones(text, REGIONS))
    line(
        "drawn telephone numbers",
        f"recall {hit / (hit + miss):.3f} of {hit + miss}; {false} of 3000 other numbers taken",
        ">= .98, precision >= .95",
    )


def names_of_code() -> None:
    """People found in the docstrings of the standard library's modules that the tagger was not trained on."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
    technical = importlib.import_module("technical")
    unseen = filter(technical.is_unseen, technical.MODULES)
    texts = list(dict.fromkeys(text for module in unseen for text in technical.descriptions(module)))
    size = sum(map(len, texts)) / 1e6
    lines: Any = spans_of([{"id": i, "text": text} for i, text in enumerate(texts)], a_redactor(), Silent())
    found = sum(span["type"] == "PERSON" for record in lines for span in record["spans"])
    line("people in descriptions of code", f"{found / size:.0f} per MB of {size:.2f} MB", "none there")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("score", type=Path)
    parser.add_argument("sets", nargs="*", default=PRIORITY)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--processes", action="store_true")
    told = parser.parse_args(arguments)
    tool = scorer(told.score)
    peers = dict(peer.split("=", 1) for peer in told.peer)
    figures: dict[str, dict[str, dict[str, str]]] = {engine: {} for engine in ("llmci", "stock Presidio", *peers)}
    for name in told.sets:
        records = pq.read_table(told.data / f"{name}.parquet").to_pylist()
        if not told.all and name not in WHOLE:
            records = [r for r in records if is_held_out(name, r)]
        for engine, found in compare(name, records[: told.limit], tool, peers).items():
            figures[engine][name] = found
    table(figures)
    print()
    kept_promises(told.data)
    clean_traces(told.data.parent)
    telephones()
    drawn()
    names_of_code()
    if not told.no_speed:
        measure(told.data, stock_presidio(), with_processes=told.processes)


if __name__ == "__main__":
    main(sys.argv[1:])
