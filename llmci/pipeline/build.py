"""label -> **build** -> bench: labelled traces in; a weighted, versioned eval set out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import orjson

from llmci.core.evalsets.agent_cases import cases_of
from llmci.core.evalsets.cases import check_places
from llmci.core.evalsets.dependence import dependence_groups, ties_of
from llmci.core.evalsets.digests import evalset_digest
from llmci.core.evalsets.further import with_further
from llmci.core.evalsets.holdout import held_out, question_id
from llmci.core.evalsets.lineage import lineage as lineage_of
from llmci.core.evalsets.needs import lacking, notices
from llmci.core.evalsets.said import with_what_was_said
from llmci.core.evalsets.sampling import Plan, draw, worth
from llmci.core.evalsets.sightings import HexIds, Sightings
from llmci.core.evalsets.survey import Asked, in_utc
from llmci.core.stats.power import cases_needed
from llmci.domain.evalset import EvalSet
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.lineage import Keyed
    from llmci.core.evalsets.said import Said
    from llmci.core.evalsets.sampling import Draw
    from llmci.core.evalsets.standing import Standing
    from llmci.core.evalsets.survey import Survey
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings
    from llmci.domain.verdict import Rule

    # Reads the labelled traces of these ids, and perhaps others.
    Take = Callable[[Collection[str]], Iterable[LabelledTrace]]

HAND_WRITTEN, REVIEWED = "hand-written", "reviewed"
# Parameter of a set: when the newest trace started that it was drawn from.
NEWEST = "newest trace"
# The most unusual traces of a window count as anomalies.
_UNUSUAL = 0.02
# A size that is too small grows to so many times as much before it is looked at again.
_MOST_AT_ONCE = 4.0
# Cases that are added must bring so much of what as many independent ones would.
_WORTHWHILE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a new version comes from.

    Attributes:
        version: Its number.
        previous: The version that it is built upon, if any.
        sanitize_digest: Of the manifest that vouches for the clean traces; None without traces.
        schema_fingerprint: Of the stored schema.
        now: ISO 8601.
        reviewed: Traces that a reviewer wants in the set.
        retired: Ids of cases that a reviewer wants no more.
        promotions: What was promoted when that was proposed.
        keyed: Hashes the ids of traces; None without traces.
        standing: Cases of `previous` that still stand for traffic, of a set that is refreshed; they are preferred.
        said: What was said of cases in earlier versions.
        sides: Of questions in earlier versions, by `question_id`, whether they were kept for release gates.
    """

    version: int
    previous: EvalSet | None
    sanitize_digest: str | None
    schema_fingerprint: str
    now: str
    reviewed: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    promotions: frozenset[str] = frozenset()
    keyed: Keyed | None = None
    standing: Mapping[str, Standing] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)
    sides: Mapping[str, bool] = field(default_factory=dict)

    def reviewed_cases(self) -> dict[str, Case]:
        """Cases of `previous` that a reviewer wanted, and nobody has retired."""
        cases = self.previous.cases if self.previous is not None else ()
        wanted = {case.case_id: case for case in cases if case.origin.trace_id in self.reviewed}
        return {case_id: case for case_id, case in wanted.items() if case_id not in self.retired}


def asked_of(settings: EvalsetSettings, lineage: Lineage) -> Asked:
    """What the survey of the traces has to know; raises `UsageError` where a setting points nowhere."""
    check_places(settings)
    return Asked(
        settings=settings,
        retired=lineage.retired,
        reviewed=lineage.reviewed,
        wanted=frozenset(lineage.reviewed_cases()),
        since=drawn_until(lineage.previous) if lineage.standing else None,
        keyed=lineage.keyed,
    )


