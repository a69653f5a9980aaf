"""Cassettes: what a bench heard is recorded when it is over, and played instead of asking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core.bench.digests import answer_key, pair_key, score_key
from llmci.domain.run import Answered, Unanswered, Unscored
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Metric, Score
    from llmci.pipeline.bench.job import BenchJob
    from llmci.pipeline.bench.lane import Lane
    from llmci.seams import Cassette

_FIX = "Record it where there are keys: the same command with --record instead of --replay."


def played_answer(tape: Cassette, job: BenchJob, lane: Lane, case: Case, repeat: int) -> Answer:
    """What a system said when it was recorded.

    Raises:
        OutsideError: The cassette does not hold it.
    """
    found = tape.answer(_answer_key(job, lane, case, repeat))
    if found is None:
        raise OutsideError(
            f"the cassette holds no answer of {lane.spec.name!r} to the case {case.case_id}: "
            "case, prompt, model or code changed since it was recorded.",
            fix=_FIX,
        )
    return replace(found, case_id=case.case_id, repeat=repeat)


def played_score(tape: Cassette, metric: Metric, case: Case, key: str, repeat: int) -> Score | None:
    """What a scorer said when it was recorded; None if it has to work, which it can do without a judge.

    Raises:
        OutsideError: There is a judge, and the cassette does not hold its verdict.
    """
    found = tape.score(key)
    if found is not None:
        return replace(found, case_id=case.case_id, repeat=repeat, metric=metric.name)
    if metric.judge is not None:
        raise OutsideError(
            f"the cassette holds no verdict of {metric.name!r} on an answer to the case {case.case_id}: "
            "case, answer, rubric or judge changed since it was recorded.",
            fix=_FIX,
        )
    return None


def record(tape: Cassette, job: BenchJob, lanes: Sequence[Lane]) -> None:
    """Write down what there is. What the infrastructure lost is left out: a replay has to miss it."""
    cases = {case.case_id: case for case in job.cases}
    metrics = {metric.name: metric for metric in job.metrics}
    lost = 0
    for lane in lanes:
        said = {(answer.case_id, answer.repeat): answer for answer in lane.answers()}
        for (case_id, repeat), answer in said.items():
            if isinstance(answer, Unanswered) and answer.fault == "infrastructure":
                lost += 1
            else:
                tape.keep_answer(_answer_key(job, lane, cases[case_id], repeat), answer)
        for score in lane.scores():
            answer = said[score.case_id, score.repeat]
            if isinstance(answer, Unanswered) or (isinstance(score, Unscored) and score.fault == "infrastructure"):
                continue
            metric, case = metrics[score.metric], cases[score.case_id]
            other = lanes[0].answer(score.case_id, score.repeat)
            if score.metric in job.pairwise and lane is not lanes[0]:
                if isinstance(other, Answered):
                    tape.keep_score(pair_key(metric, case, answer, other), score)
                continue
            tape.keep_score(score_key(metric, case, answer), score)
    entries = tape.save()
    job.progress.note(f"recorded: {entries:,} entries" + (f"; {lost:,} answers were lost and are not" if lost else ""))


def _answer_key(job: BenchJob, lane: Lane, case: Case, repeat: int) -> str:
    return answer_key(lane.spec, lane.system.request_digest(case), case, repeat, job.policy)
