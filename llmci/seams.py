"""Every extension point on one page.

An adapter is a class that fulfils one of these protocols. It declares a nested `Options` model
(its block of `llmci.yaml`), takes it with a `Context`, and is named on one line of
`llmci/registry.py` or in an entry point of the group `llmci.<seam>`. Adapters import heavy
libraries inside their methods, never at the top of their module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from llmci.domain.finding import Leaf, Span

# Adapters find the nouns of their seam here.
__all__ = ["Leaf", "Span"]

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from llmci.core.judging.calibration import Calibration
    from llmci.domain.case import Case, Document, Message
    from llmci.domain.evalset import EvalSet, TrafficInput
    from llmci.domain.place import Place
    from llmci.domain.result import ResultRow
    from llmci.domain.run import Answer, Answered, Fault, Metric, PastScores, Run, Score, Scored, Usage
    from llmci.domain.system import SystemSpec
    from llmci.domain.trace import TraceRow
    from llmci.domain.verdict import GateResult


class Options(BaseModel):
    """Base of every adapter's configuration block: frozen; unknown keys, NaN and infinity are errors.

    An option that ends in `_env` names an environment variable, which has to be set unless the option
    is among `may_be_unset`.
    """

    may_be_unset: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Context:
    """What every adapter may know of its surroundings.

    Attributes:
        name: The block's name in the configuration.
        root: Directory of `llmci.yaml`; relative paths start there.
        state: Directory for llmci's own state (`.llmci`).
        environ: The process environment, for credentials; never stored.
        shelf: Opens a shelf by name ("raw", "clean", "labels"), for adapters that read what a stage left.
    """

    name: str
    root: Path
    state: Path
    environ: Mapping[str, str]
    shelf: Callable[[str], Shelf]


# --- pull ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a pull asks for, `since` inclusive and `until` exclusive; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, start: datetime | None) -> bool:
        """Whether a trace that started then is in the window; nobody can say so of one without a start.

        Such a trace is in no window but the one that is open at both ends.
        """
        if start is None:
            return self == Window()
        return (self.since is None or start >= self.since) and (self.until is None or start < self.until)


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of a source that is read in one go.

    Attributes:
        shard_id: Stable name, fit for a file name.
        fingerprint: Changes when the content does; an unchanged shard is not read again.
        uri: What the source needs to find it.
        size: Bytes to be read, where that is known.
    """

    shard_id: str
    fingerprint: str
    uri: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read. `where` names file and line or id; no user text in it."""

    where: str
    why: str


class Source(Protocol):
    """Where production traces are.

    Attributes:
        lists_all: Whether `shards` lists all there is, whatever the window: a shard that it lists
            no more is then dropped from the shelf.
    """

    Options: ClassVar[type[Options]]
    lists_all: ClassVar[bool]

    def shards(self, window: Window) -> Sequence[Shard]:
        """List what there is to read; raises `OutsideError` or `UsageError` with the fix."""

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """Read one shard in constant memory; a bad record is a `Rejected`, and the rest goes on."""


Stream = Literal["spans", "scores"]


@dataclass(frozen=True, slots=True)
class Record:
    """A span or a score as its source gave it.

    Attributes:
        trace_id: "" for a score of no trace.
        key: Unique among the spans, or the scores, of the source.
        version: Sorts after the versions of this record before it; "" where the source has none.
        start: When the span started or the score was given; what windows are cut by.
        value: Decoded JSON; None in a survey that only tells what there is.
        media: Ids of files that it refers to and the source keeps elsewhere.
    """

    trace_id: str
    key: str
    version: str
    start: datetime | None
    value: Mapping[str, Any] | None
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """How late a source may tell what happened.

    Attributes:
        settle: What is younger is left for the next pull.
        lookback: What is landed already is surveyed again from so long before the end: spans come late.
        scores_lookback: The same for scores, which come days later and are edited.
    """

    settle: timedelta
    lookback: timedelta
    scores_lookback: timedelta


class Remote(Source, Protocol):
    """A source behind a network.

    It is landed before it is read: its records are fetched window by window and kept as they came
    (`Landing`). `Source.shards` and `Source.read` then fold what was landed, and ask nobody.
    All methods may be called from several threads at once; they raise `OutsideError` with source,
    window and fix, and `TooMuch` where a shorter window may be answered.
    """

    streams: ClassVar[tuple[Stream, ...]]

    @property
    def lags(self) -> Lags:
        """How late it may tell what happened."""

    @property
    def at_once(self) -> int:
        """Windows that are fetched at once."""

    def landing(self) -> Landing:
        """Where its records are kept."""

    def connect(self) -> timedelta:
        """Find out what server it is; gives how far its clock is ahead of ours."""

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """Pages of all records of a window, whose ends are whole seconds."""

    def survey(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """The same by the cheapest way to know keys and versions; values may be None."""

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:
        """Pages of all spans of these traces."""

    def count(self, window: Window) -> int | None:
        """Spans of a window as the server counts them; None where it does not."""

    def media(self, media_id: str) -> bytes | None:
        """A file that records refer to; None for one that is gone, or too large to be kept."""

    def close(self) -> None:
        """Let waiting threads go and drop connections."""


@dataclass(frozen=True, slots=True)
class Part:
    """A written file of records that is not yet part of the landing.

    Attributes:
        size: Bytes, before they are compressed.
        entries: Trace id, key, version and start (seconds since 1970) of every record in it.
        media: Trace ids with ids of files that records of theirs refer to.
    """

    name: str
    stream: Stream
    sha256: str
    size: int
    entries: Sequence[tuple[str, str, str, float | None]]
    media: Collection[tuple[str, str]] = ()


class PartWriter(Protocol):
    """Takes the records of one part.

    Attributes:
        size: Bytes, before they are compressed.
        part: There when the block has ended well.
    """

    rows: int
    size: int
    part: Part | None

    def write(self, record: Record) -> None:
        """Append a record."""


class Landing(Protocol):
    """Records of one remote source as they came: files that are only ever added, and a ledger of them."""

    def sweep(self) -> None:
        """Remove what killed writers left; only for who knows that nobody is writing now."""

    def covered(self, stream: Stream) -> Sequence[tuple[datetime, datetime]]:
        """Windows that were fetched to their end, in order."""

    def part(self, stream: Stream, name: str) -> AbstractContextManager[PartWriter]:
        """Write a part; it is whole when the block ends well, and counts once it is committed."""

    def commit(self, stream: Stream, window: Window | None, parts: Sequence[Part]) -> int:
        """Add parts, and a window that they complete, all or nothing; gives how many records are new or changed."""

    def news(self, stream: Stream, records: Sequence[Record]) -> Sequence[Record]:
        """Those that are not in the landing, or in an older version."""

    def unknown(self, trace_ids: Iterable[str]) -> Sequence[str]:
        """Traces of which no span is in the landing, and that were not given up."""

    def lacking(self) -> Sequence[str]:
        """Ids of files that committed records refer to and nobody asked for yet."""

    def keep_media(self, media_id: str, content: bytes | None) -> None:
        """Keep such a file, or that there is none to be had."""

    def give_up(self, trace_ids: Iterable[str]) -> None:
        """Remember that the source has no span of these, or none that is wanted."""

    def count(self, stream: Stream, window: Window) -> int:
        """Records of a stream that started in a closed window, each once."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver was sent and kept: requests, spans, and spans that it refused.

    Attributes:
        address: Where it listened.
    """

    address: str
    requests: int
    spans: int
    refused: int


class Listener(Source, Protocol):
    """A source that traces are sent to; what it received is read like any other source's."""

    def receive(self, host: str, port: int, *, seconds: float | None, progress: Progress) -> Received:
        """Keep what is sent until the time is over, or until it is interrupted; None has no end.

        What was acknowledged to the sender is on the disk, whatever happens afterwards.
        Raises `OutsideError` where the address cannot be listened at.
        """

    def land(self) -> None:
        """Sort what was received by trace, and delete what it was received in; done again, it changes nothing."""

    def erase(self, holds: Callable[[str | None], bool]) -> set[str]:
        """Take all that was received of some users, by their ids, off the disk; gives the ids of their traces."""


