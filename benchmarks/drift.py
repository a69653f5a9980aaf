"""How often drift alarms where nothing changed, and how often it sees that 10 % of 500 inputs are of new intents.

Run: python benchmarks/drift.py [windows]

A window is a random draw of queries; what was kept is another draw of the same intents. New ones
are of a tenth of the intents, held out; a window of 250 shows what half as much traffic gives. The powers in `llmci.core.grouping.twosample` were chosen
on every second intent of BANKING77 and CLINC150 in alphabetic order; here are the others, which
nobody looked at, and two sets that were not used at all. Bing queries carry no intents: only
false alarms (random halves of January 2-20) and a known change (from 21 January on) are counted.
Data: BANKING77 (PolyAI, CC BY 4.0), CLINC150 (CC BY 3.0), Bing Coronavirus Query set (O-UDA 1.0),
COVID-QA (deepset, Apache-2.0); left out where not at hand under ../shared/data.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from llmci.core.grouping.drift import drift
from llmci.core.grouping.sample import Distinct
from llmci.core.grouping.shown import Floor
from llmci.core.grouping.threads import one_thread

if TYPE_CHECKING:
    from llmci.core.grouping.drift import Drift

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def main() -> None:
    """One line a set and a share of new inputs."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"{'':34} {'kept':>5} {'window':>6} {'new':>4}  alarms  represented  topics named  s/window")
    # What is held out: the intents that no power was chosen on.
    for name, file, kept, window in (
        ("banking77", "train.parquet", 2000, 500),
        ("clinc150", "val.parquet", 700, 500),
        ("clinc150", "val.parquet", 700, 250),
    ):
        if (path := DATA / name / file).exists():
            rows = pq.read_table(path).to_pydict()
            intent_of = dict(zip(rows["text"], rows["intent"], strict=True))
            untouched = set(sorted(set(intent_of.values()) - {"oos"})[1::2])
            of_intents(name, {t: i for t, i in intent_of.items() if i in untouched}, kept, window, windows)
    if (path := DATA / "covid_faq" / "paraphrases.parquet").exists():
        covid_faq(path, windows)
    if (path := DATA / "bing_covid_jan2020" / "by_country.parquet").exists():
        bing(path, windows)


def of_intents(name: str, intent_of: dict[str, str], kept: int, window: int, windows: int) -> None:
    """Windows with nothing new, a tenth new and three tenths new."""
    intents = sorted(set(intent_of.values()))
    for new in (0.0, 0.1, 0.3):
        found = []
        start = time.perf_counter()
        for seed in range(windows):
            rng = np.random.default_rng(seed)
            held = set(rng.choice(intents, len(intents) // (10 if new <= 0.1 else 4), replace=False)) if new else set()
            old = rng.permutation([text for text, intent in intent_of.items() if intent not in held]).tolist()
            fresh = rng.permutation([text for text, intent in intent_of.items() if intent in held]).tolist()
            count = int(new * window)
            found.append(compared(old[:kept], old[kept : kept + window - count] + fresh[:count], seed))
        line(f"{name}, {len(intents)} untouched intents", kept, window, new, found, time.perf_counter() - start)


def covid_faq(path: Path, windows: int) -> None:
    """Few, short questions: only false alarms are counted."""
    table = pq.read_table(path).to_pydict()
    texts = sorted({*table["question_1"], *table["question_2"]})
    start = time.perf_counter()
    found = []
    for seed in range(windows):
        order = np.random.default_rng(seed).permutation(texts).tolist()
        found.append(compared(order[:300], order[300:450], seed))
    line(f"covid_faq, {len(texts)} questions", 300, 150, 0.0, found, time.perf_counter() - start)


def bing(path: Path, windows: int) -> None:
    """Queries of days: random halves of one fortnight, then the days after the outbreak was news."""
    rows = pq.read_table(path).to_pydict()
    dated = sorted({(str(day), query) for day, query in zip(rows["Date"], rows["Query"], strict=True)})
    before = [text for day, text in dated if day <= "2020-01-20"]
    after = [text for day, text in dated if "2020-01-21" <= day <= "2020-01-24"]
    kept = min(2000, len(before) - 250)
    for name, changed in (("bing, random halves to 20 January", False), ("bing, 21-24 January", True)):
        start = time.perf_counter()
        found = []
        for seed in range(windows):
            rng = np.random.default_rng(seed)
            order = rng.permutation(before).tolist()
            fresh = rng.permutation(after).tolist()[:250] if changed else order[kept : kept + 250]
            found.append(compared(order[:kept], fresh, seed))
        line(name, kept, 250, float("nan") if changed else 0.0, found, time.perf_counter() - start)


def compared(kept: list[str], fresh: list[str], seed: int) -> Drift:
    window = [Distinct(text, f"t{number}", 1, set()) for number, text in enumerate(fresh)]
    shares = ({"all": 1.0}, {"all": 1.0})
    with one_thread():
        return drift(kept, window, shares=shares, floor=Floor(5, 5), seed=seed)


def line(name: str, kept: int, window: int, new: float, found: list[Drift], seconds: float) -> None:
    alarms = np.mean([each.drifted for each in found])
    represented = [each.represented for each in found]
    topics = np.mean([len(each.new_topics) for each in found])
    print(
        f"{name:34} {kept:>5} {window:>6} {new:>4.0%}  {alarms:>6.0%}  {np.mean(represented):>5.0%} ± {np.std(represented):<3.0%}"
        f"  {topics:>12.1f}  {seconds / len(found):>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
