"""Names of clusters and topics from a model, where the configuration names one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core.bench.ledger import Ledger
from llmci.core.grouping.groups import NO_INPUT, place, topic_of
from llmci.core.grouping.naming import examples_of, name_messages, taken_name
from llmci.core.grouping.sample import texts_of
from llmci.core.grouping.shown import Floor
from llmci.errors import UsageError
from llmci.seams import Failed, ModelRequest
from llmci.wiring.build import build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.config import Config
    from llmci.core.grouping.features import Embed
    from llmci.core.grouping.groups import Groups
    from llmci.core.grouping.sample import Distinct
    from llmci.seams import Model, Progress

_AT_ONCE = 8
_MOST_TOKENS = 300


def named(
    groups: Groups,
    sample: Sequence[Distinct],
    config: Config,
    environ: Mapping[str, str],
    *,
    embed: Embed | None,
    budget: float | None,
    progress: Progress,
) -> Groups:
    """The groups with the names that `label.namer` gives them; those that it has no fit name for keep their own.

    Args:
        sample: Sanitized inputs that the groups were fitted on.
        budget: US dollars.

    Raises:
        UsageError: There is no such model, or nobody knows what it costs and there is a budget.
    """
    name = config.label.namer
    if name is None or len(groups.names) < 2:
        return groups
    if name not in config.models:
        raise UsageError(
            f"{config.path}: label.namer: there is no model called {name!r}.",
            fix=f"Define it under `models:`, or choose one of: {', '.join(config.models) or 'none is defined'}.",
        )
    model: Model = build("model", config.models[name], config, environ)
    clusters, topics = _members(groups, sample, embed)
    asked = _Namer(model, Floor(config.label.min_traces, config.label.min_users), Ledger(budget), progress)
    cluster_names, topic_names = asyncio.run(asked.both(groups, clusters, topics))
    return replace(groups, names=cluster_names, topic_names=topic_names)


def _members(
    groups: Groups, sample: Sequence[Distinct], embed: Embed | None
) -> tuple[dict[int, list[Distinct]], dict[int, list[Distinct]]]:
    clusters: defaultdict[int, list[Distinct]] = defaultdict(list)
    topics: defaultdict[int, list[Distinct]] = defaultdict(list)
    spoken = [entry for entry in sample if entry.text]
    for entry, cluster in zip(spoken, place(groups, texts_of(spoken), embed=embed).cluster.tolist(), strict=True):
        clusters[cluster].append(entry)
        topics[topic_of(groups, cluster)].append(entry)
    return clusters, topics


class _Namer:
    def __init__(self, model: Model, floor: Floor, ledger: Ledger, progress: Progress) -> None:
        self._model, self._floor, self._ledger, self._progress = model, floor, ledger, progress
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._lost = ""

    async def both(
        self, groups: Groups, clusters: Mapping[int, Sequence[Distinct]], topics: Mapping[int, Sequence[Distinct]]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        self._progress.begin("label: name", len(groups.names) + len(groups.topic_names) - 2, "answers")
        try:
            found = [await self._all(groups.names, clusters), await self._all(groups.topic_names, topics)]
        finally:
            self._progress.end()
            await self._model.aclose()
        if self._lost:
            self._progress.note(f"some groups are named by their words: {self._lost}")
        return found[0], found[1]

    async def _all(self, names: Sequence[str], members: Mapping[int, Sequence[Distinct]]) -> tuple[str, ...]:
        given = await asyncio.gather(
            *(self._one(name, members.get(number, ())) for number, name in enumerate(names[:-1]))
        )
        taken: dict[str, int] = {}
        told = []
        for name, own in zip(given, names, strict=False):
            # No two groups are called alike: the second is told apart by its words.
            wanted = own if name is None else name if name.casefold() not in taken else f"{name} ({own})"
            taken[wanted.casefold()] = 1
            told.append(wanted)
        return (*told, NO_INPUT)

    async def _one(self, terms: str, members: Sequence[Distinct]) -> str | None:
        examples = examples_of(members, self._floor)
        if not examples:
            return None
        request = ModelRequest(messages=name_messages(terms, examples), params={"max_tokens": _MOST_TOKENS})
        async with self._room:
            worst = self._model.estimate(request).worst_cost if self._ledger.limited else None
            if self._ledger.limited and worst is None:
                raise UsageError(
                    "there is a budget, and nobody knows what a name of label.namer may cost.",
                    fix="Give its model `prices`, or leave --budget out.",
                )
            if not await self._ledger.reserve(worst):
                self._lost = "the budget was spent first"
                return None
            reply = await self._model.complete(request)
            cost = None if isinstance(reply, Failed) else reply.cost
            await self._ledger.settle(worst, cost)
        self._progress.advance(1, cost=cost)
        if isinstance(reply, Failed):
            self._lost = f"the model did not answer: {reply.why}"
            return None
        return taken_name(reply.text, members, self._floor)