def build(
    survey: Survey,
    take: Take,
    settings: EvalsetSettings,
    hand_written: Sequence[Case],
    lineage: Lineage,
    rules: Sequence[Rule] = (),
) -> EvalSet:
    """Draw a set.

    Weights count only the traces that could become cases; the others are in the parameters, by reason.

    Args:
        survey: Of all traces, by what `asked_of` says.
        take: Reads the traces with the ids that it is given; others that it brings are left.
        settings: What to draw.
        hand_written: Cases that are in the set beside those that are drawn.
        lineage: What the set builds upon.
        rules: Gates of scores, which share the error rate that a drop is noticed by.

    Raises:
        UsageError: There is neither a trace with an input nor a hand-written case.
    """
    if not survey.traces and not hand_written:
        raise UsageError(
            "there is no labelled trace to draw a set from.", fix="Run `llmci pull`, then sanitize and label."
        )
    if not len(survey) and not hand_written:
        raise UsageError(
            f"none of {survey.traces} traces can become a case{_reasons(survey.left_out)}.",
            fix="Look at `evalset.variant` and at the field mapping of the source.",
        )
    sightings, take = _sightings(survey, lineage), _once(take)

    def content(drawn: Draw) -> list[Case]:
        return _drawn_cases(take, settings, survey, drawn, lineage)

    plan = _plan_to_detect(sightings, settings, content, rules)
    drawn = draw(sightings, plan)
    cases = content(drawn)
    # What a reviewer wanted stays when its traffic is gone; what was said of it is not lost with a window.
    gone = [case for case_id, case in lineage.reviewed_cases().items() if case_id not in drawn.weights]
    cases, strata = with_further(cases, drawn.strata, gone, REVIEWED)
    cases, strata = with_further(cases, strata, hand_written, HAND_WRITTEN)
    first_seen = {case.case_id: case.origin.set_version for case in lineage.previous.cases} if lineage.previous else {}
    held = [_versioned(case, first_seen.get(case.case_id) or lineage.version) for case in cases]
    ordered = tuple(sorted(held, key=lambda case: case.case_id))
    return EvalSet(
        name=settings.name,
        version=lineage.version,
        parent=lineage.previous.version if lineage.previous else None,
        digest=evalset_digest(ordered),
        schema_fingerprint=lineage.schema_fingerprint,
        sanitize_digest=lineage.sanitize_digest,
        created_at=lineage.now,
        seed=settings.seed,
        strata=strata,
        cases=ordered,
        parameters={
            **_parameters(settings, survey),
            "reviewed": sorted(lineage.reviewed | _made_of(ordered, survey)),
            "retired": sorted(lineage.retired),
            "promotions": sorted(lineage.promotions),
            "detects": notices(ordered, rules, discordance=settings.discordance),
        },
        lineage=_told(survey, ordered, lineage.keyed) if lineage.keyed is not None else {},
    )


def _told(survey: Survey, cases: Sequence[Case], keyed: Keyed) -> dict[str, object]:
    rows = zip(cases, survey.rows_of([case.case_id for case in cases]), strict=True)
    behind = {case.case_id: survey.traces_of(row) for case, row in rows if row is not None}
    return lineage_of(cases, keyed, window=survey.window, behind=behind)


def _made_of(cases: Sequence[Case], survey: Survey) -> set[str]:
    """The traces that reviewed cases are made of: other traces with the same input may be those that were reviewed."""
    rows = zip(cases, survey.rows_of([case.case_id for case in cases]), strict=True)
    wanted = (case.origin.trace_id for case, row in rows if row is not None and survey.reviewed[row])
    return {trace_id for trace_id in wanted if trace_id is not None}


def drawn_until(evalset: EvalSet | None) -> datetime | None:
    """Start of the newest trace that a set was drawn from; None for sets that do not say so."""
    newest = evalset.parameters.get(NEWEST) if evalset else None
    return in_utc(datetime.fromisoformat(newest)) if isinstance(newest, str) else None


