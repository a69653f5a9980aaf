"""Labelling beside other methods on real queries, and its time and memory on many inputs.

Run: python benchmarks/label.py [distinct inputs] [--model DIR] [--speed]

BERTopic is among them where it is installed (`pip install bertopic`); it is given the same vectors as HDBSCAN. With --model,
a folder with an ONNX embedding model, everything is done with that model's vectors as well. With 0 distinct inputs speed is left out, with --speed quality. Quality needs the data sets under ../shared/data and is left out where they are absent. Speed is
measured on 100,000 distinct made-up inputs by default, from clean shelf to labels, in one process, shard by shard: a
million takes little more memory.
Data: BANKING77 (PolyAI, CC BY 4.0), CLINC150 (CC BY 3.0).
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, roc_auc_score
from sklearn.preprocessing import normalize

from llmci.adapters.embedders.onnx import OnnxEmbedder, OnnxEmbedderOptions
from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.core.grouping.anomalies import Normal
from llmci.core.grouping.groups import fit_groups, place
from llmci.core.grouping.sample import InputSample
from llmci.core.grouping.threads import one_thread
from llmci.domain.label import LABEL
from llmci.domain.settings import LabelSettings
from llmci.domain.trace import TRACE
from llmci.pipeline.label.looking import fit, survey_shard
from llmci.pipeline.label.placing import place_shard
from llmci.pipeline.label.writing import label_shard, shard_tasks
from llmci.seams import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_matrix

    from llmci.core.grouping.groups import Embed

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
IN_SHARD = 50_000
SETS = (("banking77", "train.parquet", 4000), ("clinc150", "val.parquet", 10_000))


def main() -> None:
    """Print the quality table, then the speed line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("distinct", type=int, nargs="?", default=100_000)
    asked.add_argument("--model", type=Path)
    asked.add_argument("--speed", action="store_true", help="leave quality out")
    given = asked.parse_args()
    held: dict[str, tuple[list[str], np.ndarray]] = {}
    for name, file, count in () if given.speed else SETS:
        if (DATA / name / file).exists():
            held[name] = read(DATA / name / file)
            texts, intents = held[name]
            keep = np.random.default_rng(0).permutation(len(texts))[:count]
            quality(name, [texts[at] for at in keep], intents[keep], given.model)
        else:
            print(f"{name}: not at hand, left out")
    if len(held) == len(SETS):
        quality("64 unequal intents of both, in place of HWU64", *unequal(list(held.values())), given.model)
    if given.distinct:
        speed(given.distinct)


def read(path: Path) -> tuple[list[str], np.ndarray]:
    rows = pq.read_table(path).to_pydict()
    return rows["text"], np.array(rows["intent"])


def unequal(sets: list[tuple[list[str], np.ndarray]]) -> tuple[list[str], np.ndarray]:
    """32 intents of each set, none like another in size: from 8 queries up to all that there are (187 at most)."""
    rng = np.random.default_rng(0)
    texts, intents = [], []
    for asked, of in sets:
        for intent in rng.choice(sorted(set(of) - {"oos"}), 32, replace=False):
            rows = np.flatnonzero(of == intent)
            size = min(len(rows), int(np.exp(rng.uniform(np.log(8), np.log(190)))))
            texts += [asked[at] for at in rng.permutation(rows)[:size]]
            intents += [intent] * size
    return texts, np.array(intents)


