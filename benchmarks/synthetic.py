"""Synthetic traffic for benchmarks: traces of about 2 KB whose system prompts repeat 30-fold.

python benchmarks/synthetic.py traces.jsonl --traces 100000 --seed 7 [--size 0.1]
"""

from __future__ import annotations

import argparse
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

REPEATS = 30
_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_WORDS = [
    "order",
    "parcel",
    "refund",
    "invoice",
    "address",
    "account",
    "password",
    "delivery",
    "phone",
    "plan",
    "ticket",
    "seat",
    "booking",
    "change",
    "cancel",
    "where",
    "when",
    "why",
    "how",
    "much",
    "today",
    "tomorrow",
    "yesterday",
    "please",
    "thanks",
    "late",
    "broken",
    "missing",
    "wrong",
    "number",
    "email",
    "card",
    "payment",
    "address",
    "customer",
    "support",
    "question",
    "answer",
    "check",
    "status",
    "update",
    "confirm",
    "city",
    "street",
    "country",
    "flight",
    "hotel",
]
_NAMES = ("Ada Ferrow", "Milo Quist", "Ines Talbot", "Ruben Hale", "Noor Castell", "Leif Garrow")


def write_traces(path: Path, n: int, seed: int, size: float = 1.0) -> None:
    """Write `n` traces as JSON Lines: OpenAI messages, usage, cost, two variants, feedback, fictional personal data.

    Args:
        size: Length of the texts, 1.0 for 1,500 characters a trace.
    """
    dice = random.Random(seed)
    prompts = [_sentences(dice, int(900 * size)) for _ in range(max(1, n // REPEATS))]
    with path.open("w", encoding="utf-8") as file:
        for number in range(n):
            file.write(json.dumps(_trace(dice, number, prompts[number % len(prompts)], size)) + "\n")


def _trace(dice: random.Random, number: int, prompt: str, size: float) -> dict[str, Any]:
    person = dice.choice(_NAMES)
    contact = f"{person.split()[0].lower()}.{dice.randrange(10_000)}@example.com"
    question = f"My name is {person}, {contact}. {_sentences(dice, int(250 * size))}"
    start = _NOON + timedelta(seconds=number)
    return {
        "id": f"{dice.getrandbits(128):032x}",
        "messages": [
            {"role": "system", "content": prompt},
            {"role": "user", "content": question},
            {"role": "assistant", "content": _sentences(dice, int(400 * size))},
        ],
        "model": "gpt-4o-mini",
        "variant": dice.choice(("stable", "canary")),
        "user": f"u-{dice.randrange(n_users(number))}",
        "start": start.isoformat(),
        "latency_ms": round(dice.lognormvariate(7, 0.5), 1),
        "usage": {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400},
        "cost": 0.0001,
        "thumbs": dice.random() < 0.9,
        "metadata": {"app": dice.choice(("web", "ios", "android"))},
    }


def n_users(number: int) -> int:
    """How many users have been seen by then."""
    return 10 + number // 20


def _sentences(dice: random.Random, characters: int) -> str:
    words: list[str] = []
    size = 0
    while size < characters:
        words.append(dice.choice(_WORDS))
        size += len(words[-1]) + 1
    return " ".join(words)[:characters].capitalize() + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=float, default=1.0)
    told = parser.parse_args()
    write_traces(told.path, told.traces, told.seed, told.size)


if __name__ == "__main__":
    main()
