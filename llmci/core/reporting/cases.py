"""Answers and scores of two runs to cases, worst first."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from llmci.core.reporting.inert import one_line, visible
from llmci.core.reporting.view import CaseView, Change, Measured, ScoreView, SideView, TryView, TurnView
from llmci.domain.run import SCORES_ONLY, Answered, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmci.domain.case import Case, Document, Message, Part
    from llmci.domain.run import Answer, Metric, Run, Score
    from llmci.domain.verdict import Rule

# Longest text that a report holds; the runs keep the whole of it.
TEXT_LIMIT = 50_000
_TITLE = 120
_ORDER = list(Change)
_SAME = 1e-9

Item = TypeVar("Item", "Answer", "Score")


def deciding_metrics(rules: Iterable[Rule], metrics: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """The metrics that say whether an answer got better or worse, the first one being the main one.

    Gated scores come first; where there is none, any score; where there is none either, whatever was measured.
    """
    gated = [metrics[rule.metric] for rule in rules if rule.role != "watch" and rule.metric in metrics]
    scores = [metric for metric in gated if _is_score(metric)] or [m for m in metrics.values() if _is_score(m)]
    return tuple(dict.fromkeys(scores or gated or metrics.values()))


def case_views(
    runs: tuple[Run, Run],
    cases: Mapping[str, Case],
    metrics: Iterable[str],
    deciding: Sequence[Metric],
    *,
    texts: bool,
) -> tuple[tuple[CaseView, ...], Callable[[CaseView], CaseView]]:
    """Every case of either run, in the order of `Change`, then by loss, weight and id.

    All of them are held at once, so that they carry no more than their row; what gives a case its
    texts is returned beside them, to be asked for one case after the other.

    Args:
        runs: Of the baseline and of the candidate.
        cases: The set's, by id, as far as they are at hand.
        metrics: Names of the metrics to show, in this order.
        deciding: What makes a case better or worse; see `deciding_metrics`.
        texts: False leaves out every text of cases and answers.
    """
    before, after = _sides(*runs)
    named = (tuple(metrics), deciding)
    ids = dict.fromkeys(case_id for run in reversed(runs) for case_id in run.case_ids)
    views = [_view(case_id, cases.get(case_id), before, after, named, texts=texts) for case_id in ids]
    views.sort(key=lambda v: (_ORDER.index(v.change), -v.loss, -(v.weight or 0.0), v.case_id))
    spelled = {shown: case_id for case_id in ids if (shown := visible(case_id)) != case_id}

    def whole(view: CaseView) -> CaseView:
        case_id = spelled.get(view.case_id, view.case_id)
        return _whole(view, case_id, cases.get(case_id) if texts else None, before, after, texts=texts)

    return tuple(views), whole


def _sides(baseline: Run, candidate: Run) -> tuple[_Side, _Side]:
    at = {case_id: row for row, case_id in enumerate(baseline.case_ids)}
    same = baseline.case_ids == candidate.case_ids
    return _Side(baseline, at), _Side(candidate, at if same else {c: row for row, c in enumerate(candidate.case_ids)})


class _Side:
    """One run, by case. It holds numbers of rows and no lists of them, for there may be a million."""

    def __init__(self, run: Run, at: Mapping[str, int]) -> None:
        self._at = at
        self._answers = _Grouped(run.answers, self._at)
        self._scores = _Grouped(run.scores, self._at)
        self.texts = SCORES_ONLY not in run.environment

    def answers(self, case_id: str) -> list[Answer]:
        return self._answers.of(self._at.get(case_id))

    def scores(self, case_id: str) -> list[Score]:
        return self._scores.of(self._at.get(case_id))

    def means(self, case_id: str) -> dict[str, float]:
        """Over the tries, by metric."""
        values: dict[str, list[float]] = {}
        for score in self.scores(case_id):
            if isinstance(score, Scored):
                values.setdefault(score.metric, []).append(score.value)
        return {name: sum(found) / len(found) for name, found in values.items()}

    def answered(self, case_id: str) -> bool:
        return any(isinstance(answer, Answered) for answer in self.answers(case_id))


class _Grouped(Generic[Item]):
    """Answers or scores by the number of their case, in the order in which they stand."""

    def __init__(self, items: Sequence[Item], at: Mapping[str, int]) -> None:
        codes = np.fromiter((at.get(item.case_id, -1) for item in items), dtype=np.int32, count=len(items))
        self._items: Sequence[Item] = items
        self._order = np.argsort(codes, kind="stable").astype(np.int32)
        self._starts = np.searchsorted(codes[self._order], np.arange(len(at) + 1, dtype=np.int32)).astype(np.int32)

    def of(self, at: int | None) -> list[Item]:
        if at is None:
            return []
        return [self._items[row] for row in self._order[self._starts[at] : self._starts[at + 1]].tolist()]


# The same few slices and scores come with most of the cases, and are held once.
@lru_cache(maxsize=4096)
def _slices(slices: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one_line(label, 60), one_line(value, 80)) for label, value in slices)


@lru_cache(maxsize=4096)
def _measured(metric: str, baseline: float | None, candidate: float | None) -> Measured:
    return Measured(metric=metric, baseline=baseline, candidate=candidate)


def _view(
    case_id: str,
    case: Case | None,
    before: _Side,
    after: _Side,
    named: tuple[Sequence[str], Sequence[Metric]],
    *,
    texts: bool,
) -> CaseView:
    metrics, deciding = named
    was, now = before.means(case_id), after.means(case_id)
    gains = {metric.name: _gain(metric, was.get(metric.name), now.get(metric.name)) for metric in deciding}
    known = [gain for gain in gains.values() if gain is not None]
    loss = 0.0 if not known else max(-gain for gain in known)
    if loss <= _SAME and known:
        loss = -max(known)
    return CaseView(
        case_id=visible(case_id),
        change=_change((before.answered(case_id), after.answered(case_id)), now, deciding, known),
        loss=loss,
        title=_title(case) if texts else "",
        key=visible(case.key) if case and case.key else None,
        weight=case.weight if case else None,
        slices=_slices(tuple(case.slices.items())) if case else (),
        must_pass=case.must_pass if case else False,
        measured=tuple(_measured(name, was.get(name), now.get(name)) for name in metrics),
    )


def _whole(view: CaseView, case_id: str, case: Case | None, before: _Side, after: _Side, *, texts: bool) -> CaseView:
    return replace(
        view,
        turns=tuple(_turn(message) for message in case.messages) if case else (),
        documents=_documents(case.documents) if case else (),
        reference=visible(case.reference, TEXT_LIMIT) if case and case.reference is not None else None,
        rubric=visible(case.rubric, TEXT_LIMIT) if case and case.rubric is not None else None,
        tries=_tries(case_id, before, after, texts=texts),
    )


def _change(
    answered: tuple[bool, bool], now: Mapping[str, float], deciding: Sequence[Metric], gains: Sequence[float]
) -> Change:
    if answered[0] and not answered[1]:
        return Change.ERRORED
    if not gains:
        return Change.UNSCORED
    if min(gains) < -_SAME:
        return Change.REGRESSED
    if max(gains) > _SAME:
        return Change.IMPROVED
    wrong = any(_is_wrong(metric, now.get(metric.name)) for metric in deciding)
    return Change.FAILING if wrong else Change.UNCHANGED


def _is_score(metric: Metric) -> bool:
    return metric.kind in ("binary", "graded")


def _is_wrong(metric: Metric, value: float | None) -> bool:
    """In the worse half of the metric's range; nothing is wrong with a price."""
    if value is None or not _is_score(metric):
        return False
    share = (value - metric.low) / ((metric.high - metric.low) or 1.0)
    return (share if metric.higher_is_better else 1 - share) < 0.5