# --- sanitize -----------------------------------------------------------------------------------


class Recognizer(Protocol):
    """Finds personal data and secrets."""

    Options: ClassVar[type[Options]]

    @property
    def version(self) -> str:
        """Names engine and rules; goes into the sanitize manifest."""

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """Find spans in each leaf, in order. Raises on any failure: nothing is skipped silently."""


# --- models -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A chat request in OpenAI's form; `params` are passed on (temperature, max_tokens, ...)."""

    messages: Sequence[Mapping[str, object]]
    tools: Sequence[Mapping[str, object]] = ()
    response_format: Mapping[str, object] | None = None
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """What the model said.

    Attributes:
        cost: In US dollars; None if unknown.
        latency_ms: From sending the request to the last of the reply.
        ttft_ms: To the first of its text or tool calls; None where it came in one piece.
    """

    text: str
    tool_calls: Sequence[Mapping[str, object]] = ()
    finish_reason: str | None = None
    usage: Usage
    cost: float | None
    latency_ms: float
    ttft_ms: float | None = None
    model: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No reply: why, in plain words without user text, and whose fault it is.

    Attributes:
        retryable: Asking again later may help.
        retry_after_s: When the other side said to ask again, in seconds from now.
        charged: Whether somebody may have to be paid all the same: what was cut off or never understood
            was perhaps written. False where it was refused, or never sent.
    """

    why: str
    fault: Fault
    retryable: bool = False
    retry_after_s: float | None = None
    charged: bool = True

    @property
    def cost(self) -> float | None:
        """US dollars that it took; None where nobody knows."""
        return None if self.charged else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a call will take, known before it is made; None where that is not known.

    Attributes:
        input_tokens: About so many.
        output_tokens: At most so many.
        worst_cost: At most so many US dollars; this much is reserved from the budget.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    worst_cost: float | None = None


class Model(Protocol):
    """A chat model."""

    Options: ClassVar[type[Options]]

    async def complete(self, request: ModelRequest, *, worst_cost: float | None = None) -> ModelReply | Failed:
        """Ask once, with the adapter's own retries.

        Where somebody has laid out an allowance (`llmci.core.bench.allowance`), every try is taken from it.

        Args:
            worst_cost: Of one try, in US dollars; None is that of `estimate`.
        """

    def estimate(self, request: ModelRequest) -> Estimate:
        """What `complete` will take; calls nothing."""

    async def aclose(self) -> None:
        """Release connections."""


class Embedder(Protocol):
    """Turns texts into vectors."""

    Options: ClassVar[type[Options]]

    @property
    def identity(self) -> str:
        """Everything that decides a vector, and nothing of how the model is reached; vectors are kept under it."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Shape (len(texts), dimensions), float32; the same text gives the same vector."""


