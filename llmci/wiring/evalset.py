"""Eval sets put together: labelled traces, hand-written cases and the store."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llmci.adapters.stores.casefile import CASES
from llmci.core.evalsets.cases import judge_at
from llmci.core.evalsets.digests import schema_fingerprint
from llmci.core.evalsets.exchange import cases_of, rows_of
from llmci.core.evalsets.exporting import exported
from llmci.core.evalsets.holdout import sides_before
from llmci.core.evalsets.lineage import Keyed, wrong_lineage
from llmci.core.evalsets.needs import needs
from llmci.core.evalsets.said import said_before
from llmci.core.evalsets.survey import merged
from llmci.core.evalsets.traffic import TrafficSample
from llmci.domain.label import HELD_BACK, READ
from llmci.errors import LlmciError, UsageError
from llmci.files import write_bytes
from llmci.pipeline.build import Lineage, asked_of
from llmci.pipeline.build import build as draw_set
from llmci.pipeline.label.summary import label_fingerprint
from llmci.seams import Silent
from llmci.wiring.acts import acts_of
from llmci.wiring.build import KEY_FILE, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset_store import directory_of, store
from llmci.wiring.review import REVIEW, reviewed
from llmci.wiring.survey import survey_of, taker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from llmci.config import Config
    from llmci.core.evalsets.needs import Need
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet, TrafficInput
    from llmci.domain.settings import EvalsetSettings
    from llmci.domain.verdict import Rule
    from llmci.seams import EvalSetStore, Progress, Shelf


# Scorers of amounts: what their gates tolerate is a fraction of the baseline's amount.
_AMOUNTS = frozenset({"cost", "latency", "length", "tokens", "ttft"})


@dataclass(frozen=True, slots=True)
class Built:
    """A version, and whether it is a new one; the same content never makes a second version."""

    evalset: EvalSet
    new: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A version that is there: its content, or why it cannot be read."""

    name: str
    version: int
    current: bool
    evalset: EvalSet | None
    error: LlmciError | None = None


def every_version(config: Config) -> list[Found]:
    """All versions of all sets; one that is damaged does not hide the others."""
    sets = store(config)
    return [
        _found(sets, name, version, version == current)
        for name in sets.names()
        for current in [_current(sets, name)]
        for version in sets.versions(name)
    ]


def verified(config: Config, name: str, version: int | None, environ: Mapping[str, str] | None = None) -> list[Found]:
    """Check one version, or all of a set, and the chain of the audit log; with the project's key at hand the lineage, too.

    Raises:
        UsageError: There is no such set, or the audit log was changed.
    """
    acts_of(config)
    sets = store(config)
    current = sets.current(name)
    chosen = sets.versions(name) if version is None else [version]
    found = [_whole(sets, _found(sets, name, number, number == current)) for number in chosen]
    keyed = keyed_at_hand(config, environ or {})
    return found if keyed is None else [_traced(each, keyed) for each in found]


def _whole(sets: EvalSetStore, found: Found) -> Found:
    """With what is kept beside the cases, which who asks them never reads."""
    try:
        sets.traffic(found.name, found.version)
    except LlmciError as error:
        return replace(found, evalset=None, error=found.error or error)
    return found


def _traced(found: Found, keyed: Keyed) -> Found:
    evalset = found.evalset
    wrong = wrong_lineage(evalset.lineage, evalset.cases, keyed) if evalset is not None else None
    if wrong is None:
        return found
    error = UsageError(
        f"{found.name} v{found.version}: case {wrong} is not of the trace that the lineage names.",
        fix="Restore the version from your repository's history, or build the set again.",
    )
    return Found(found.name, found.version, found.current, None, error)


def _found(sets: EvalSetStore, name: str, version: int, current: bool) -> Found:  # noqa: FBT001
    try:
        return Found(name, version, current, sets.load(name, version))
    except LlmciError as error:
        return Found(name, version, current, None, error)


def _current(sets: EvalSetStore, name: str) -> int | None:
    try:
        return sets.current(name)
    except LlmciError:
        return None


