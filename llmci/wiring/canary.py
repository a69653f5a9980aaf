"""The configured rollout, and live traces of both variants to a decision."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.adapters.stores.parts import PartsOnDisk
from llmci.core.evalsets.places import check_place
from llmci.core.reporting.plan_page import plan_page
from llmci.core.stats.canary import expected_units
from llmci.core.stats.live import traffic_of
from llmci.core.stats.records import NONE_SAID, columns_needed, records_of_batches, records_of_rows, verdicts_of
from llmci.core.stats.watch import watch
from llmci.domain.rollout import Criterion, Exposure, RolloutPlan, Stage
from llmci.domain.settings import StageSettings
from llmci.errors import OutsideError, UsageError
from llmci.files import locked, write_bytes
from llmci.pipeline.canary import PAIRED, decide, decide_shadow
from llmci.seams import Rejected, Window
from llmci.wiring.build import build, keep_from_git, shelf_of
from llmci.wiring.exposure import check_agreed, digest_of_plan, exposure_of, finish, last_moved, rollout_of, since
from llmci.wiring.pull_plan import lands
from llmci.wiring.pull_remote import land_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from llmci.config import Config
    from llmci.core.stats.records import Verdicts
    from llmci.core.stats.watch import Seen
    from llmci.domain.rollout import Decision
    from llmci.domain.trace import TraceRow
    from llmci.seams import Progress

# Another check, or a pull, is landing the same source: so long it is waited for.
_PATIENCE_S = 60.0


def plan_of(config: Config) -> RolloutPlan:
    """The rollout that the configuration describes.

    Raises:
        UsageError: It names no criterion, or its shares do not ascend within (0, 1].
    """
    settings = config.canary
    if not settings.criteria:
        raise UsageError(
            f"{config.path}: canary.criteria is empty, so nothing could be decided.",
            fix="Add one, such as `errors: {kind: error, margin: 0.02}`.",
        )
    stages = settings.stages or tuple(
        StageSettings(share=share, approver=settings.approvers.get(share)) for share in settings.shares
    )
    shares = [stage.share for stage in stages if not stage.only]
    if shares != sorted(set(shares)) or not all(0 < stage.share <= 1 for stage in stages):
        raise UsageError(
            f"{config.path}: canary.shares must ascend within (0, 1].",
            fix="Write them like [0.01, 0.05, 0.25, 0.5, 1.0].",
        )
    for setting in ("segment", "pair_by"):
        if place := getattr(settings, setting):
            check_place(place, setting)
    criteria = [
        Criterion(
            name=name,
            kind=item.kind,
            margin=item.margin,
            score=item.score,
            flag=item.flag,
            judge=item.judge,
            higher_is_better=item.higher_is_better,
            base_rate=item.base_rate,
            segment=item.segment,
            wait_minutes=item.wait_minutes,
        )
        for name, item in settings.criteria.items()
    ]
    return RolloutPlan(
        name=config.project,
        control=settings.control,
        treatment=settings.treatment,
        stages=tuple(
            Stage(
                share=stage.share,
                only=stage.only,
                max_hours=stage.max_hours or settings.max_hours,
                approver=stage.approver,
                criteria=stage.criteria,
            )
            for stage in stages
        ),
        criteria=tuple(criteria),
        alpha=settings.alpha,
        unit=settings.unit,
        when_overdue=settings.when_overdue,
        segment=settings.segment,
        segments=settings.segments,
        pair_by=settings.pair_by,
    )


def stage_table(config: Config) -> list[dict[str, Any]]:
    """For each stage and criterion: requests, and hours where traffic is known, until a worsening by the margin shows.

    With all of the traffic nothing is left to compare with, so that the stage has none.
    """
    plan = plan_of(config)
    per_hour = config.canary.requests_per_hour
    rows: list[dict[str, Any]] = []
    for stage in plan.stages:
        for criterion in plan.watched_at(stage.exposure) if stage.share < 1 else ():
            units = expected_units(criterion.margin, criterion.base_rate, share=stage.share, alpha=plan.alpha)
            # How much of the traffic is of a segment is not known.
            hours = units / (per_hour * stage.share) if per_hour and not stage.only else None
            rows.append(
                {
                    "share": stage.share,
                    "only": stage.only,
                    "criterion": criterion.name,
                    "margin": criterion.margin,
                    "requests": units,
                    "hours": hours,
                }
            )
    return rows


def write_plan(config: Config, output: Path) -> None:
    """Write the plan as a page to review: its digest is that of the audit log once it is agreed."""
    plan = plan_of(config)
    page = plan_page(plan, stage_table(config), per_hour=config.canary.requests_per_hour, digest=digest_of_plan(plan))
    write_bytes(output, page.encode())


@dataclass(frozen=True, slots=True)
class Asked:
    """Which traffic a decision is to rest on.

    Attributes:
        sources: Names of sources; all that are configured where it is empty.
        window: Without a beginning it starts when the share was last moved.
        share: What the candidate gets now; None asks the configured rollout.
        pulled: What was pulled is read, by columns, and no source is asked.
        shadow: The traffic is mirrored: both variants answer each request, and users see the control's answer alone.
        deployer: What a deployer calls the rollout that it asks about.
    """

    sources: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    share: float | None = None
    pulled: bool = False
    shadow: bool = False
    deployer: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What live traffic says.

    Attributes:
        present: What the candidate gets; nothing where traffic is mirrored.
        held_hours: How long the share has been as it is, where that is known.
        note: What is to be said about the share.
    """

    plan: RolloutPlan
    seen: Seen
    present: Exposure
    held_hours: float | None
    note: str | None

    def decision(self) -> Decision:
        """What is to be done."""
        decided = decide(self.seen, self.plan, only=self.present.only, held_hours=self.held_hours)
        return decided if self.note is None else replace(decided, notes=(self.note, *decided.notes))