def _sightings(survey: Survey, lineage: Lineage) -> Sightings:
    """What was seen, and the cases from before that still stand for traffic though nobody asked them again."""
    rows = dict(zip(lineage.standing, survey.rows_of(list(lineage.standing)), strict=True))
    again = np.array([row for row in rows.values() if row is not None], np.intp)
    gone = sorted(case_id for case_id, row in rows.items() if row is None)
    held, wanted = [lineage.standing[case_id] for case_id in gone], lineage.reviewed_cases().keys()
    names = [*survey.names, *(name for each in held for name in (each.stratum, each.topic))]
    number = {name: at for at, name in reversed(list(enumerate(names)))}
    kept = np.zeros(len(survey), np.bool_)
    kept[again] = True
    ids = np.concatenate([survey.ids, np.array([int(case_id, 16) for case_id in gone], np.uint64)])
    order, none = np.argsort(ids), np.zeros(len(gone), np.bool_)
    return Sightings(
        ids=HexIds(ids[order]),
        names=names,
        stratum=np.append(survey.stratum, [number[each.stratum] for each in held]).astype(np.int32)[order],
        topic=np.append(survey.topic, [number[each.topic] for each in held]).astype(np.int32)[order],
        traces=np.append(survey.count, np.zeros(len(gone), np.int64))[order],
        flagged=np.append(survey.flagged | _unusual(survey), [each.failed for each in held]).astype(np.bool_)[order],
        required=np.append(survey.reviewed, [case_id in wanted for case_id in gone]).astype(np.bool_)[order],
        kept=np.append(kept, ~none)[order],
        fresh=np.append(survey.fresh, none)[order],
    )


def _unusual(survey: Survey) -> NDArray[np.bool_]:
    """The most unusual cases: labels rank them among all that was ever labelled, of which this traffic may be a part."""
    order = np.lexsort((survey.ids, survey.rank))
    traces = np.cumsum(survey.count[order])
    found = np.zeros(len(survey), np.bool_)
    found[order[traces <= _UNUSUAL * survey.count.sum()]] = True
    return found


def _plan_to_detect(
    sightings: Sightings,
    settings: EvalsetSettings,
    content: Callable[[Draw], Sequence[Case]],
    rules: Sequence[Rule],
) -> Plan:
    """Draw the size that was asked for, or as many as it takes to notice the drop that was asked for.

    Unequal weights and cases that depend on each other make a case worth less than one, so that it takes more of them, and those
    that are kept for release gates are not asked.
    """
    plan = Plan(size=settings.size, floor=settings.floor, failures=settings.failures, seed=settings.seed)
    if settings.detect is None:
        return plan
    # By the traffic alone: how many it takes should not depend on which cases the set had before.
    traffic = sightings.traffic_alone()
    needed = cases_needed(settings.discordance, settings.detect) / (1 - settings.holdout)
    plan = replace(plan, size=math.ceil(needed))
    while (got := worth(draw(traffic, plan).weights.values())) < needed and plan.size < len(traffic):
        # A little more than the ratio says, so that it ends.
        plan = replace(plan, size=math.ceil(plan.size * max(needed / got, 1.0) * 1.02) + 1)

    def short(plan: Plan) -> float:
        drawn = content(draw(traffic, plan))
        return lacking(drawn, rules, drop=settings.detect or 1.0, discordance=settings.discordance)

    lacks = short(plan)
    while lacks > 1 and plan.size < len(traffic):
        growth = min(lacks, _MOST_AT_ONCE) * 1.02
        larger = replace(plan, size=min(math.ceil(plan.size * growth) + 1, len(traffic)))
        still = short(larger)
        # More cases of the same few conversations, users and inputs cost as much and say little.
        if lacks / still < 1 + _WORTHWHILE * (larger.size / plan.size - 1):
            break
        plan, lacks = larger, still
    return plan


def _once(take: Take) -> Take:
    """Take that reads no trace twice: a set that is drawn again is mostly of the same ones."""
    held: dict[str, LabelledTrace] = {}
    asked: set[str] = set()

    def taken(trace_ids: Collection[str]) -> Iterable[LabelledTrace]:
        missing = set(trace_ids) - asked
        asked.update(missing)
        for found in take(missing) if missing else ():
            held.setdefault(found.trace["trace_id"], found)
        return [held[trace_id] for trace_id in trace_ids if trace_id in held]

    return taken


