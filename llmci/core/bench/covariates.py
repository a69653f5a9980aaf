"""What earlier runs scored, gathered for a run that becomes the baseline: it is kept with its scores.

Kept there and nowhere else, so that a verdict hangs on set, baseline and candidate, and not on which
runs happen to be stored where it is made.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.columns import bounded, columns
from llmci.domain.run import Covariate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.domain.run import Metric, PastScores, Run

# What `beside` a candidate is stored of a run has its id with so much behind it.
_PART = re.compile(r"\.[0-9a-f]{6}$")


def covariates(run: Run, past: Sequence[PastScores], before: Run | None) -> tuple[Covariate, ...]:
    """What is known of every case of a run from earlier ones.

    Args:
        run: The baseline to be.
        past: Scores of earlier runs on the same set under the same metrics.
        before: The baseline until now, with its own covariates, where it is of the same set.

    Returns:
        One for each metric of scores that any earlier run had. A case that none of them scored gets the
        mean of the others.
    """
    return tuple(
        found for metric in run.metrics if bounded(metric) and (found := _of_metric(run, metric, past, before))
    )


def _of_metric(run: Run, metric: Metric, past: Sequence[PastScores], before: Run | None) -> Covariate | None:
    own = _scores(run, metric)
    known = {_origin(run.run_id)}
    tally: defaultdict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for run_ids, values in _earlier(metric, past, before):
        if not known.isdisjoint(run_ids):
            continue
        known.update(run_ids)
        for case_id, value in values.items():
            total, count = tally[case_id]
            tally[case_id] = total + value * len(run_ids), count + len(run_ids)
    found = {case_id: tally[case_id][0] / tally[case_id][1] - own[case_id] for case_id in own if case_id in tally}
    if not found:
        return None
    typical = float(np.mean(list(found.values())))
    values = {case_id: round(found.get(case_id, typical), 9) for case_id in run.case_ids}
    return Covariate(metric=metric.name, runs=tuple(sorted(known - {_origin(run.run_id)})), values=values)


def _earlier(
    metric: Metric, past: Sequence[PastScores], before: Run | None
) -> Iterator[tuple[tuple[str, ...], Mapping[str, float]]]:
    """Ids of runs with their mean scores; those that the baseline until now knew of first, for they stand together."""
    if before is not None and metric.digest in {one.digest for one in before.metrics}:
        own = _scores(before, metric)
        for one in before.covariates:
            if one.metric == metric.name:
                yield (
                    one.runs,
                    {case_id: value + own[case_id] for case_id, value in one.values.items() if case_id in own},
                )
        yield (_origin(before.run_id),), own
    for scores in past:
        if scores.metric == metric.name:
            yield (_origin(scores.run_id),), scores.values


def _scores(run: Run, metric: Metric) -> dict[str, float]:
    """Score of each case that has one, a failure of the system as the worst."""
    index = {case_id: at for at, case_id in enumerate(run.case_ids)}
    values = columns(run, [metric], index)[metric.name].values
    return {case_id: float(values[at]) for case_id, at in index.items() if np.isfinite(values[at])}


def _origin(run_id: str) -> str:
    return _PART.sub("", run_id)
