"""How often drift alarms where nothing changed, and how often it sees that 10 % of 500 inputs are of new intents.

Run: python benchmarks/drift.py [windows] [--same WINDOWS] [--model DIR]

A window is a random draw of queries; what was kept is another draw of the same intents. New ones
are of a tenth of the intents, held out; a window of 250 shows what half as much traffic gives. The powers in
`llmci.core.grouping.twosample` were chosen on every second intent of BANKING77 and CLINC150 in alphabetic order; here are
the others, which nobody looked at, all intents together, and two sets that were not used at all. In `asked again` the old
queries of a window are drawn from all, so that some are kept ones word for word. Bing queries carry no
intents: only false alarms (random halves of January 2-20) and a known change (from 21 January on) are counted. The rows
of people are of users who each ask about two intents, four times on average; `each on its own` is the same test told
nothing of users. `--same` counts false alarms over more windows than power; `--model` takes the vectors of an ONNX model.
Data: BANKING77 (PolyAI, CC BY 4.0), CLINC150 (CC BY 3.0), Bing Coronavirus Query set (O-UDA 1.0),
COVID-QA (deepset, Apache-2.0); left out where not at hand under ../shared/data.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from label import embedder

from llmci.core.grouping.drift import drift
from llmci.core.grouping.sample import Distinct
from llmci.core.grouping.shares import Shares
from llmci.core.grouping.shown import Floor
from llmci.core.grouping.threads import one_thread
from llmci.core.stats.agreement import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.grouping.drift import Drift
    from llmci.core.grouping.features import Embed

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
# A split and the permutations of its test are of generators that have nothing in common.
OWN = 1_000_003


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said."""

    windows: int
    same: int
    model: Path | None

    def windows_of(self, new: float) -> range:
        return range(self.windows if new else self.same)


