"""What a judge is to look at: production answers that it has not judged yet, as cases with replies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llmci.adapters.scorers.judge import RubricScorer
from llmci.adapters.scorers.suspect import SuspectScorer
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.adapters.systems.recorded_traces import reply_of_trace
from llmci.core.attribution.moves import moves_of
from llmci.core.canonical import digest_of
from llmci.core.evalsets.cases import COLUMNS, case_of, has_failed
from llmci.core.grouping.tojudge import to_judge
from llmci.domain.run import Usage
from llmci.errors import UsageError
from llmci.seams import Failed, PairScorer, Reply
from llmci.wiring.build import build, context_of, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import check_labels
from llmci.wiring.judge import judge_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config
    from llmci.core.attribution.moves import Move
    from llmci.domain.case import Case
    from llmci.seams import Scorer

_LABEL_COLUMNS = ("trace_id", "cluster_name", "topic_name", "flags", "anomaly_rank", "verdicts", "suspect")
# Share of the sample that is kept for failures and the most unusual.
_FLAGGED = 0.3
_NO_USAGE = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What is asked for.

    Attributes:
        judges: Names of scorers with a rubric.
        suspect: The scorer whose model says at which step failed agent traces went wrong; None asks nobody.
        sample: Traces that each judge looks at, at most.
        budget: US dollars; None is what bench may spend.
        allow_unknown_cost: As of bench.
    """

    judges: tuple[str, ...] = ()
    suspect: str | None = None
    sample: int = 200
    budget: float | None = None
    allow_unknown_cost: bool = False


@dataclass(slots=True)
class Work:
    """One judge with what it has not seen yet."""

    scorer: Scorer
    weights: Mapping[str, float]
    labels: Mapping[str, Mapping[str, Any]]
    cases: dict[str, Case]
    replies: dict[str, Reply | Failed]
    # Case id to the trace that it was made of, and that trace's content.
    traces: dict[str, tuple[str, str | None]]
    steps: dict[str, list[Move]]

    @property
    def name(self) -> str:
        """Of the judge."""
        return self.scorer.metric().name

    def held(self, label: Mapping[str, Any]) -> bool:
        """Whether its verdict is there."""
        if isinstance(self.scorer, SuspectScorer):
            return label["suspect"] is not None and label["suspect"]["by"] == f"judge:{self.name}"
        return any(verdict["digest"] == self.scorer.metric().digest for verdict in label["verdicts"] or ())


def works(config: Config, asked: Judging, environ: Mapping[str, str]) -> Iterator[Work]:
    """Each judge with the traces that it has not judged yet, read afresh."""
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    check_labels(clean, labels, clean_digest(clean))
    for name in asked.judges:
        scorer: Scorer = build("scorer", judge_block(config, name), config, environ)
        if isinstance(scorer, PairScorer):
            raise UsageError(f"scorers.{name} compares two answers, and a trace has one.", fix="Name another judge.")
        chosen = to_judge(
            labels_of(labels, _answers),
            traces=_traces(labels),
            most=asked.sample,
            flagged=_FLAGGED,
            seed=config.label.seed,
        )
        yield _filled(config, scorer, chosen.weights, {})
    if asked.suspect is not None:
        steps: dict[str, list[Move]] = {}
        block = judge_block(config, asked.suspect)
        context = context_of(config, asked.suspect, environ)
        drawn = to_judge(
            labels_of(labels, _failed_agents),
            traces=_traces(labels),
            most=asked.sample,
            flagged=0.0,
            seed=config.label.seed,
        )
        yield _filled(config, SuspectScorer(block.options, context, steps), drawn.weights, steps)


def _traces(labels: DirectoryShelf) -> int:
    return sum(info.rows for info in labels.shards().values())


def labels_of(labels: DirectoryShelf, wanted: Callable[[Mapping[str, Any]], bool]) -> Iterator[Mapping[str, Any]]:
    """Labels that are wanted, with what a choice of traces needs; those of an earlier llmci hold no verdicts."""
    for batch in labels.batches(_LABEL_COLUMNS):
        for row in batch.to_pylist():
            label = {"verdicts": [], "suspect": None, **row}
            if wanted(label):
                yield label


def _answers(label: Mapping[str, Any]) -> bool:
    return "no_user_message" not in label["flags"] and "empty_answer" not in label["flags"]


def _failed_agents(label: Mapping[str, Any]) -> bool:
    """Those that have a suspect by the rules, or were failed by a judge or a flag."""
    return label["suspect"] is not None or has_failed(label)


def _filled(config: Config, scorer: Scorer, weights: Mapping[str, float], steps: dict[str, list[Move]]) -> Work:
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    held = {label["trace_id"]: label for label in labels_of(labels, lambda label: label["trace_id"] in weights)}
    work = Work(scorer, weights, held, {}, {}, {}, steps)
    wanted = {trace_id: label for trace_id, label in held.items() if not work.held(label)}
    asks_for_steps = isinstance(scorer, SuspectScorer)
    # A production answer is never shown as the right one to itself.
    places = [place for place in config.evalset.references if place.startswith(("score:", "metadata."))]
    settings = replace(config.evalset, reference=tuple(places))
    for found in LabelledShelf(clean, labels).some(wanted, (*COLUMNS, *(["steps"] if asks_for_steps else []))):
        case, reply = case_of(found, settings), reply_of_trace(found)
        if asks_for_steps and (found.trace["replay_kind"] != "agent" or not (moves := moves_of(found.trace))):
            continue
        if case is None or (isinstance(reply, Failed) and not asks_for_steps):
            continue
        if asks_for_steps:
            steps[case.case_id] = moves
            # So that a verdict from the cache is one on these very steps.
            case = replace(case, expectations={**case.expectations, "steps": digest_of(moves)})
            reply = reply if isinstance(reply, Reply) and reply.text else Reply(text="-", usage=_NO_USAGE, clean=True)
        work.cases[case.case_id] = case
        work.replies[case.case_id] = reply
        work.traces[case.case_id] = (found.trace["trace_id"], found.trace["content_hash"])
    if isinstance(scorer, RubricScorer):
        scorer.expect(max((_size(reply) for reply in work.replies.values()), default=0))
    return work


def _size(reply: Reply | Failed) -> int:
    """Bytes of an answer with its tool calls, as a judge is shown them; a little more than that."""
    if isinstance(reply, Failed):
        return 0
    calls = [part for message in reply.messages for part in message.parts if part.type == "tool_call"]
    named = sum(len(f"called {part.tool_name}({part.tool_arguments})\n".encode()) for part in calls)
    return len(reply.text.encode()) + named
