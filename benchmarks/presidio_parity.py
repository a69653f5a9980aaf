"""Compares what llmci finds with Presidio's patterns to what Presidio finds with them, and how long both take.

    python benchmarks/presidio_parity.py [--texts 100000] [--data ../shared/data/pii]

Two kinds of texts: those of the labelled sets, where they are at hand, cut into sentences and put together anew
up to the number asked for; and random ones, dense with numbers in every form that a recognizer knows, near misses,
context words and letters whose case is odd. Results are compared by place, kind and score, with a threshold of 0.
The ratio of speeds is printed for each kind. Leaves with 1 if a single result differs.

Stock Presidio runs with these recognizers alone, over a blank tokenizer, without logs and without the network.
There is no repair in between: what llmci believes less than Presidio does (`PresidioRecognizer._is_believed`:
weak national numbers without a context word, a version number as an address, `::`) is decided on these results.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmci.adapters.recognizers.presidio_fast import FastAnalyzer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAMES = (
    "CreditCardRecognizer",
    "CryptoRecognizer",
    "IbanRecognizer",
    "IpRecognizer",
    "MacAddressRecognizer",
    "UsSsnRecognizer",
    "UsPassportRecognizer",
    "UsItinRecognizer",
    "NhsRecognizer",
    "UsBankRecognizer",
)
SETS = ("taubench_airline", "presidio_generated_large", "multidogo", "wnut17", "sec_filings", "secrets_noseyparker", "own_hard_cases", "meddocan_es")  # fmt: skip
FORMS = """
    ###-##-#### ######### ####-####-####-#### 9##-7#-#### 9######## ########## ##.#.#.## 1##.2##.1.9 ::1 :: fe80::# #:#:#:#:#:#:#:#
    aa:bb:cc:dd:ee:f# ##-##-##-##-##-## ####.####.#### GB##NWBK############## A######## 1%%%%%%%%%%%%%%%%%%%%%%%%%%%%
    bc1%%%%%%%%%%%%%%%%%%%%%%%%%% ############ 4############### ::ffff:1.2.3.4 #####-#### ###-###### ###.##.#### 1.2.3.4/2#
    """.split()  # noqa: SIM905  forms read more easily without quotes
SPACED = ("#### #### #### ####", "### ### ####", "DE## #### #### #### #### ##", "### ## ####")
VALID = (
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "943 476 5919",
    "536-90-4399",
)
CONTEXT = [
    "ssn",
    "bank",
    "account",
    "card",
    "ip",
    "mac",
    "iban",
    "passport",
    "nhs",
    "tax",
    "itin",
    "wallet",
    "us",
    "travel",
    "the",
    "is",
    "No.",
    ":",
    "check",
    "debit",
    "a:b",
    "is:x",
    "12:30",
]
ODD = "ab1\u017f\u212a\u01319\u0663\u00e9.:-/@(){}'\" \n\t\u00a0,;_#$"
GLUE = (" ", " ", ", ", "-", ":", "", "\n", ".", "_")
Result = tuple[int, int, str, float]
_fast = FastAnalyzer(NAMES)


def stock_analyzer() -> Callable[[str, list[str] | None], list[Any]]:
    """Presidio with the shared recognizers alone."""
    import presidio_analyzer.predefined_recognizers as bundled
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    from llmci.adapters.recognizers.blank_nlp import blank_nlp
    from llmci.adapters.recognizers.presidio import keep_quiet

    keep_quiet()
    recognizers = [getattr(bundled, name)(supported_language="en") for name in NAMES]
    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=["en"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=blank_nlp(), supported_languages=["en"])
    return lambda text, context: engine.analyze(text, language="en", context=context)


def ours(text: str, context: list[str] | None) -> list[Result]:
    return sorted((r.start, r.end, r.kind, round(r.score, 6)) for r in _fast.analyze(text, context or ()))


def theirs(text: str, context: list[str] | None, stock: Callable[..., list[Any]]) -> list[Result]:
    return sorted((r.start, r.end, r.entity_type, round(r.score, 6)) for r in stock(text, context))


def pairs_of_results(
    text: str, context: list[str] | None, stock: Callable[..., list[Any]]
) -> tuple[list[Result], list[Result]]:
    return ours(text, context), theirs(text, context, stock)


def fuzz(count: int, *, seed: int) -> Iterator[str]:
    """Texts of numbers, near misses and context words."""
    draw = random.Random(seed)

    def number() -> str:
        form = draw.choice((*FORMS, *SPACED))
        letters = {"#": string.digits, "%": string.ascii_letters + string.digits}
        return "".join(draw.choice(letters[c]) if c in letters else c for c in form)

    for _ in range(count):
        parts = []
        for _ in range(draw.randint(1, 12)):
            kind = draw.random()
            odd = "".join(draw.choice(ODD) for _ in range(draw.randint(1, 9)))
            parts += [
                number()
                if kind < 0.43
                else draw.choice(VALID)
                if kind < 0.45
                else draw.choice(CONTEXT)
                if kind < 0.8
                else odd,
                draw.choice(GLUE),
            ]
        yield "".join(parts)


def real(count: int, data: Path) -> list[str]:
    """Distinct texts of the sets; where there are too few, sentences of them in new order."""
    import pyarrow.parquet as pq

    texts: dict[str, None] = {}
    for name in SETS:
        path = data / f"{name}.parquet"
        if path.exists():
            texts.update(dict.fromkeys(pq.read_table(path, columns=["text"]).column(0).to_pylist()))
    found = list(texts)
    draw = random.Random(3)
    draw.shuffle(found)
    sentences = [s for text in found[: count // 4] for s in text.replace("\n", ". ").split(". ") if s]
    while found and len(found) < count:
        found.append(". ".join(draw.choices(sentences, k=draw.randint(1, 6))))
    return found[:count]


def compare(what: str, texts: Sequence[str], stock: Callable[..., list[Any]]) -> tuple[int, float]:
    """Prints a line; gives the number of texts with a difference, and the ratio of speeds."""
    size = sum(map(len, texts)) / 1e6
    started = time.process_time()
    mine = [ours(text, None) for text in texts]
    middle = time.process_time()
    reference = [theirs(text, None, stock) for text in texts]
    ended = time.process_time()
    differing = [text for text, a, b in zip(texts, mine, reference, strict=True) if a != b]
    ratio = (ended - middle) / (middle - started)
    print(
        f"{what:12} {len(texts):7} texts, {size:6.2f} MB, {sum(map(len, reference)):7} results: {len(differing)} differ; "
        f"llmci {size / (middle - started):6.2f} MB/s, Presidio {size / (ended - middle):5.2f} MB/s, {ratio:.1f} times as fast"
    )
    return len(differing), ratio


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--fuzz", type=int, default=5_000)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pii"))
    told = parser.parse_args(arguments)
    stock = stock_analyzer()
    for text in ("my bank account is 123456789012", "iban DE89 3704 0044 0532 0130 00"):
        pairs_of_results(text, None, stock)
    differing = compare("random", list(fuzz(told.fuzz, seed=7)), stock)[0]
    if texts := real(told.texts, told.data):
        differing += compare("real", texts, stock)[0]
    else:
        print("real         the labelled sets are not at hand")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
