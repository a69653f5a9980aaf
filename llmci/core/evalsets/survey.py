"""What is seen of every case, over all traces that could become it: one row a case, in columns that merge over shards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.core.evalsets.agent_cases import cases_of
from llmci.core.evalsets.cases import has_failed, judge_at
from llmci.core.evalsets.lineage import Traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.lineage import Keyed
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings

# Traces that are held as rows of their own before they are put together.
_CHUNK = 20_000
# A sum of lineage hashes, in pieces that can be added without loss.
_PIECES, _PIECE_BITS = 4, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a survey has to know.

    Attributes:
        retired: Ids of cases that are wanted no more.
        reviewed: Traces that a reviewer wants.
        wanted: Ids of cases that a reviewer wanted before.
        since: What started later is fresh; None where nothing is.
        keyed: Hashes the ids of traces; None without a lineage.
    """

    settings: EvalsetSettings
    retired: frozenset[str] = frozenset()
    reviewed: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    since: datetime | None = None
    keyed: Keyed | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen; the columns have one row a case, in the order of the ids.

    Attributes:
        traces: How many were looked at.
        left_out: Those that can become no case, by reason.
        newest: When the last of them started.
        window: Those that can become a case.
        ids: Ids of the cases, as numbers.
        best: The trace that each case is made of: the one with the best reference, of those that people gave the newest,
            of those the smallest id. Arrow strings.
        place: Where that reference is from, by its number among the places; the number of places where there is none.
        age: Minus the time of that trace, in seconds, where people gave its reference.
        stratum: Cluster of that trace, by its number in `names`.
        topic: The same of the coarser group.
        count: How many traces could become this case.
        failed: Whether one of them failed.
        flagged: Whether one of them has a flag.
        reviewed: Whether a reviewer wants it.
        fresh: Whether one of them is fresh.
        rank: The best anomaly rank.
        hashes: Sums of the lineage hashes, shape (cases, 4), each piece below 2^32.
    """

    traces: int
    left_out: Counter[str]
    newest: datetime | None
    window: Traces
    names: tuple[str, ...]
    ids: NDArray[np.uint64]
    best: Any
    place: NDArray[np.int16]
    age: NDArray[np.float64]
    stratum: NDArray[np.int32]
    topic: NDArray[np.int32]
    count: NDArray[np.int64]
    failed: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    reviewed: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    rank: NDArray[np.int64]
    hashes: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, case_ids: Sequence[str]) -> list[int | None]:
        """The row of each case; None of one that was not seen."""
        if not case_ids or not len(self):
            return [None] * len(case_ids)
        wanted = np.array([int(case_id, 16) for case_id in case_ids], np.uint64)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self) - 1)
        return [int(row) if self.ids[row] == number else None for row, number in zip(at, wanted, strict=True)]

    def traces_of(self, row: int) -> Traces:
        """Those that could become the case of a row."""
        total = sum(int(piece) << (_PIECE_BITS * at) for at, piece in enumerate(self.hashes[row]))
        return Traces(int(self.count[row]), total)


def surveyed(traces: Iterable[LabelledTrace], asked: Asked) -> Survey:
    """Look at traces, such as those of one shard."""
    parts, rows = [], _Rows(asked)
    for found in traces:
        rows.add(found)
        if rows.traces >= _CHUNK:
            parts.append(_together(rows.columns()))
            rows = _Rows(asked)
    return merged([*parts, rows.columns()])


def merged(surveys: Sequence[Survey]) -> Survey:
    """One survey of several, whatever their order."""
    names = tuple(sorted({name for survey in surveys for name in survey.names}))
    number = {name: at for at, name in enumerate(names)}
    window = Traces()
    left_out: Counter[str] = Counter()
    for survey in surveys:
        window.join(survey.window)
        left_out += survey.left_out
    renamed = [np.array([number[name] for name in survey.names], np.int32) for survey in surveys]
    return _together(
        Survey(
            traces=sum(survey.traces for survey in surveys),
            left_out=left_out,
            newest=max((survey.newest for survey in surveys if survey.newest is not None), default=None),
            window=window,
            names=names,
            ids=_joined([survey.ids for survey in surveys], np.uint64),
            best=_texts([survey.best for survey in surveys]),
            place=_joined([survey.place for survey in surveys], np.int16),
            age=_joined([survey.age for survey in surveys], np.float64),
            stratum=_joined([new[survey.stratum] for survey, new in zip(surveys, renamed, strict=True)], np.int32),
            topic=_joined([new[survey.topic] for survey, new in zip(surveys, renamed, strict=True)], np.int32),
            count=_joined([survey.count for survey in surveys], np.int64),
            failed=_joined([survey.failed for survey in surveys], np.bool_),
            flagged=_joined([survey.flagged for survey in surveys], np.bool_),
            reviewed=_joined([survey.reviewed for survey in surveys], np.bool_),
            fresh=_joined([survey.fresh for survey in surveys], np.bool_),
            rank=_joined([survey.rank for survey in surveys], np.int64),
            hashes=_joined([survey.hashes for survey in surveys], np.uint32, (0, _PIECES)),
        )
    )


def in_utc(start: datetime | None) -> datetime | None:
    """A moment that can be compared with others; one without a zone is taken for UTC."""
    return start.replace(tzinfo=UTC) if start is not None and start.tzinfo is None else start


@dataclass(slots=True)
class _Rows:
    """A row for each trace and each case that it could become."""

    asked: Asked
    traces: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    window: Traces = field(default_factory=Traces)
    number: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, found: LabelledTrace) -> None:
        asked, trace = self.asked, found.trace
        self.traces += 1
        if (start := in_utc(trace.get("start"))) is not None:
            self.newest = max(self.newest or start, start)
        cases, why = _could_become(found, asked)
        if why is not None:
            self.left_out[why] += 1
            return
        fresh = asked.since is not None and start is not None and start > asked.since
        hashed = asked.keyed.of(trace["trace_id"]) if asked.keyed is not None else 0
        failed, label = has_failed(found.label), found.label
        for case in cases:
            if asked.keyed is not None:
                self.window.add(hashed)
            place, age = _reference(case, start, asked.settings.references)
            self.rows.append((
                int(case.case_id, 16),
                trace["trace_id"],
                place,
                age,
                self._name(case.stratum),
                self._name(label["topic_name"]),
                failed,
                bool(label["flags"]),
                trace["trace_id"] in asked.reviewed or case.case_id in asked.wanted,
                fresh,
                label["anomaly_rank"],
                hashed.to_bytes(_PIECES * _PIECE_BITS // 8, "little"),
            ))  # fmt: skip

    def columns(self) -> Survey:
        import pyarrow as pa

        ids, best, place, age, stratum, topic, failed, flagged, reviewed, fresh, rank, hashes = (
            zip(*self.rows, strict=True) if self.rows else [()] * 12
        )
        return Survey(
            traces=self.traces,
            left_out=self.left_out,
            newest=self.newest,
            window=self.window,
            names=tuple(self.number),
            ids=np.array(ids, np.uint64),
            best=pa.array(best, pa.large_string()),
            place=np.array(place, np.int16),
            age=np.array(age, np.float64),
            stratum=np.array(stratum, np.int32),
            topic=np.array(topic, np.int32),
            count=np.ones(len(ids), np.int64),
            failed=np.array(failed, np.bool_),
            flagged=np.array(flagged, np.bool_),
            reviewed=np.array(reviewed, np.bool_),
            fresh=np.array(fresh, np.bool_),
            rank=np.array(rank, np.int64),
            hashes=np.frombuffer(b"".join(hashes), "<u4").astype(np.uint32).reshape(-1, _PIECES),
        )

    def _name(self, name: str) -> int:
        return self.number.setdefault(name, len(self.number))


def _could_become(found: LabelledTrace, asked: Asked) -> tuple[list[Case], str | None]:
    """The cases of a trace, or why there are none."""
    trace, settings = found.trace, asked.settings
    if settings.variant is not None and trace.get("variant") != settings.variant:
        return [], "another variant"
    if trace.get("replay_kind") == "none" and "media" in (trace.get("missing") or ()):
        return [], "a question about media, which are not kept"
    cases = cases_of(found, settings)
    if not cases:
        failed = settings.agents == "steps" and has_failed(found.label)
        return [], "an agent that failed, or no input" if failed else "no input"
    kept = [case for case in cases if case.case_id not in asked.retired]
    return kept, None if kept else "retired"


def _reference(case: Case, start: datetime | None, places: Sequence[str]) -> tuple[int, float]:
    """How good the reference is, the best first: its place, and of what people said there the newest.

    Of the system's own answers, good is good enough to stay.
    """
    told = case.reference_origin
    if told not in places or told is None:
        return len(places), 0.0
    said = told != "output" and judge_at(told) is None
    return places.index(told), -start.timestamp() if said and start is not None else 0.0


def _together(rows: Survey) -> Survey:
    """One row for each case."""
    if not len(rows):
        return rows
    order = _best_first(rows)
    ids = rows.ids[order]
    first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    best = order[first]
    return Survey(
        traces=rows.traces,
        left_out=rows.left_out,
        newest=rows.newest,
        window=rows.window,
        names=rows.names,
        ids=ids[first],
        best=rows.best.take(best),
        place=rows.place[best],
        age=rows.age[best],
        stratum=rows.stratum[best],
        topic=rows.topic[best],
        count=np.add.reduceat(rows.count[order], first),
        failed=np.logical_or.reduceat(rows.failed[order], first),
        flagged=np.logical_or.reduceat(rows.flagged[order], first),
        reviewed=np.logical_or.reduceat(rows.reviewed[order], first),
        fresh=np.logical_or.reduceat(rows.fresh[order], first),
        rank=np.minimum.reduceat(rows.rank[order], first),
        hashes=_carried(np.add.reduceat(rows.hashes[order].astype(np.uint64), first)),
    )


def _best_first(rows: Survey) -> NDArray[np.intp]:
    """The rows by case, those of one case with its best trace first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order = np.argsort(rows.ids, kind="stable")
    ids = rows.ids[order]
    same = np.concatenate([[False], ids[1:] == ids[:-1]])
    shared = np.flatnonzero(same | np.concatenate([same[1:], [False]]))
    if len(shared):
        # Few cases have more than one row: the ids of traces, which are long, are compared for those alone.
        some = order[shared]
        by_name = np.empty(len(some), np.int64)
        by_name[np.asarray(pc.sort_indices(rows.best.take(pa.array(some))))] = np.arange(len(some))
        order[shared] = some[np.lexsort((by_name, rows.age[some], rows.place[some], rows.ids[some]))]
    return order


def _carried(sums: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Sums of pieces to pieces again, less what goes beyond the last."""
    carry = np.zeros(len(sums), np.uint64)
    pieces = np.empty(sums.shape, np.uint32)
    for at in range(_PIECES):
        whole = sums[:, at] + carry
        pieces[:, at] = whole & np.uint64(2**_PIECE_BITS - 1)
        carry = whole >> np.uint64(_PIECE_BITS)
    return pieces


def _joined(columns: Sequence[NDArray[Any]], kind: Any, empty: tuple[int, ...] = (0,)) -> NDArray[Any]:  # noqa: ANN401  a type of numpy's
    return np.concatenate(columns) if columns else np.zeros(empty, kind)


def _texts(columns: Iterator[Any] | Sequence[Any]) -> Any:  # noqa: ANN401  Arrow carries no types
    import pyarrow as pa

    found = list(columns)
    return pa.concat_arrays(found) if found else pa.array([], pa.large_string())