# --- bench --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a system said, before it is sanitized.

    Attributes:
        clean: True only for replies that were read from the clean shelf.
        recorded: The answer was given before: `cost` is what it took then, and nothing is spent now.
        timed_here: Its times were taken by this process, so that a busy event loop shows in them.
        See `llmci.domain.run.Answered` for the rest.
    """

    text: str
    messages: Sequence[Message] = ()
    documents: Sequence[Document] | None = None
    usage: Usage
    cost: float | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    request_digest: str | None = None
    recorded_scores: Mapping[str, float] = field(default_factory=dict)
    clean: bool = False
    recorded: bool = False
    timed_here: bool = False


class System(Protocol):
    """Whatever answers cases."""

    Options: ClassVar[type[Options]]

    def spec(self) -> SystemSpec:
        """Name, parameters and digest; cheap, calls nothing."""

    def request_digest(self, case: Case) -> str | None:
        """Digest of the request that a case leads to, model and address included; None if only sending shows it.

        Equal digests are one request: it is asked once.
        """

    def estimate(self, case: Case) -> Estimate:
        """What answering will take; calls nothing."""

    def endpoint(self) -> str | None:
        """Who is asked over the network, such as `https://host:443`; all calls to one endpoint keep one pace.

        None where no endpoint is known to stand behind the system.
        """

    async def start(self) -> None:
        """Get ready; raises `UsageError` or `OutsideError` with the fix. Not called when every answer is cached."""

    def at_once(self) -> int | None:
        """Most calls that it takes at a time; None is any number. Known once it is started."""

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:
        """Answer one case. Never raises for what the system did wrong: that is a `Failed`."""

    async def aclose(self) -> None:
        """Release processes and connections."""


class Scorer(Protocol):
    """Turns an answer into a number."""

    Options: ClassVar[type[Options]]

    def metric(self) -> Metric:
        """What the number means, with a digest of all that can change it."""

    def estimate(self, case: Case) -> Estimate:
        """What scoring an answer will take; calls nothing."""

    async def start(self) -> None:
        """Get ready; raises `UsageError` or `OutsideError` with the fix. Called before any system is asked."""

    async def score(self, case: Case, answer: Answered) -> Score:
        """Score one answer; `Unscored` with the reason when that cannot be done.

        A case without an answer never comes here: it is the worst value when that is the system's
        fault, and no evidence when it is not.
        """

    async def aclose(self) -> None:
        """Release connections."""


@runtime_checkable
class JudgedScorer(Scorer, Protocol):
    """A scorer behind which a model decides; without a calibration it is no primary gate."""

    def judge_digests(self) -> Sequence[str]:
        """Digest of each judge: of all that can change its verdicts, and of nothing else."""


@runtime_checkable
class AcrossScorer(Scorer, Protocol):
    """A scorer that sees something only when all answers of a system are there."""

    def across(self, cases: Sequence[Case], answers: Sequence[Answer], scores: Sequence[Score]) -> Iterator[Score]:
        """The scores that are other than they were given one by one; `scores` are this metric's."""