def _gain(metric: Metric, baseline: float | None, candidate: float | None) -> float | None:
    """Candidate minus baseline where more is better, as a fraction of the range or of the baseline."""
    if baseline is None or candidate is None:
        return None
    span = metric.high - metric.low if _is_score(metric) else abs(baseline)
    return (candidate - baseline) / (span or 1.0) * (1 if metric.higher_is_better else -1)


def _title(case: Case | None) -> str:
    if case is None:
        return ""
    asked = [message for message in case.messages if message.role == "user"] or case.messages
    for message in reversed(asked):
        for part in message.parts:
            if part.text and part.text.strip():
                return one_line(part.text, _TITLE)
    return ""


def _tries(case_id: str, before: _Side, after: _Side, *, texts: bool) -> tuple[TryView, ...]:
    sides = [
        {
            answer.repeat: _side(
                answer, [score for score in scores if score.repeat == answer.repeat], texts=texts and side.texts
            )
            for answer in side.answers(case_id)
        }
        for side in (before, after)
        for scores in [side.scores(case_id)]
    ]
    repeats = sorted({*sides[0], *sides[1]})
    return tuple(TryView(baseline=sides[0].get(repeat), candidate=sides[1].get(repeat)) for repeat in repeats)


def _side(answer: Answer, scores: Sequence[Score], *, texts: bool) -> SideView:
    shown = tuple(_score(score, texts=texts) for score in scores)
    if not isinstance(answer, Answered):
        return SideView(text=None, why=visible(answer.why, TEXT_LIMIT), scores=shown, latency_ms=answer.latency_ms)
    return SideView(
        text=visible(answer.text, TEXT_LIMIT) if texts else None,
        turns=tuple(_turn(message) for message in answer.messages) if texts else (),
        documents=_documents(answer.documents or ()) if texts else (),
        scores=shown,
        latency_ms=answer.latency_ms,
        cost=answer.cost,
        tokens_in=answer.usage.input,
        tokens_out=answer.usage.output,
        cached=answer.cached,
    )


def _score(score: Score, *, texts: bool) -> ScoreView:
    if isinstance(score, Scored):
        reason = score.error or (score.reason if texts else None)
        return ScoreView(metric=score.metric, value=score.value, reason=visible(reason, TEXT_LIMIT) if reason else None)
    return ScoreView(metric=score.metric, value=None, reason=visible(score.why, TEXT_LIMIT))


def _turn(message: Message) -> TurnView:
    return TurnView(role=one_line(message.role, 40), pieces=tuple(_piece(part) for part in message.parts))


def _piece(part: Part) -> tuple[str, str]:
    if part.type == "tool_call":
        return part.type, visible(f"{part.tool_name or ''} {part.tool_arguments or ''}".strip(), TEXT_LIMIT)
    if part.type == "tool_result":
        return part.type, visible(part.tool_result or part.text or "", TEXT_LIMIT)
    return visible(part.type), visible(part.text or part.uri or part.mime_type or "", TEXT_LIMIT)


def _documents(documents: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one_line(document.id or "", 200), visible(document.content or "", TEXT_LIMIT)) for document in documents
    )