def check(config: Config, asked: Asked, *, environ: Mapping[str, str], progress: Progress, now: datetime) -> Decision:
    """Read live traces, keep nothing of them but what the criteria look at, and decide; see `observe`."""
    if asked.shadow and config.canary.pair_by is None:
        raise UsageError(
            f"{config.path}: canary.pair_by does not say which two answers are to one request.",
            fix="Add `pair_by: metadata.request_id` under `canary:`, or wherever the request's id is.",
        )
    found = observe(config, asked, environ=environ, progress=progress, now=now)
    if asked.shadow:
        return decide_shadow(found.seen, found.plan)
    return found.decision()


def observe(config: Config, asked: Asked, *, environ: Mapping[str, str], progress: Progress, now: datetime) -> Observed:
    """Read live traces, and keep nothing of them but what the criteria look at.

    Raises:
        UsageError: A source is not configured, or the share is neither given nor to be read.
        OutsideError: A source could not be read.
    """
    plan, window, names = plan_of(config), asked.window, list(asked.sources)
    check_agreed(config, plan)
    begun, note = None, None
    if asked.shadow:
        # Each request has two answers, and so has each user; nobody else sees the candidate's.
        plan, present = replace(plan, unit="request"), Exposure(0.0)
    elif asked.share is None:
        rollout = rollout_of(config, environ)
        finish(config, rollout)
        present = exposure_of(rollout)
        begun, note = since(config, plan, present, now=now, rollout=asked.deployer)
    else:
        present = Exposure(asked.share)
    if not asked.shadow and not 0 < present.share <= 1:
        raise UsageError("the candidate has no traffic.", fix="Begin with `llmci canary start`, then check again.")
    if (asked.shadow or asked.share is not None) and (moved := last_moved(config, plan)) and moved[0].same(present):
        begun = moved[1]
    if begun is not None and window.since is None:
        window = Window(since=begun + timedelta(seconds=config.canary.settle_seconds), until=window.until)
    if not asked.pulled:
        land_live(config, names, window, environ, progress, now=now)
    progress.begin("canary", None, "traces")
    verdicts = verdicts_on(config, plan)
    records = (
        records_of_batches(_pulled(config, names, window, plan, progress), plan, verdicts)
        if asked.pulled
        else records_of_rows(live_rows(config, names, window, environ, progress), plan, verdicts)
    )
    traffic = traffic_of(
        records, plan, now=now, in_pairs=asked.shadow, only=present.only, parted=PartsOnDisk(config.state)
    )
    watched = plan if asked.shadow else replace(plan, criteria=plan.watched_at(present))
    seen = watch(traffic, watched, share=PAIRED if asked.shadow else present.share)
    progress.end()
    held = None if begun is None else (now - begun) / timedelta(hours=1)
    return Observed(plan, seen, present, held, note)