@runtime_checkable
class PairScorer(Scorer, Protocol):
    """A scorer that sets the candidate's answer beside the baseline's; the baseline's own score is given by `score`."""

    def against(self, baseline: str) -> None:
        """Digest of the baseline; part of the metric's digest, for preferences over another one do not compare."""

    async def compare(self, case: Case, answer: Answered, other: Answered) -> Score:
        """Score the candidate's `answer` beside the baseline's, which is `other`."""


# --- gate ---------------------------------------------------------------------------------------


class Results(Protocol):
    """Reads the result files of another evaluation runner."""

    suffixes: ClassVar[tuple[str, ...]]
    # Whether any file of these suffixes is read as one row a result; such a format is tried last.
    table: ClassVar[bool]

    def recognizes(self, path: Path) -> bool:
        """Whether the file is of this format, by its content; raises `UsageError` where it cannot be read at all."""

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """Every result, in order.

        Raises `UsageError` at the first one that cannot be read: a result that is skipped would
        pass for one that was never asked for.
        """


# --- report -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """Everything a report may show; all text in it is clean.

    Attributes:
        drift: How well the set represents the traffic, as `llmci evalset drift` last measured it for this version.
        sanitize_summary: The sanitizer's manifest, with what its report adds.
        calibrations: By metric, one for each of its judges that was ever checked.
        history: What earlier runs on the same set scored under the same metrics.
        changed: Where the candidate parts from the baseline, the most telling place first; empty where that is not known.
    """

    result: GateResult
    baseline: Run
    candidate: Run
    evalset: EvalSet | None
    sanitize_summary: Mapping[str, object] | None = None
    drift: Mapping[str, object] | None = None
    calibrations: Mapping[str, Sequence[Calibration]] = field(default_factory=dict)
    history: tuple[PastScores, ...] = ()
    changed: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a reader of a report asked for; every reporter takes what concerns its format.

    Attributes:
        name: Of the project or of the configuration in a matrix; a comment is found again by it.
        max_mb: Most that a document with the texts of all cases may weigh, in megabytes; beyond it
            texts are left out, the least telling first.
        texts: False leaves out every question, answer, document and reason.
    """

    name: str = "main"
    max_mb: float = 25.0
    texts: bool = True