def main() -> None:
    """One line a set and a share of new inputs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("windows", nargs="?", type=int, default=20)
    parser.add_argument("--same", type=int, help="windows without a change; as many as the others where not given")
    parser.add_argument("--model", type=Path, help="folder of an ONNX embedding model")
    given = parser.parse_args()
    asked = Asked(given.windows, given.same or given.windows, given.model)
    print(f"{'':38} {'kept':>5} {'window':>6} {'new':>4}  alarms                represented  topics named  s/window")
    for name, file, sizes, sizes_of_all in (
        ("banking77", "train.parquet", ((2000, 500),), (2000, 500)),
        ("clinc150", "val.parquet", ((700, 500), (700, 250)), (1400, 500)),
    ):
        if (path := DATA / name / file).exists():
            rows = pq.read_table(path).to_pydict()
            intent_of = {t: i for t, i in zip(rows["text"], rows["intent"], strict=True) if i != "oos"}
            embed = embed_of(asked, intent_of)
            # What is held out: the intents that no power was chosen on.
            untouched = set(sorted(set(intent_of.values()))[1::2])
            held_out = {text: intent for text, intent in intent_of.items() if intent in untouched}
            for kept, window in sizes:
                of_intents(f"{name}, {len(untouched)} untouched intents", held_out, kept, window, asked, embed)
            of_intents(f"{name}, all intents", intent_of, *sizes_of_all, asked, embed)
            of_intents(f"{name}, all intents, asked again", intent_of, *sizes_of_all, asked, embed, again=True)
            of_people(f"{name}, people", intent_of, *sizes_of_all, asked, embed)
    if (path := DATA / "covid_faq" / "paraphrases.parquet").exists():
        covid_faq(path, asked)
    if (path := DATA / "bing_covid_jan2020" / "by_country.parquet").exists():
        bing(path, asked)


def of_intents(
    name: str,
    intent_of: dict[str, str],
    kept: int,
    window: int,
    asked: Asked,
    embed: Embed | None,
    *,
    again: bool = False,
) -> None:
    """Windows with nothing new, a tenth new and three tenths new; of the old inputs, some `again` word for word."""
    for new in (0.0, 0.1, 0.3):
        found, start = [], time.perf_counter()
        for seed in asked.windows_of(new):
            rng = np.random.default_rng(seed)
            old, fresh = parted(intent_of, new, rng)
            count = int(new * window)
            stayed = rng.permutation(old).tolist() if again else old[kept:]
            found.append(
                compared(of_nobody(old[:kept]), of_nobody(stayed[: window - count] + fresh[:count]), seed, embed)
            )
        line(name, kept, window, new, found, time.perf_counter() - start)


def parted(intent_of: dict[str, str], new: float, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Inputs of the intents that stay and of those held out, in random order."""
    intents = sorted(set(intent_of.values()))
    held = set(rng.choice(intents, len(intents) // (10 if new <= 0.1 else 4), replace=False)) if new else set()
    old = rng.permutation([text for text, intent in intent_of.items() if intent not in held]).tolist()
    return old, rng.permutation([text for text, intent in intent_of.items() if intent in held]).tolist()


def of_people(name: str, intent_of: dict[str, str], kept: int, window: int, asked: Asked, embed: Embed | None) -> None:
    """Each user asks about two intents; with users told and without."""
    for told in (False, True):
        for new in (0.0, 0.1) if told else (0.0,):
            found, start = [], time.perf_counter()
            for seed in asked.windows_of(new):
                rng = np.random.default_rng(seed)
                old, fresh = parted(intent_of, new, rng)
                count = int(new * window)
                users, crowd = iter(range(kept + window)), Crowd(intent_of, rng)
                before, stayed = (crowd.ask(old, amount, users) for amount in (kept, window - count))
                came = crowd.ask(fresh, count, users)
                sides = (before, stayed + came) if told else (bare(before), bare(stayed + came))
                found.append(compared(*sides, seed, embed))
            line(f"{name}{'' if told else ', each on its own'}", kept, window, new, found, time.perf_counter() - start)


class Crowd:
    """Users who each ask four times on average, about two intents; no query is asked twice."""

    def __init__(self, intent_of: dict[str, str], rng: np.random.Generator) -> None:
        self._intent_of, self._rng = intent_of, rng
        self._spent: set[str] = set()

    def ask(self, texts: list[str], count: int, users: Iterable[int]) -> list[Distinct]:
        left: dict[str, list[str]] = {}
        for text in texts:
            if text not in self._spent:
                left.setdefault(self._intent_of[text], []).append(text)
        found: list[Distinct] = []
        for user in users:
            weights = np.array([len(of) for of in left.values()], float)
            if len(found) >= count or not weights.any():
                break
            mine = self._rng.choice(
                list(left), min(2, int((weights > 0).sum())), replace=False, p=weights / weights.sum()
            )
            for _ in range(self._rng.geometric(1 / 4)):
                if of := left[str(self._rng.choice(mine))]:
                    text = of.pop()
                    found.append(Distinct(text, f"t{user}-{len(found)}", 1, {user}))
        self._spent |= {entry.text for entry in found}
        return found[:count]


def covid_faq(path: Path, asked: Asked) -> None:
    """Few, short questions, most in two wordings: only false alarms are counted."""
    table = pq.read_table(path).to_pydict()
    halves("covid_faq", sorted({*table["question_1"], *table["question_2"]}), 110, asked)


def halves(name: str, texts: list[str], window: int, asked: Asked) -> None:
    kept, embed = min(2000, len(texts) - window), embed_of(asked, texts)
    found, start = [], time.perf_counter()
    for seed in asked.windows_of(0):
        order = of_nobody(np.random.default_rng(seed).permutation(texts).tolist())
        found.append(compared(order[:kept], order[kept : kept + window], seed, embed))
    line(name, kept, window, 0.0, found, time.perf_counter() - start)


def bing(path: Path, asked: Asked) -> None:
    """Queries of days: random halves of one fortnight, then the days after the outbreak was news."""
    rows = pq.read_table(path).to_pydict()
    dated = sorted({(str(day), query) for day, query in zip(rows["Date"], rows["Query"], strict=True)})
    before = [text for day, text in dated if day <= "2020-01-20"]
    after = [text for day, text in dated if "2020-01-21" <= day <= "2020-01-24"]
    halves("bing, random halves to 20 January", before, 250, asked)
    embed = embed_of(asked, [*before, *after])
    found, start = [], time.perf_counter()
    for seed in asked.windows_of(1):
        fresh = np.random.default_rng(seed).permutation(after).tolist()[:250]
        found.append(compared(of_nobody(before[:2000]), of_nobody(fresh), seed, embed))
    line("bing, 21-24 January", min(2000, len(before)), 250, float("nan"), found, time.perf_counter() - start)


def embed_of(asked: Asked, texts: Iterable[str]) -> Embed | None:
    """The model that was asked for; each text is embedded once."""
    return embedder(asked.model, sorted(set(texts))) if asked.model else None


def of_nobody(texts: list[str]) -> list[Distinct]:
    return [Distinct(text, f"t{number}", 1, set()) for number, text in enumerate(texts)]


def bare(entries: list[Distinct]) -> list[Distinct]:
    return of_nobody([entry.text for entry in entries])


def compared(kept: list[Distinct], fresh: list[Distinct], seed: int, embed: Embed | None) -> Drift:
    shares = (Shares(), Shares())
    with one_thread():
        return drift(kept, fresh, shares=shares, floor=Floor(5, 5), seed=seed + OWN, embed=embed)


def line(name: str, kept: int, window: int, new: float, found: list[Drift], seconds: float) -> None:
    alarms = wilson(sum(each.drifted for each in found), len(found))
    represented = [each.represented for each in found]
    topics = np.mean([len(each.new_topics) for each in found])
    print(
        f"{name:38} {kept:>5} {window:>6} {new:>4.0%}  {alarms.value:>6.1%} [{alarms.low:.1%}, {alarms.high:.1%}]".ljust(
            82
        )
        + f" {np.mean(represented):>5.0%} ± {np.std(represented):<3.0%}  {topics:>12.1f}  {seconds / len(found):>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