def suspects(config: Config, cases: Iterable[Case]) -> dict[str, str]:
    """Where the traces that failures were made of likely went wrong, by case id, as far as their labels are at hand."""
    wanted = {case.origin.trace_id: case.case_id for case in cases if case.origin.kind == "failure"}
    labels = shelf_of(config, "labels")
    found = {}
    for batch in labels.batches(("trace_id", "suspect")) if wanted else ():
        for row in batch.to_pylist():
            said = row.get("suspect")
            if said is not None and row["trace_id"] in wanted:
                found[wanted[row["trace_id"]]] = f"step {said['step']} ({said['name']}): {said['why']} [{said['by']}]"
    return found


def build_version(
    config: Config, *, now: datetime, progress: Progress | None = None, environ: Mapping[str, str] | None = None
) -> Built:
    """Draw an eval set and store it as a new version, unless the newest already says the same.

    Raises:
        PrivacyStop: The clean shelf does not check.
        UsageError: Traces are not labelled, a hand-written file is wrong, or nothing can become a case.
    """
    sets = store(config)
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    hand_written = hand_written_of(config)
    shelved = bool(clean.shards()) or not hand_written
    digest = clean_digest(clean) if shelved else None
    if digest is not None:
        check_labels(clean, labels, digest)
    lineage = lineage_of(config, config.evalset.name, digest, now, environ or {})
    progress = progress or Silent()
    settings = drawn_with(config)
    asked = asked_of(settings, lineage)
    survey, traffic = (
        survey_of(config, asked, progress, environ or {}) if shelved else (merged([]), TrafficSample(0, 0))
    )
    evalset = draw_set(survey, taker(config, settings), settings, hand_written, lineage, rules_of(config))
    if without := _without_reference(evalset, config):
        progress.note(without)
    return stored(sets, evalset, lineage.previous, traffic.inputs())


def needs_of(config: Config, evalset: EvalSet) -> list[Need]:
    """How many cases each gate takes."""
    return needs(evalset.cases, rules_of(config), discordance=config.evalset.discordance)


def rules_of(config: Config) -> list[Rule]:
    """The gates of scores; those on amounts are left out, for how much they vary shows in a run alone."""
    amounts = {name for name, block in config.scorers.items() if block.kind in _AMOUNTS}
    return [rule for rule in config.gates if rule.metric not in amounts]


def drawn_with(config: Config) -> EvalsetSettings:
    """With the rubric of the judge whose approval makes a reference, where none is set: cases without one carry it."""
    settings = config.evalset
    judges = [name for place in settings.references if (name := judge_at(place)) is not None]
    for name in judges:
        options = getattr(config.scorers.get(name), "options", None)
        if options is None:
            raise UsageError(
                f"{config.path}: evalset.reference: there is no scorer called {name!r}.",
                fix=f"Name one of: {', '.join(config.scorers) or 'none is defined'}.",
            )
        rubric = getattr(options, "rubric", None)
        if settings.rubric is None and (file := getattr(options, "rubric_file", None)):
            rubric = (config.root / file).read_text("utf-8")
        settings = replace(settings, rubric=settings.rubric or rubric)
    return settings


def _without_reference(evalset: EvalSet, config: Config) -> str | None:
    """Said before anybody pays for answers that there is nothing to compare with."""
    places, bare = config.evalset.references, sum(case.reference is None for case in evalset.cases)
    if not places or not bare:
        return None
    whys = [", which takes only answers that users liked"] if "output" in places else []
    whys += [", which takes only answers that the judge approved of"] if any(map(judge_at, places)) else []
    said = f"{bare} of {len(evalset.cases)} cases have no reference: evalset.reference is {', '.join(places)}{''.join(whys)}"
    if bare < len(evalset.cases):
        return said
    return f"{said}. Gate on scorers that need none, such as pairwise, judge, refusal or degenerate, or name a place that holds some"


def lineage_of(
    config: Config, name: str, sanitize_digest: str | None, now: datetime, environ: Mapping[str, str]
) -> Lineage:
    """Where a new version of a set comes from, and what was decided about its cases."""
    sets = store(config)
    versions = sets.versions(name)
    newest = sets.load(name, versions[-1]) if versions else None
    decided = reviewed(directory_of(config, name) / REVIEW, newest)
    return Lineage(
        version=versions[-1] + 1 if versions else 1,
        previous=newest,
        sanitize_digest=sanitize_digest,
        schema_fingerprint=schema_fingerprint(CASES),
        now=now.isoformat(),
        reviewed=decided.traces,
        retired=decided.retired,
        promotions=decided.promotions,
        keyed=None if sanitize_digest is None else _keyed(config, environ),
        said=said_before(
            _readable(sets, name, versions), config.evalset.references, config.evalset.expectations.keys()
        ),
        # Read once more, and not kept: there may be many.
        sides=sides_before(_readable(sets, name, versions), share=kept) if (kept := config.evalset.holdout) else {},
    )