class Reporter(Protocol):
    """Writes a verdict in one format; made with `ReportOptions`."""

    suffixes: ClassVar[tuple[str, ...]]

    def render(self, report: ReportInput) -> bytes:
        """The whole document; the caller writes it atomically."""


@runtime_checkable
class PiecewiseReporter(Protocol):
    """A reporter whose documents may be large: they are written as they are made, and never held whole."""

    def pieces(self, report: ReportInput) -> Iterator[bytes]:
        """What `Reporter.render` gives, piece by piece."""


# --- canary -------------------------------------------------------------------------------------


class Rollout(Protocol):
    """Where the share of traffic is set."""

    Options: ClassVar[type[Options]]

    def share(self) -> float:
        """The candidate's share of traffic now, in [0, 1]."""

    def only(self) -> tuple[str, ...]:
        """Segments that the candidate is kept to at this stage; empty where it is for everyone."""

    def set_share(self, share: float, only: Sequence[str] = ()) -> None:
        """Write the new share atomically, and with it whom it is for.

        Raises:
            UsageError: Segments cannot be kept here.
        """


# --- running ------------------------------------------------------------------------------------


class WorkerDied(Exception):
    """A worker ended while it had a shard: it was killed, or ran out of memory."""


class Engine(Protocol):
    """Where shards are worked on; anything shaped like a `concurrent.futures` executor.

    A future whose worker died raises `WorkerDied` or `concurrent.futures.BrokenExecutor`.

    Attributes:
        at_once: Shards given to the executor at a time; None gives it all of them.
    """

    Options: ClassVar[type[Options]]
    at_once: int | None

    def executor(self) -> Executor:
        """A new executor, to be shut down by whoever asked for it."""

    def dashboard(self) -> str | None:
        """Where a browser sees the work of the last executor; None where there is nothing to see."""


Unit = Literal["traces", "cases", "shards", "answers", "records"]


class Progress(Protocol):
    """How long work shows itself; the terminal belongs to `cli` alone."""

    def begin(self, stage: str, total: int | None, unit: Unit, *, budget: float | None = None) -> None:
        """A stage starts; `total` is None when it is not known, `budget` (US dollars) where there is none."""

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        """So much more is done, at this cost in US dollars where there is one."""

    def stand(self, words: str) -> None:
        """How things stand so far, in a few words of ours; shown with the next advance."""

    def note(self, message: str) -> None:
        """Something worth knowing, without user text."""

    def end(self) -> None:
        """The stage is over."""


class Silent:
    """Progress that shows nothing."""

    def begin(self, stage: str, total: int | None, unit: Unit, *, budget: float | None = None) -> None:
        """See `Progress.begin`."""

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        """See `Progress.advance`."""

    def stand(self, words: str) -> None:
        """See `Progress.stand`."""

    def note(self, message: str) -> None:
        """See `Progress.note`."""

    def end(self) -> None:
        """See `Progress.end`."""


# --- stores -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardInfo:
    """A committed shard.

    Attributes:
        fingerprint: Of the input it was made from; equal fingerprints need no second look.
        sha256: Of the file that holds its rows.
    """

    shard_id: str
    rows: int
    rejected: int
    fingerprint: str
    sha256: str


class ShardWriter(Protocol):
    """Takes the rows of one shard."""

    rows: int

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def reject(self, rejected: Rejected) -> None:
        """Hold a record back, with the reason."""

    def keep(self, sha256: str, content: bytes) -> None:
        """Keep media that a row of this shard refers to as `blob:sha256:<hex>`."""


