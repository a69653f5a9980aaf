"""What makes two requests, two answers or two judgements the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.canonical import digest_of

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Metric
    from llmci.domain.system import SystemSpec


def case_digest(case: Case) -> str:
    """Digest of everything in a case that a system sees."""
    return digest_of(case.key, case.messages, case.tools, case.documents)


def answer_key(spec: SystemSpec, request_digest: str | None, case: Case, repeat: int, policy: str) -> str:
    """Where the answer to a try of a case is kept.

    Two systems whose rendered requests are equal share their answers; where the request is not
    known beforehand, the digests of system and case take its place. `policy` says how answers are
    sanitized before they are stored.
    """
    asked = request_digest or digest_of(spec.digest, case_digest(case))
    return digest_of("answer/1", asked, repeat, policy)


def score_key(metric: Metric, case: Case, answer: Answered) -> str:
    """Where a judge's score is kept: the same text is judged once, whoever said it and however often."""
    known = (case.reference, case.rubric, dict(case.expectations))
    return digest_of("score/1", metric.digest, case_digest(case), known, answer.text, answer.messages, answer.documents)


def pair_key(metric: Metric, case: Case, answer: Answered, other: Answered) -> str:
    """Where a judge's preference between two answers is kept."""
    return digest_of("pair/1", score_key(metric, case, answer), score_key(metric, case, other))


def plan_digest(spec: SystemSpec, metrics: list[Metric], evalset_digest: str, tries: list[tuple[str, int]]) -> str:
    """Names a piece of work, so that it can be taken up again: system, set, cases, tries and scorers."""
    return digest_of("plan/1", spec.digest, spec.name, [m.digest for m in metrics], evalset_digest, sorted(tries))