def quality(name: str, texts: list[str], intents: np.ndarray, model: Path | None) -> None:
    """One line a method; unassigned inputs count as one cluster."""
    known = intents != "oos"
    kinds = len(set(intents[known]))
    print(f"\n{name}: {known.sum()} queries, {kinds} intents")
    print(f"{'':34} clusters  none    NMI    ARI    acc  seconds")
    asked = [text for text, is_known in zip(texts, known, strict=True) if is_known]
    methods: dict[str, Callable[[], np.ndarray]] = {
        "word TF-IDF + KMeans, k given": lambda: kmeans(words(asked), kinds),
        "char TF-IDF + SVD + KMeans, k given": lambda: kmeans(characters(asked), kinds),
        "char TF-IDF + SVD + HDBSCAN": lambda: HDBSCAN(min_cluster_size=5, copy=True).fit_predict(characters(asked)),
        "llmci, k given": lambda: ours(asked, kinds)[0],
        "llmci, k chosen": lambda: ours(asked, "auto")[0],
    }
    if has_bertopic := importlib.util.find_spec("bertopic") is not None:
        methods["char TF-IDF + SVD + BERTopic"] = lambda: bertopic(asked, characters(asked))
    if model is not None:
        start = time.perf_counter()
        embed = embedder(model, asked)
        vectors = normalize(embed(asked))
        print(f"{'vectors of ' + model.name:34} {time.perf_counter() - start:40.1f}")
        methods |= {
            "model + mini-batch KMeans (MTEB)": lambda: mini_batches(vectors, kinds),
            "model + KMeans, k given": lambda: KMeans(kinds, n_init=10, random_state=7).fit_predict(vectors),
            "model + HDBSCAN": lambda: HDBSCAN(min_cluster_size=5, copy=True).fit_predict(vectors),
            "model + llmci, k given": lambda: ours(asked, kinds, embed)[0],
            "model + llmci, k chosen": lambda: ours(asked, "auto", embed)[0],
        }
        if has_bertopic:
            methods["model + BERTopic"] = lambda: bertopic(asked, vectors)
    for method, run in methods.items():
        start = time.perf_counter()
        found = run()
        print(f"{method:34} {measures(intents[known], found)}  {time.perf_counter() - start:7.1f}")
    if not known.all():
        print(f"out of scope, AUROC in the mixed pool: {roc_auc_score(~known, ours(texts, 'auto')[1]):.3f}")
    agree = stability(asked)
    print(f"90 % subsamples agree, ARI of six pairs: {np.mean(agree):.3f} ({min(agree):.3f} to {max(agree):.3f})")


def measures(intents: np.ndarray, found: np.ndarray) -> str:
    """Clusters, share of unassigned inputs, NMI, ARI, and accuracy under the best matching."""
    _, truth = np.unique(intents, return_inverse=True)
    _, labels = np.unique(found, return_inverse=True)
    table = np.zeros((labels.max() + 1, truth.max() + 1))
    np.add.at(table, (labels, truth), 1)
    matched = table[linear_sum_assignment(-table)].sum() / len(truth)
    nmi, ari = normalized_mutual_info_score(truth, labels), adjusted_rand_score(truth, labels)
    return f"{len(set(found[found >= 0])):8} {np.mean(found < 0):5.0%}  {nmi:5.3f}  {ari:5.3f}  {matched:5.3f}"


def words(texts: list[str]) -> csr_matrix:
    return TfidfVectorizer().fit_transform(texts)


def characters(texts: list[str]) -> np.ndarray:
    rows = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2).fit_transform(texts)
    return normalize(TruncatedSVD(128, random_state=7).fit_transform(rows))


def kmeans(rows: csr_matrix | np.ndarray, clusters: int) -> np.ndarray:
    return KMeans(clusters, n_init=3, random_state=7).fit_predict(rows)


def mini_batches(vectors: np.ndarray, clusters: int) -> np.ndarray:
    """As MTEB's clustering tasks do it."""
    return MiniBatchKMeans(clusters, batch_size=512, n_init="auto", random_state=7).fit_predict(vectors)


def embedder(model: Path, texts: list[str]) -> Embed:
    """The model of a folder, asked once for each text."""
    context = Context(name="model", root=Path(), state=Path(), environ={}, shelf=lambda _: None)
    found = OnnxEmbedder(OnnxEmbedderOptions(model=str(model.resolve())), context).embed(texts)
    rows = dict(zip(texts, found, strict=True))
    return lambda asked: np.stack([rows[text] for text in asked])


def bertopic(texts: list[str], vectors: np.ndarray) -> np.ndarray:
    """UMAP and HDBSCAN as BERTopic sets them up, but for groups as small as HDBSCAN's above."""
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder

    topics, _ = BERTopic(embedding_model=BaseEmbedder(), min_topic_size=5).fit_transform(texts, vectors)
    return np.array(topics)