class Shelf(Protocol):
    """Where one stage leaves traces (or labels) for the next: raw, clean, labels."""

    schema: pa.Schema

    def shards(self) -> Mapping[str, ShardInfo]:
        """Committed shards, in order of id."""

    def info(self, shard_id: str) -> ShardInfo | None:
        """One committed shard; None where there is none of that id."""

    def read(self, shard_id: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Stream one shard; raises `UsageError` if it is damaged."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Stream all shards, in order of id."""

    def writer(self, shard_id: str, fingerprint: str) -> AbstractContextManager[ShardWriter]:
        """Write one shard; it appears whole when the block ends well, and not at all otherwise."""

    def drop(self, shard_id: str) -> None:
        """Remove a shard."""

    def rejected(self, shard_ids: Sequence[str] | None = None) -> Iterator[Rejected]:
        """Every record that was held back, and why; of all shards or of these."""

    def manifest(self) -> Mapping[str, object] | None:
        """What the stage said of the whole shelf; None before it did."""

    def write_manifest(self, manifest: Mapping[str, object]) -> None:
        """Replace it atomically."""


class RunStore(Protocol):
    """Where runs rest."""

    def save(self, run: Run) -> None:
        """Write atomically."""

    def load(self, run_id: str) -> Run:
        """Raises `UsageError` if there is none, or if it is damaged."""

    def list(self) -> Sequence[str]:
        """Ids, newest first."""


class Journal(Protocol):
    """What a run has done so far, written as it goes, so that a killed run loses only its calls in flight."""

    def entries(self) -> Iterable[Answer | Score]:
        """What was written before, in order; a line that a kill cut in half is left out."""

    def append(self, entry: Answer | Score) -> None:
        """Write it down; after this returns, a kill of the process does not lose it."""


class AnswerCache(Protocol):
    """Answers and judge scores by a digest of everything that can change them; clean text only."""

    def answer(self, key: str) -> Answered | None:
        """The answer, with its case id and repeat as they were stored; None if there is none."""

    def keep_answer(self, key: str, answer: Answered) -> None:
        """Store it for other runs."""

    def score(self, key: str) -> Scored | None:
        """The judge's score; None if there is none."""

    def keep_score(self, key: str, score: Scored) -> None:
        """Store it for other runs."""


class Cassette(Protocol):
    """What a bench heard, to be played again without key and network; clean text only.

    Unlike a cache it holds what failed, too, so that the replay comes to the same verdict, and a
    replay never asks for what it does not hold.

    Attributes:
        replays: Whether it is played, rather than recorded.
    """

    replays: bool

    def answer(self, key: str) -> Answer | None:
        """The answer, or that there was none; None if it holds neither."""

    def score(self, key: str) -> Score | None:
        """The score, or that there was none; None if it holds neither."""

    def keep_answer(self, key: str, answer: Answer) -> None:
        """Take it in; what was there under that key is replaced."""

    def keep_score(self, key: str, score: Score) -> None:
        """Take it in; what was there under that key is replaced."""

    def save(self) -> int:
        """Write all of it atomically; gives the number of entries."""


class EvalSetStore(Protocol):
    """Where eval sets rest, version by version."""

    def save(self, evalset: EvalSet, traffic: Sequence[TrafficInput] = ()) -> None:
        """Write a new version, and what its traffic asked, atomically and make it the current one; never overwrites one."""

    def use(self, name: str, version: int) -> None:
        """Make a version the current one."""

    def load(self, name: str, version: int | None = None) -> EvalSet:
        """The version, or the current one; raises `UsageError` if absent or damaged."""

    def traffic(self, name: str, version: int) -> Sequence[TrafficInput]:
        """What its traffic asked, empty where that was not kept; raises `UsageError` if absent or damaged."""

    def current(self, name: str) -> int:
        """The version in use; raises `UsageError` if there is no such set."""

    def versions(self, name: str) -> Sequence[int]:
        """In ascending order."""

    def names(self) -> Iterable[str]:
        """All sets."""