def land_live(
    config: Config, sources: list[str], window: Window, environ: Mapping[str, str], progress: Progress, *, now: datetime
) -> None:
    """Fetch what is new of the sources behind a network; the landing is that of `llmci pull`.

    Raises:
        OutsideError: One could not be read: what was landed of it before is no evidence about now.
        UsageError: A source is not configured, or a pull is still at it.
    """
    names = _named(config, sources)
    if not any(lands(config.sources[name].kind) for name in names):
        return
    keep_from_git(config.state)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with locked(config.state / "pull.lock") as alone:
            if alone:
                _, failures = land_all(config, names, window=window, environ=environ, progress=progress, now=now)
                break
        if time.monotonic() > deadline:
            raise UsageError(f"a pull is writing to {config.state}.", fix="Wait until it has ended, then check again.")
        time.sleep(0.2)
    if failures:
        first = failures[0]
        raise OutsideError(f"{first.source}: {first.message}", fix=first.fix)


def live_rows(
    config: Config, sources: list[str], window: Window, environ: Mapping[str, str], progress: Progress
) -> Iterator[TraceRow]:
    """Traces of the window as their sources hold them now; what cannot be read is counted in a note.

    Raises:
        UsageError: A source is not configured.
        OutsideError: There is none, or one could not be read.
    """
    rejected = 0
    for name in _named(config, sources):
        source = build("source", config.sources[name], config, environ)
        for shard in source.shards(window):
            for row in source.read(shard, window):
                if isinstance(row, Rejected):
                    rejected += 1
                elif _within(row.get("start"), window):
                    progress.advance()
                    yield row
    if rejected:
        progress.note(f"{rejected} records could not be read and were left out.")


def _pulled(
    config: Config, sources: list[str], window: Window, plan: RolloutPlan, progress: Progress
) -> Iterator[pa.RecordBatch]:
    """Columns of the raw shelf that the plan looks at, of the window and of these sources."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array(_named(config, sources), pa.string())
    for batch in shelf_of(config, "raw").batches([*columns_needed(plan), "source"]):
        start = batch.column("start")
        wanted = pc.is_in(batch.column("source"), value_set=names)
        for bound, holds in ((window.since, pc.greater_equal), (window.until, pc.less)):
            if bound is not None:
                wanted = pc.and_(wanted, pc.fill_null(holds(start, pa.scalar(bound, start.type)), fill_value=True))
        found = batch.filter(wanted)
        progress.advance(found.num_rows)
        yield found


def verdicts_on(config: Config, plan: RolloutPlan) -> Verdicts:
    """What `llmci label --judge` had judges say of a sample."""
    if not any(criterion.kind == "judge" for criterion in plan.criteria):
        return NONE_SAID
    batches = shelf_of(config, "labels").batches(("trace_id", "verdicts"))
    return verdicts_of(row for batch in batches for row in batch.to_pylist())


def _named(config: Config, sources: list[str]) -> list[str]:
    for name in sources:
        if name not in config.sources:
            raise UsageError(f"there is no source called {name!r}.", fix=f"Choose one of: {', '.join(config.sources)}.")
    if not config.sources:
        raise OutsideError("no source is configured.", fix="Add one under `sources:`.")
    return sources or list(config.sources)


def _within(start: datetime | None, window: Window) -> bool:
    """What was landed is read whole; a trace without a start is for the stage to count."""
    if start is None:
        return True
    return (window.since is None or start >= window.since) and (window.until is None or start < window.until)
