"""Why a verdict came out as it did: what changed about the answers, where, and what did not change."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.traits import CONSTANT, Trait, by_case, lengths, traits
from llmci.core.stats.layout import layout
from llmci.core.stats.paired import bounds, moments
from llmci.core.wording import count, percent, points, rounded
from llmci.domain.run import Unanswered
from llmci.domain.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.core.gating.ask import Comparison
    from llmci.core.gating.frame import Frame, SliceKey
    from llmci.core.gating.traits import Said
    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.core.stats.layout import Layout
    from llmci.core.stats.paired import Moments
    from llmci.domain.run import Run

# Everything that is said of the answers together is wrong at most once in twenty runs of a system
# against itself.
_RATE = 0.05
# A smaller change of form is not worth a sentence.
_LEAST, _LEAST_LENGTH = 0.02, 0.10
# Answers whose form is looked at; a form that is rarer than can be seen here explains no verdict.
_MOST_ANSWERS = 5_000
_MOST_FINDINGS, _EXAMPLES = 8, 5
# Fewer answers have no form in common.
_FEWEST = 10
# A slice holds a change where it has nearly all of it and is not nearly everything.
_NEARLY_ALL, _NOT_ALL = 0.9, 0.8
# A system that gives one answer to more of the cases than this may be meant to.
_VARIED = 0.5
_CARRIERS = 3
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Explanation:
    """What explains a verdict; it decides nothing.

    Attributes:
        findings: What changed, the most telling first.
        unchanged: What was looked at and shows no change.
    """

    findings: tuple[Finding, ...] = ()
    unchanged: tuple[str, ...] = ()


def explain(
    comparison: Comparison, runs: tuple[Run, Run], before: Mapping[str, Said], after: Mapping[str, Said]
) -> Explanation:
    """Compare the answers of two runs by their form, and the cases by where they changed.

    Args:
        comparison: The runs, paired up.
        runs: The same two, for what was not answered.
        before: What the baseline said, by case id.
        after: What the candidate said.
    """
    frame = comparison.frame
    change = _change(comparison)
    findings = [*_moved(frame, change), *_carriers(frame, change), *_unanswered(runs)]
    seen, same = _forms(frame, change, before, after)
    return Explanation((*findings, *seen[:_MOST_FINDINGS]), (*_still(frame, change), *same))


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """How each case of the frame fared under the first score: NaN where there is none; shape (n,)."""

    metric: str
    differences: FloatArray

    def which(self, *, worse: bool) -> BoolArray:
        known = np.nan_to_num(self.differences)
        result: BoolArray = known < -_SAME if worse else known > _SAME
        return result


def fooled(explanation: Explanation) -> str | None:
    """What forbids to believe a pass: one answer to everything, where answers used to differ."""
    return next((found.text for found in explanation.findings if found.kind == CONSTANT and found.bad), None)


def _change(comparison: Comparison) -> _Change:
    for asked in comparison.asked:
        pairs = comparison.compared.get(asked.rule.metric)
        if pairs is not None and pairs.metric.kind in ("binary", "graded"):
            rise = (pairs.candidate - pairs.baseline) / (pairs.metric.high - pairs.metric.low)
            return _Change(pairs.metric.name, rise if pairs.metric.higher_is_better else -rise)
    return _Change("", np.full(len(comparison.frame.cases), np.nan))


def _moved(frame: Frame, change: _Change) -> Iterator[Finding]:
    """New failures and new fixes, with the cases to look at."""
    for worse, words in ((True, "got worse"), (False, "got better")):
        moved = change.which(worse=worse)
        if moved.any():
            order = np.argsort(change.differences if worse else -change.differences, kind="stable")
            examples = tuple(frame.cases[at].case_id for at in order[: int(moved.sum())][:_EXAMPLES])
            text = f"{count(int(moved.sum()), 'case')} {words} in {change.metric}, such as {', '.join(examples[:3])}"
            yield Finding(kind="new failures" if worse else "new fixes", text=text, bad=worse, cases=examples)


def _carriers(frame: Frame, change: _Change) -> Iterator[Finding]:
    """Slices whose change differs from that of all other cases by more than chance."""
    known = np.isfinite(change.differences)
    keys = list(_slices(frame))
    fell = float(frame.weights[known] @ change.differences[known]) <= 0
    found: list[tuple[tuple[float, bool], Finding]] = []
    for key, members in keys:
        inside, outside = known & members, known & ~members
        if min(inside.sum(), outside.sum()) < _FEWEST:
            continue
        here, there = (_measured(frame, part, change.differences[part]) for part in (inside, outside))
        apart = float(here.estimate - there.estimate)
        spread = float(np.hypot(here.spread, there.spread))
        if min(here.df, there.df) >= 1 and abs(apart) >= _LEAST and _proven(apart / spread, len(keys)):
            # Two halves differ by the same: the one that moved as the whole did carries it.
            against = (float(here.estimate) < 0) != fell
            found.append(((-round(abs(apart), 9), against), _carrier(change, key, inside, here, there)))
    # One for each label: to the other values of the label it is the rest that changed.
    told: set[str] = set()
    for _, finding in sorted(found, key=lambda one: one[0]):
        label = finding.slice[0] if finding.slice else ""
        if len(told) < _CARRIERS and label not in told:
            told.add(label)
            yield finding


def _carrier(change: _Change, key: SliceKey, inside: BoolArray, here: Moments, there: Moments) -> Finding:
    fell = here.estimate < there.estimate
    moved = change.which(worse=bool(fell))
    text = (
        f"{key[0]} {key[1]} carries the change: {change.metric} {'fell' if here.estimate < 0 else 'rose'} "
        f"{points(abs(float(here.estimate)))} there and {_elsewhere(float(there.estimate))} elsewhere; it holds "
        f"{int((moved & inside).sum()):,} of the {count(int(moved.sum()), 'case')} that got "
        f"{'worse' if fell else 'better'} and {percent(inside.mean())} of all"
    )
    return Finding(
        kind="slice",
        text=text,
        bad=bool(here.estimate < 0),
        baseline=float(there.estimate),
        candidate=float(here.estimate),
        slice=key,
    )


def _elsewhere(estimate: float) -> str:
    if abs(estimate) < _SAME:
        return "not at all"
    return f"{'fell' if estimate < 0 else 'rose'} {points(abs(estimate))}"


def _unanswered(runs: tuple[Run, Run]) -> Iterator[Finding]:
    """Reasons for missing answers that have become more or fewer."""
    before, after = (
        Counter(a.why for a in run.answers if isinstance(a, Unanswered) and a.fault == "system") for run in runs
    )
    for why in sorted(before.keys() | after.keys(), key=lambda why: -abs(after[why] - before[why])):
        if after[why] != before[why]:
            text = (
                f"{count(after[why], 'answer')} of the candidate and {before[why]:,} of the baseline are missing: {why}"
            )
            yield Finding(kind="errors", text=text, bad=after[why] > before[why])


def _forms(
    frame: Frame, change: _Change, before: Mapping[str, Said], after: Mapping[str, Said]
) -> tuple[list[Finding], list[str]]:
    """What changed about the form of the answers, and what did not."""
    both = np.flatnonzero([case.case_id in before and case.case_id in after for case in frame.cases])
    if len(both) < _FEWEST:
        return [], []
    if len(both) > _MOST_ANSWERS:
        both = np.sort(np.random.default_rng(len(both)).choice(both, _MOST_ANSWERS, replace=False))
    ids = [frame.cases[at].case_id for at in both]
    sides = by_case(before, ids), by_case(after, ids)
    cases = layout(len(ids), groups=frame.groups[both])
    looked = traits(*sides)
    changed = [(trait, rise) for trait in looked if (rise := _rise(trait, cases, len(looked) + 1)) is not None]
    found = [
        (_weight(trait, rise, change, both), _finding(trait, frame, change, both))
        for trait, rise in _without_echoes(changed)
    ]
    found += [(abs(ratio), finding) for ratio, finding in _longer(sides, cases, len(looked) + 1)]
    moved = {finding.kind for _, finding in found}
    same = [kind for kind in dict.fromkeys(trait.kind for trait in looked) if kind not in moved]
    same += [] if "length" in moved else ["length"]
    return [finding for _, finding in sorted(found, key=lambda one: -one[0])], same


def _rise(trait: Trait, cases: Layout, questions: int) -> float | None:
    """By how much more of the answers have it, if that is no chance; None where it may be."""
    difference = trait.after.astype(np.float64) - trait.before
    of = moments(difference, cases)
    low, high = bounds(of, _RATE / 2 / questions)
    if abs(float(of.estimate)) < _LEAST or float(low) <= 0 <= float(high):
        return None
    return float(of.estimate)


def _weight(trait: Trait, rise: float, change: _Change, both: np.ndarray) -> float:
    """How much a change of form has to do with the cases that changed; what is bad by itself comes first."""
    gained = trait.after != trait.before
    moved = (change.which(worse=True) | change.which(worse=False))[both]
    shared = float((gained & moved).sum() / max(moved.sum(), 1))
    return abs(rise) + shared + (1.0 if trait.bad and rise > 0 else 0.0)


def _without_echoes(changed: Sequence[tuple[Trait, float]]) -> list[tuple[Trait, float]]:
    """Leave out what is the same change in other words: a fence is also a first word and a last line."""
    kept: list[tuple[Trait, float]] = []
    # What there is more of says it better than what there is less of.
    for trait, rise in sorted(changed, key=lambda one: one[1] < 0):
        mine = trait.after.astype(np.int8) - trait.before
        twins = (
            np.mean(np.abs(mine - (other.after.astype(np.int8) - other.before))) < (1 - _NEARLY_ALL) * abs(rise)
            or np.mean(np.abs(mine + (other.after.astype(np.int8) - other.before))) < (1 - _NEARLY_ALL) * abs(rise)
            for other, _ in kept
            if other.kind == trait.kind
        )
        if not any(twins):
            kept.append((trait, rise))
    return kept


def _finding(trait: Trait, frame: Frame, change: _Change, both: np.ndarray) -> Finding:
    shares = float(trait.before.mean()), float(trait.after.mean())
    more = shares[1] > shares[0]
    gained = (trait.after & ~trait.before) if more else (trait.before & ~trait.after)
    worse = change.which(worse=True)[both]
    text = f"{percent(shares[1])} of the candidate's answers {trait.words}, of the baseline's {percent(shares[0])}"
    if worse.any() and (shared := int((gained & worse).sum())) > _NEARLY_ALL * gained.mean() * worse.sum():
        text += f"; it is {'new in' if more else 'gone from'} {shared:,} of the {count(int(worse.sum()), 'case')} that got worse"
    place = _place(frame, gained, both)
    if place is not None:
        text += f"; nearly all of them where {place[0]} is {place[1]}"
    examples = tuple(frame.cases[at].case_id for at in both[np.flatnonzero(gained)][:_EXAMPLES])
    bad = shares[0] < _VARIED and shares[1] >= _NEARLY_ALL if trait.kind == CONSTANT else trait.bad and more
    return Finding(
        kind=trait.kind,
        text=text,
        bad=bad,
        baseline=shares[0],
        candidate=shares[1],
        slice=place,
        cases=examples,
    )


def _place(frame: Frame, gained: BoolArray, both: np.ndarray) -> SliceKey | None:
    """The slice that holds nearly all of a change of form, if one does."""
    for key, members in _slices(frame):
        here = members[both]
        if here.mean() < _NOT_ALL and gained[here].sum() >= _NEARLY_ALL * gained.sum():
            return key
    return None


def _longer(
    sides: tuple[Sequence[Said], Sequence[Said]], cases: Layout, questions: int
) -> Iterator[tuple[float, Finding]]:
    """A change of length: the mean of the logarithm of the ratio, case by case."""
    before, after = (lengths(side) for side in sides)
    ratio = np.log((after + 1) / (before + 1))
    widest = max(float(np.abs(ratio).max()), _SAME)
    of = moments(ratio / widest, cases)
    low, high = bounds(of, _RATE / 2 / questions)
    change = float(np.expm1(float(of.estimate) * widest))
    if abs(change) >= _LEAST_LENGTH and not float(low) <= 0 <= float(high):
        times = f"{percent(change)} longer" if change > 0 else f"{percent(-change)} shorter"
        # Not medians: where a third of the answers became empty, they are what they were.
        means = [rounded(float(side.mean()), 0) for side in (before, after)]
        text = f"the candidate's answers are {times} from case to case (on average {means[0]} characters before, {means[1]} now)"
        yield change, Finding(kind="length", text=text, baseline=float(before.mean()), candidate=float(after.mean()))


def _still(frame: Frame, change: _Change) -> list[str]:
    """Scores and slices in which no case moved."""
    known = np.isfinite(change.differences)
    if not known.any():
        return []
    moved = change.which(worse=True) | change.which(worse=False)
    if not moved.any():
        return [f"{change.metric} of every case"]
    quiet = [
        key for key, members in _slices(frame) if (members & known).sum() >= _FEWEST and not (members & moved).any()
    ]
    return [f"{change.metric} where {label} is {value}" for label, value in quiet[:_EXAMPLES]]


def _slices(frame: Frame) -> Iterator[tuple[SliceKey, BoolArray]]:
    labels = sorted({label for case in frame.cases for label in case.slices})
    for label in labels:
        values = frame.slices(label)
        # A label of one value tells nothing apart, one of hundreds is an id.
        if 1 < len(values) <= len(frame.cases) / _FEWEST:
            yield from values.items()


def _measured(frame: Frame, part: BoolArray, differences: FloatArray) -> Moments:
    return moments(differences, layout(int(part.sum()), groups=frame.groups[part]))


def _proven(z: float, questions: int) -> bool:
    return math.erfc(abs(z) / math.sqrt(2)) * questions <= _RATE
