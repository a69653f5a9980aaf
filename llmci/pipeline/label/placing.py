"""Second pass: where every input belongs."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.core.grouping.groups import Groups, place
from llmci.core.grouping.sample import digest64
from llmci.core.grouping.texts import input_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.grouping.features import Embed
    from llmci.domain.trace import TraceRow
    from llmci.seams import Shelf

_COLUMNS = ("trace_id", "user_id", "input")
_REMEMBERED = 200_000


@dataclass(slots=True)
class ShardPlaces:
    """Where each trace of a shard belongs, in its order: twelve bytes a trace.

    Attributes:
        cluster: Of each trace.
        novelty: Of each trace.
        twin: Which trace of the grouping has nearly the same input, by its number there; -1 for none.
        users: Digests of who wrote the traces of each cluster.
    """

    cluster: array[int] = field(default_factory=lambda: array("i"))
    novelty: array[float] = field(default_factory=lambda: array("f"))
    twin: array[int] = field(default_factory=lambda: array("i"))
    users: dict[int, set[int]] = field(default_factory=dict)


def place_shard(clean: Shelf, shard_id: str, groups: Groups, embed: Embed | None) -> ShardPlaces:
    """Place every input of a shard.

    What is remembered ends with the shard, so that the order of shards, and who works on them, change nothing.
    """
    placer, found = _Placer(groups, embed), ShardPlaces()
    for batch in clean.read(shard_id, _COLUMNS):
        rows = batch.to_pylist()
        for row, (cluster, novelty, twin) in zip(rows, placer.place(rows), strict=True):
            found.cluster.append(cluster)
            found.novelty.append(novelty)
            found.twin.append(twin)
            if row["user_id"] is not None:
                found.users.setdefault(cluster, set()).add(digest64(row["user_id"]))
    return found


class _Placer:
    """Places inputs, and remembers those that came often: traffic repeats itself."""

    def __init__(self, groups: Groups, embed: Embed | None) -> None:
        self._groups = groups
        self._embed = embed
        self._numbers = {trace_id: number for number, trace_id in enumerate(groups.trace_ids)}
        self._known: dict[int, tuple[int, float, int]] = {}

    def place(self, rows: Sequence[TraceRow]) -> list[tuple[int, float, int]]:
        """Cluster, novelty and the number of the trace that has nearly the same input (-1 for none), for each trace."""
        texts = {digest64(text): text for text in (input_text(row["input"]) for row in rows)}
        new = [key for key in texts if key not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known = {key: self._known[key] for key in texts if key in self._known}
        found = place(self._groups, [texts[key] for key in new], embed=self._embed)
        for at, key in enumerate(new):
            twin = found.duplicate_of[at]
            number = self._numbers[twin] if twin is not None else -1
            self._known[key] = (int(found.cluster[at]), float(found.novelty[at]), number)
        return [self._known[digest64(input_text(row["input"]))] for row in rows]
