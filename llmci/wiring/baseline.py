"""Where the baseline of a bench comes from: a stated chain, the first that fits, and why the others did not.

1. paired: the baseline's system is in the configuration and is asked beside the candidate; what has
   not changed since comes from the answer cache and costs nothing
2. committed: `evalsets/<name>/baseline.parquet`, which `llmci promote` writes
3. artifact: what `llmci baseline` fetched from the newest run of the default branch below the merge base
4. object store: `bench.baseline_uri`
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmci.adapters.stores.scores import MOST_BYTES, scores_document, scores_run
from llmci.core.bench.covariates import covariates
from llmci.core.canonical import digest_of
from llmci.core.gating.comparable import metric_obstacle
from llmci.core.gating.origin import age_days, age_words
from llmci.core.gating.smallest import restricted
from llmci.errors import NoDecisionError, UsageError
from llmci.files import is_stored, write_bytes, write_json
from llmci.seams import PairScorer
from llmci.storage import bare, place
from llmci.wiring.build import keep_from_git
from llmci.wiring.evalset_store import directory_of
from llmci.wiring.runs import runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run
    from llmci.domain.settings import BenchSettings
    from llmci.seams import Scorer

AUTO, PAIRED, COMMITTED, ARTIFACT, STORE = "auto", "paired", "committed", "artifact", "store"
# Name of the file that promote writes, and of the one in an artifact.
# Earlier runs that are read; more hardly tell more of a case.
_MOST_EARLIER = 20
COMMITTED_FILE, SCORES_FILE = "baseline.parquet", "candidate.scores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A baseline that need not be asked.

    Attributes:
        run: Its scores of all cases that may be asked.
        source: Which link of the chain, and where; such as "committed scores (evalsets/x/baseline.parquet)".
    """

    run: Run
    source: str

    def beside(self, candidate: Run) -> Run:
        """What a candidate is compared with: the same cases in the same order, weighed at the same looks.

        It has an id of its own: the whole run may be stored here, too, with all its texts.
        """
        part = restricted(self.run, candidate.case_ids)
        run_id = f"{part.run_id}.{digest_of('scores', list(candidate.case_ids))[:6]}"
        return replace(
            part,
            run_id=run_id,
            case_ids=candidate.case_ids,
            looks=candidate.looks,
            # Of the cases that were not asked, too: that is where they help.
            covariates=self.run.covariates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a bench will ask, for a baseline to fit it."""

    evalset: EvalSet
    cases: Sequence[Case]
    scorers: Sequence[Scorer]
    settings: BenchSettings
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What `llmci baseline` did; `file` is None where nothing was fetched, and `why` says why."""

    file: Path | None
    source: str
    why: str


def is_paired(config: Config, source: str, baseline: str) -> bool:
    """Whether the baseline is asked beside the candidate."""
    return source == PAIRED or (source == AUTO and baseline in config.systems)


def find(config: Config, source: str, wanted: Wanted) -> Found:
    """The first link of the chain that can be compared with; nobody has been asked anything yet.

    Args:
        config: The project's.
        source: `auto`, one link of the chain, or a file or an address of scores.
        wanted: What it has to fit.

    Raises:
        NoDecisionError: What there is cannot be compared with; the reasons are named.
        UsageError: There is nothing at all, or it is damaged.
    """
    links = _links(config, wanted.evalset.name)
    if source == AUTO:
        chosen = links
    elif source in links:
        chosen = {source: links[source]}
    else:
        chosen = {"file": lambda: _given(source)}
    passed_over = []
    for read in chosen.values():
        content, where = read()
        if content is None:
            continue
        run = scores_run(content, where)
        if why := _misfit(run, config, wanted):
            passed_over.append(f"{where}: {why}")
            continue
        return Found(run=restricted(run, {case.case_id for case in wanted.cases}), source=where)
    if passed_over:
        raise NoDecisionError(
            f"no baseline can be compared with: {'; '.join(passed_over)}.",
            fix="Promote a run on this set with these scorers, or keep the baseline's system in the configuration.",
        )
    known = ", ".join(config.systems) or "none"
    raise UsageError(
        f"there is no system called {wanted.settings.baseline!r} in {config.path}, and no scores of a baseline."
        if source == AUTO
        else f"there is no baseline at {bare(source)!r}.",
        fix=f"Systems there: {known}. `llmci promote` keeps the scores of a run as the next baseline.",
    )


def fetch(config: Config, name: str, environ: Mapping[str, str]) -> Fetched:
    """Fetch the scores that the newest run of the default branch left, where the bench may need them.

    Args:
        config: The project's.
        name: The action's `name`.
        environ: Of a GitHub job, with its token.
    """
    file = _artifact_file(config)
    file.unlink(missing_ok=True)
    if is_paired(config, AUTO, config.bench.baseline):
        return Fetched(file=None, source=PAIRED, why="the baseline is asked beside the candidate")
    from llmci.adapters.forges.artifacts import Artifacts
    from llmci.adapters.forges.rest import Refused, Rest

    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository:
        return Fetched(file=None, source="", why="there is no GITHUB_TOKEN or no GITHUB_REPOSITORY")
    rest = Rest(environ.get("GITHUB_API_URL") or "https://api.github.com", token)
    try:
        found = Artifacts(rest, repository).newest(f"llmci-{name}", SCORES_FILE, environ)
    except Refused as refused:
        return Fetched(file=None, source="", why=refused.message)
    if found is None:
        return Fetched(file=None, source="", why="no run of the default branch below the merge base left scores")
    keep_from_git(config.state)
    write_bytes(file, found.content)
    write_json(file.with_suffix(".json"), {"place": found.place})
    return Fetched(file=file, source=found.place, why="")


def committed_file(config: Config, evalset: str) -> Path:
    """Where `llmci promote` leaves the scores."""
    return directory_of(config, evalset) / COMMITTED_FILE


def _artifact_file(config: Config) -> Path:
    return config.state / "baseline" / "artifact.scores"


def _links(config: Config, evalset: str) -> dict[str, Callable[[], tuple[bytes | None, str]]]:
    committed, artifact, uri = committed_file(config, evalset), _artifact_file(config), config.bench.baseline_uri
    return {
        COMMITTED: lambda: (_content(committed), f"committed scores ({_short(committed, config.root)})"),
        ARTIFACT: lambda: (_content(artifact), _place(artifact)),
        STORE: lambda: (_content(place(uri, config.root)) if uri else None, f"object store ({bare(uri or '')})"),
    }


def _given(source: str) -> tuple[bytes | None, str]:
    return _content(place(source, Path())), f"scores ({bare(source)})"


def _content(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}.", fix="Name a file that can be read.") from None


def _place(artifact: Path) -> str:
    from llmci.files import read_json

    try:
        return str(read_json(artifact.with_suffix(".json"))["place"])
    except (OSError, ValueError, KeyError, TypeError):
        return "artifact"


def _short(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if not is_stored(file) and file.is_relative_to(root) else str(file)


def _misfit(run: Run, config: Config, wanted: Wanted) -> str | None:
    """What forbids a comparison, known before anything is spent."""
    most = config.bench.max_days_apart
    days = age_days(run, wanted.now.isoformat())
    if days is not None and days > most:
        return f"{age_words(days)}, and bench.max_days_apart allows {most:g}"
    if run.evalset_digest != wanted.evalset.digest:
        return f"measured on {run.evalset_name} v{run.evalset_version}, not on this {wanted.evalset.name} v{wanted.evalset.version}"
    if missing := len({case.case_id for case in wanted.cases} - set(run.case_ids)):
        return f"lacks {missing:,} of the {len(wanted.cases):,} cases that are asked"
    for scorer in wanted.scorers:
        if isinstance(scorer, PairScorer):
            return f"{scorer.metric().name} sets two answers side by side, and only scores were kept"
    after = replace(run, metrics=tuple(scorer.metric() for scorer in wanted.scorers))
    gated = dict.fromkeys(rule.metric for rule in config.gates)
    return next((why for name in gated if (why := metric_obstacle(run, after, name))), None)


def with_covariates(config: Config, run: Run) -> Run:
    """A run with what earlier ones scored: those stored here, and those that the baseline until now knew of."""
    before = None
    with contextlib.suppress(UsageError):
        content = _content(committed_file(config, run.evalset_name))
        before = scores_run(content, COMMITTED_FILE) if content else None
    before = before if before is not None and before.evalset_digest == run.evalset_digest else None
    return replace(run, covariates=covariates(run, runs_of(config).past(run, _MOST_EARLIER), before))


def keep_scores(run: Run, file: Path) -> None:
    """Write the scores of a run where a later bench may find them; raises `UsageError`."""
    content = scores_document(run)
    try:
        write_bytes(file, content)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}.", fix="Name another place.") from None