def _drawn_cases(take: Take, settings: EvalsetSettings, survey: Survey, drawn: Draw, lineage: Lineage) -> list[Case]:
    """The content of what was drawn, each from one trace, or from the version before."""
    before = {case.case_id: case for case in lineage.previous.cases} if lineage.previous else {}
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    row_of = {
        case_id: row
        for case_id, row in zip(drawn.weights, survey.rows_of(list(drawn.weights)), strict=True)
        if row is not None
    }
    for case_id, row in row_of.items():
        wanted[survey.best[row].as_py()].add(case_id)
    cases: dict[str, Case] = {}
    ties: dict[str, list[str]] = {}
    for found in take(wanted.keys()) if wanted else ():
        ids = wanted.pop(found.trace["trace_id"], None)
        for case in cases_of(found, settings) if ids else ():
            if ids and case.case_id in ids and case.case_id not in cases:
                cases[case.case_id] = with_what_was_said(case, lineage.said, settings.references)
                ties[case.case_id] = ties_of(case, found, settings)
    old = {case_id: before[case_id] for case_id in drawn.weights.keys() - row_of.keys()}
    # A case whose traffic is gone is tied to what it was tied to before.
    with_old = {case.dependence for case in old.values()}
    for case_id in sorted(drawn.weights.keys() & before.keys()):
        if (group := before[case_id].dependence) in with_old:
            ties.setdefault(case_id, []).append(f"before {group}")
    groups = dependence_groups(ties, drawn.weights)
    asked = {case_id: question_id(case) for case_id, case in (cases | old).items()} if lineage.sides else {}
    # Somebody looked at what was reviewed, and wants it asked.
    sides = {case_id: False for case_id in cases if survey.reviewed[row_of[case_id]]}
    sides |= {case_id: lineage.sides[question] for case_id, question in asked.items() if question in lineage.sides}
    held = held_out(groups, sides, share=settings.holdout, seed=settings.seed)
    stays = [
        replace(
            case,
            weight=drawn.weights[case_id],
            stratum=drawn.stratum[case_id],
            dependence=groups[case_id],
            slices=_placed(case.slices, lineage.standing[case_id], settings),
        )
        for case_id, case in sorted(old.items())
    ]
    return stays + [
        replace(
            case,
            weight=drawn.weights[case_id],
            stratum=drawn.stratum[case_id],
            dependence=groups[case_id],
            holdout=case_id in held,
            origin=replace(
                case.origin,
                kind="failure" if survey.failed[row_of[case_id]] or survey.reviewed[row_of[case_id]] else "production",
            ),
        )
        for case_id, case in sorted(cases.items())
    ]


def _placed(slices: Mapping[str, str], held: Standing, settings: EvalsetSettings) -> dict[str, str]:
    """The slices of a case whose traffic is gone, with the cluster that it stands for now."""
    now = {"cluster": held.stratum, "topic": held.topic}
    return {**slices, **{name: now[place] for name, place in settings.slices.items() if place in now}}


def _versioned(case: Case, version: int) -> Case:
    return replace(case, origin=replace(case.origin, set_version=version))


def _parameters(settings: EvalsetSettings, survey: Survey) -> dict[str, object]:
    parameters: dict[str, object] = orjson.loads(orjson.dumps(asdict(settings)))
    # Where it is kept decides nothing, and an address may hold keys.
    del parameters["directory"]
    parameters["traces"] = survey.traces
    parameters["traces that could become cases"] = survey.traces - survey.left_out.total()
    parameters["left out"] = dict(sorted(survey.left_out.items()))
    parameters["distinct inputs"] = len(survey)
    parameters[NEWEST] = survey.newest.isoformat() if survey.newest else None
    return parameters


def _reasons(left_out: Counter[str]) -> str:
    return f" ({', '.join(f'{reason}: {count}' for reason, count in left_out.most_common())})" if left_out else ""
