"""What has to be nought: originals that survive, broken JSON, broken references, surrogates that meet, sockets, values in logs.

Recorded agent traces go through all of `llmci sanitize` but the shelf: the messages of a conversation with one memory, and the audit. Then what
labels call personal is looked for in what came out, and the addresses of mail and the ids of users in it are compared, in their order, with
those that went in: who was the same is the same, and who was another is another.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from sanitize_speed import a_redactor, line

from llmci.core.privacy.flatten import Text
from llmci.core.privacy.jsontext import is_document
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.redact import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Kinds that identify on their own, as they are labelled.
_DIRECT = frozenset({"EMAIL_ADDRESS", "USER_ID", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "ADDRESS"})
_TELLING = 6
# Of these traces, addresses of mail and ids of users.
_REFERENCE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w@])[a-z]+_[a-z]+_\d{4}(?!\w)")


def kept_promises(data: Path) -> None:
    """Print how many there are of each."""
    path = data / "taubench_airline.parquet"
    if not path.exists():
        return
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in pq.read_table(path).to_pylist():
        groups[record["group"]].append(record)
    events: list[str] = []
    sys.addaudithook(lambda event, _: events.append(event) if event.startswith("socket.") else None)
    said = io.StringIO()
    heard = logging.StreamHandler(said)
    logging.getLogger().addHandler(heard)
    with redirect_stdout(said), redirect_stderr(said):
        survivors, broken, held, references, split, met = _through(groups.values())
    logging.getLogger().removeHandler(heard)
    sockets = len(events)
    values = {
        record["text"][span["start"] : span["end"]]
        for records in groups.values()
        for record in records
        for span in record["spans"]
        if span["type"] in _DIRECT
    }
    logged = sum(value in said.getvalue() for value in values if len(value) >= _TELLING)
    line(
        "labelled originals that survive",
        f"{survivors} in {sum(map(len, groups.values()))} messages; {held} traces held back",
        "0",
    )
    line("broken JSON", str(broken), "0")
    line("references with another surrogate", f"{split} of {references}", "0")
    line("surrogates of two values", f"{met} of {references}", "0")
    line("sockets; labelled values in output", f"{sockets}; {logged}", "0")


def _through(groups: Iterable[list[dict[str, Any]]]) -> tuple[int, int, int, int, int, int]:
    """Survivors, broken documents, traces held back, references, and how many of these were split or met."""
    redactor = a_redactor()
    survivors = broken = held = references = split = met = 0
    stands_for: dict[str, str] = {}
    for records in groups:
        texts = [Text(f"messages[{at}]", "text", None, record["text"]) for at, record in enumerate(records)]
        memory = Memory()
        redactor.learned(texts, memory)
        outcome = redactor.redact(texts, memory)
        if isinstance(outcome, Withheld):
            held += 1
            continue
        made_of: dict[str, str] = {}
        for record, clean in zip(records, outcome.texts, strict=True):
            broken += is_document(record["text"]) and not is_document(clean)
            for span in record["spans"]:
                value = record["text"][span["start"] : span["end"]]
                survivors += span["type"] in _DIRECT and len(value) >= _TELLING and value in clean
            before, after = _REFERENCE.findall(record["text"].lower()), _REFERENCE.findall(clean.lower())
            references += len(before)
            split += abs(len(before) - len(after))
            for value, made in zip(before, after, strict=False):
                split += made_of.setdefault(value, made) != made
                met += stands_for.setdefault(made, value) != value
    return survivors, broken, held, references, split, met