def _readable(sets: EvalSetStore, name: str, versions: Sequence[int]) -> Iterator[EvalSet]:
    """The versions of a set, the newest first; `verify` tells of those that are damaged."""
    for version in reversed(versions):
        with contextlib.suppress(UsageError):
            yield sets.load(name, version)


def keyed_at_hand(config: Config, environ: Mapping[str, str]) -> Keyed | None:
    """Hashes with the project's key; None where it is not at hand."""
    known = config.sanitize.key_env in environ or (config.state / KEY_FILE).exists()
    return _keyed(config, environ) if known else None


def _keyed(config: Config, environ: Mapping[str, str]) -> Keyed:
    """Hashes with the key that surrogates are made with."""
    from llmci.wiring.privacy import key_of

    return Keyed(key_of(config, environ))


def stored(sets: EvalSetStore, evalset: EvalSet, newest: EvalSet | None, traffic: Sequence[TrafficInput] = ()) -> Built:
    """Store a version and what its traffic asked, unless the newest already says the same."""
    if newest is not None and newest.digest == evalset.digest:
        sets.use(newest.name, newest.version)
        return Built(newest, new=False)
    sets.save(evalset, traffic)
    return Built(evalset, new=True)


def check_labels(clean: Shelf, labels: Shelf, clean_digest: str) -> None:
    """Refuse labels that are not those of the clean shelf as it is, or of one single run."""
    manifest: Mapping[str, Any] | None = labels.manifest()
    if manifest is None:
        raise UsageError("the clean traces are not labelled.", fix="Run `llmci label`.")
    written = {shard_id: info.fingerprint for shard_id, info in labels.shards().items()}
    run, schema = str(manifest.get("digest")), str(manifest.get("schema"))
    if schema not in READ:
        raise UsageError(
            f"the labels were written as {schema!r}, but this llmci reads {', '.join(READ)}.",
            fix="Upgrade llmci, or run `llmci label`.",
        )
    wanted = {
        shard_id: HELD_BACK if written.get(shard_id) == HELD_BACK else label_fingerprint(run, info.sha256, schema)
        for shard_id, info in clean.shards().items()
    }
    if manifest.get("clean") != clean_digest or written != wanted:
        raise UsageError("the labels are not those of the clean traces as they are now.", fix="Run `llmci label`.")


def hand_written_of(config: Config) -> list[Case]:
    """Cases that the user wrote; raises as `read_cases` does."""
    return [case for name in config.evalset.hand_written for case in read_cases(config.root / name)]


def read_cases(path: Path) -> list[Case]:
    """Cases from a file that the user wrote or another tool exported.

    Raises:
        UsageError: The file is not there, or a record in it is wrong; a set is never built on
            half of what the user wrote.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", fix="Correct `evalset.hand_written`, or the path.") from None
    cases, rejected = cases_of(rows_of(content, path.suffix.lower(), path.name))
    if rejected:
        (where, why), more = rejected[0], f" and {len(rejected) - 1} more" if len(rejected) > 1 else ""
        raise UsageError(f"{where}: {why}{more}.", fix="Correct or remove the record.")
    return cases


def export(config: Config, output: Path, *, form: str, name: str, version: int | None) -> Sequence[Case]:
    """Write a version as a file of another tool; gives its cases."""
    evalset = store(config).load(name, version)
    write_bytes(output, exported(evalset.cases, form, output.suffix.lower()))
    return evalset.cases


def import_file(config: Config, source: Path, *, name: str, now: datetime) -> Built:
    """Make a new version of the cases of a file, all of equal weight; the user vouches for its text.

    Raises:
        UsageError: The file, or a record in it, is wrong.
    """
    sets = store(config)
    cases = read_cases(source)
    if not cases:
        raise UsageError(
            f"{source}: holds no record.", fix="Give a file with cases: one JSON object a line, or rows of CSV."
        )
    lineage = lineage_of(config, name, None, now, {})
    settings = replace(config.evalset, name=name)
    evalset = draw_set(merged([]), lambda _: (), settings, cases, lineage)
    return stored(sets, evalset, lineage.previous)