def ours(
    texts: list[str], clusters: int | Literal["auto"], embed: Embed | None = None
) -> tuple[np.ndarray, np.ndarray]:
    sample = InputSample(20_000, 7)
    for number, text in enumerate(texts):
        sample.add(text, f"t{number}", None)
    groups = fit_groups(sample.distinct(), clusters=clusters, seed=7, min_traces=5, min_users=5, embed=embed)
    found = place(groups, texts, embed=embed)
    return found.cluster, found.novelty


def stability(texts: list[str]) -> list[float]:
    """Agreement of each two of four fits on random nine tenths, on the inputs that both had, with the chosen number of clusters."""
    clusters = len(set(ours(texts, "auto")[0].tolist()))
    fits = []
    for seed in (1, 2, 3, 4):
        keep = np.random.default_rng(seed).permutation(len(texts))[: int(0.9 * len(texts))]
        labels = ours([texts[at] for at in keep], clusters)[0]
        fits.append(dict(zip(keep.tolist(), labels.tolist(), strict=True)))
    return [
        adjusted_rand_score([one[at] for at in both], [other[at] for at in both])
        for one, other in combinations(fits, 2)
        for both in [sorted(one.keys() & other.keys())]
    ]


def speed(count: int) -> None:
    """From a clean shelf of so many distinct inputs to labels."""
    with tempfile.TemporaryDirectory() as folder:
        clean, labels = DirectoryShelf(Path(folder) / "clean", TRACE), DirectoryShelf(Path(folder) / "labels", LABEL)
        write_traffic(clean, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start, spent = time.perf_counter(), time.process_time()
        settings = LabelSettings()
        sample, normal = InputSample(settings.fit_sample, settings.seed), Normal()
        for shard in clean.shards():
            some, usual = survey_shard(clean, shard, settings)
            sample.merge(some)
            normal.merge(usual)
        surveyed = time.perf_counter()
        with one_thread():
            groups = fit(sample, settings, None)
        fitted = time.perf_counter()
        with one_thread():
            places = {shard: place_shard(clean, shard, groups, None) for shard in clean.shards()}
        placed = time.perf_counter()
        for task in shard_tasks(clean, places, groups, normal, settings, "benchmark"):
            label_shard(clean, labels, task, groups)
        done, spent = time.perf_counter(), time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{count} distinct inputs, {len(task.shown.clusters) - 1} clusters: {done - start:.0f} s in all, {spent:.0f} s of one core"
    )
    print(
        f"  look {surveyed - start:.1f} s, fit {fitted - surveyed:.1f} s, place {placed - fitted:.1f} s, write {done - placed:.1f} s"
    )
    print(f"  {count / (done - start):.0f} traces/s, peak memory {peak:.0f} MB ({before:.0f} MB before it began)")


def write_traffic(clean: DirectoryShelf, count: int) -> None:
    """Made-up questions of 8 to 40 words, of 200 topics with words of their own, in shards as a long pull leaves them."""
    rng = random.Random(7)
    syllables = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ol")]
    common = ["".join(rng.choices(syllables, k=2)) for _ in range(300)]
    topics = [["".join(rng.choices(syllables, k=3)) for _ in range(12)] for _ in range(200)]
    for first in range(0, count, IN_SHARD):
        with clean.writer(f"made-up-{first:08d}", "1") as writer:
            for start in range(first, min(first + IN_SHARD, count), 1000):
                rows = [trace(f"t{n}", rng, common, topics) for n in range(start, min(start + 1000, count))]
                writer.write(pa.RecordBatch.from_pylist(rows, schema=TRACE))


def trace(trace_id: str, rng: random.Random, common: list[str], topics: list[list[str]]) -> dict[str, Any]:
    topic = rng.choice(topics)
    asked = " ".join(rng.choice(topic if rng.random() < 0.3 else common) for _ in range(rng.randint(8, 40)))
    return {
        "trace_id": trace_id,
        "user_id": f"u{rng.randint(1, 5000)}",
        "status": "ok",
        "latency_ms": rng.expovariate(1 / 800),
        "input": {"kind": "messages", "messages": [spoken("system", "Be brief. " * 30), spoken("user", asked)]},
        "output": {"kind": "messages", "messages": [spoken("assistant", asked[::-1])]},
    }


def spoken(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": text}]}


if __name__ == "__main__":
    main()
