"""Cases that could be drawn, one row each, in columns: there may be millions of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, overload

import numpy as np

from llmci.core.evalsets.chance import chance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sighting:
    """A case that could be drawn.

    Attributes:
        stratum: Name of its cluster.
        topic: Name of the coarser group.
        traces: How many traces it stands for; 0 where it only stands for others like it.
        flagged: Whether any of them failed or is among the most unusual.
        required: Drawn in any case: somebody reviewed it and wants it.
        kept: It was in the set before, and is preferred.
        fresh: It has come since the set before was drawn.
    """

    case_id: str
    stratum: str
    topic: str
    traces: int
    flagged: bool
    required: bool = False
    kept: bool = False
    fresh: bool = False


class HexIds(Sequence[str]):
    """Ids of 16 hexadecimal digits, kept as 64-bit numbers."""

    def __init__(self, numbers: NDArray[np.uint64]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> HexIds: ...
    def __getitem__(self, at: int | slice) -> str | HexIds:
        return HexIds(self.numbers[at]) if isinstance(at, slice) else f"{int(self.numbers[at]):016x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Columns of `Sighting`, in the order of their ids; names are given by their number in `names`."""

    ids: Sequence[str]
    names: Sequence[str]
    stratum: NDArray[np.int32]
    topic: NDArray[np.int32]
    traces: NDArray[np.int64]
    flagged: NDArray[np.bool_]
    required: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    _chances: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, sightings: Iterable[Sighting]) -> Self:
        """Put them into columns, whatever their order."""
        rows = sorted(sightings, key=lambda sighting: sighting.case_id)
        names = sorted({name for row in rows for name in (row.stratum, row.topic)})
        number = {name: at for at, name in enumerate(names)}
        return cls(
            ids=[row.case_id for row in rows],
            names=names,
            stratum=np.array([number[row.stratum] for row in rows], np.int32),
            topic=np.array([number[row.topic] for row in rows], np.int32),
            traces=np.array([row.traces for row in rows], np.int64),
            flagged=np.array([row.flagged for row in rows], np.bool_),
            required=np.array([row.required for row in rows], np.bool_),
            kept=np.array([row.kept for row in rows], np.bool_),
            fresh=np.array([row.fresh for row in rows], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.traces)

    def size(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """What the chance of each of being drawn is in proportion to."""
        return np.maximum(1, self.traces[rows])

    def chances(self, seed: int) -> NDArray[np.float64]:
        """The fixed random number of each, in (0, 1)."""
        if seed not in self._chances:
            self._chances[seed] = np.fromiter((chance(seed, name) for name in self.ids), np.float64, len(self))
        return self._chances[seed]

    def traffic_alone(self) -> Self:
        """Those that there are traces of, as if there had been no set before."""
        at = np.flatnonzero(self.traces)
        ids = HexIds(self.ids.numbers[at]) if isinstance(self.ids, HexIds) else [self.ids[row] for row in at.tolist()]
        none = np.zeros(len(at), np.bool_)
        return replace(
            self,
            ids=ids,
            stratum=self.stratum[at],
            topic=self.topic[at],
            traces=self.traces[at],
            flagged=self.flagged[at],
            required=self.required[at],
            kept=none,
            fresh=none,
            _chances={seed: chances[at] for seed, chances in self._chances.items()},
        )
