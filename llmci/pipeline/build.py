"""label -> **build** -> bench: labelled traces in; a weighted, versioned eval set out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from llmci.core.evalsets.agent_cases import cases_of
from llmci.core.evalsets.cases import check_places, has_failed
from llmci.core.evalsets.dependence import dependence_groups, ties_of
from llmci.core.evalsets.digests import evalset_digest
from llmci.core.evalsets.further import with_further
from llmci.core.evalsets.holdout import held_out, question_id
from llmci.core.evalsets.lineage import Drawn
from llmci.core.evalsets.needs import lacking, notices
from llmci.core.evalsets.said import with_what_was_said
from llmci.core.evalsets.sampling import Plan, draw, worth
from llmci.core.evalsets.survey import Survey, in_utc
from llmci.core.stats.power import cases_needed
from llmci.domain.evalset import EvalSet
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.lineage import Keyed
    from llmci.core.evalsets.said import Said
    from llmci.core.evalsets.sampling import Draw, Sighting
    from llmci.core.evalsets.standing import Standing
    from llmci.domain.case import Case
    from llmci.domain.settings import EvalsetSettings
    from llmci.domain.verdict import Rule
    from llmci.seams import Progress

    # Reads the labelled traces from the start, whenever it is called.
    Read = Callable[[], Iterable[LabelledTrace]]

HAND_WRITTEN, REVIEWED = "hand-written", "reviewed"
# Parameter of a set: when the newest trace started that it was drawn from.
NEWEST = "newest trace"
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


def build(
    read: Read,
    settings: EvalsetSettings,
    hand_written: Sequence[Case],
    lineage: Lineage,
    progress: Progress,
    rules: Sequence[Rule] = (),
) -> EvalSet:
    """Draw a set.

    The traces are read twice: first to see what there is, then to take the content of what was
    drawn; more often where the size hangs on what depends on what in it. Weights count only the traces that could become cases; the others are in the
    parameters, by reason.

    Args:
        read: The labelled traces.
        settings: What to draw.
        hand_written: Cases that the user wrote.
        lineage: What the set is built upon.
        progress: Told of each trace.
        rules: Gates of scores, which share the error rate that a drop is noticed by.

    Raises:
        UsageError: There is neither a trace with an input nor a hand-written case, or a setting
            points nowhere.
    """
    check_places(settings)
    survey = _surveyed(read, settings, lineage, progress)
    if not survey.traces and not hand_written:
        raise UsageError(
            "there is no labelled trace to draw a set from.", fix="Run `llmci pull`, then sanitize and label."
        )
    if not survey.seen and not hand_written:
        raise UsageError(
            f"none of {survey.traces} traces can become a case{_reasons(survey.left_out)}.",
            fix="Look at `evalset.variant` and at the field mapping of the source.",
        )
    sightings = survey.sightings(lineage.standing, lineage.reviewed_cases().keys())

    def content(drawn: Draw) -> list[Case]:
        return _drawn_cases(read, settings, survey, drawn, lineage)

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
        lineage=survey.drawn.lineage(ordered) if survey.drawn is not None else {},
    )


def _made_of(cases: Sequence[Case], survey: Survey) -> set[str]:
    """The traces that reviewed cases are made of: other traces with the same input may be those that were reviewed."""
    wanted = {case_id for case_id, seen in survey.seen.items() if seen.reviewed}
    return {case.origin.trace_id for case in cases if case.case_id in wanted and case.origin.trace_id is not None}


def drawn_until(evalset: EvalSet | None) -> datetime | None:
    """Start of the newest trace that a set was drawn from; None for sets that do not say so."""
    newest = evalset.parameters.get(NEWEST) if evalset else None
    return in_utc(datetime.fromisoformat(newest)) if isinstance(newest, str) else None


def _surveyed(read: Read, settings: EvalsetSettings, lineage: Lineage, progress: Progress) -> Survey:
    survey = Survey(drawn=Drawn(lineage.keyed) if lineage.keyed is not None else None)
    since = drawn_until(lineage.previous) if lineage.standing else None
    wanted = lineage.reviewed_cases()
    progress.begin("build", None, "traces")
    for found in read():
        survey.traces += 1
        if (start := in_utc(found.trace.get("start"))) is not None:
            survey.newest = max(survey.newest or start, start)
        progress.advance()
        if settings.variant is not None and found.trace.get("variant") != settings.variant:
            survey.left_out["another variant"] += 1
            continue
        if found.trace.get("replay_kind") == "none" and "media" in (found.trace.get("missing") or ()):
            survey.left_out["a question about media, which are not kept"] += 1
            continue
        cases = cases_of(found, settings)
        if not cases:
            failed = settings.agents == "steps" and has_failed(found.label)
            survey.left_out["an agent that failed, or no input" if failed else "no input"] += 1
            continue
        kept = [case for case in cases if case.case_id not in lineage.retired]
        if not kept:
            survey.left_out["retired"] += 1
            continue
        fresh = since is not None and start is not None and start > since
        for case in kept:
            reviewed = found.trace["trace_id"] in lineage.reviewed or case.case_id in wanted
            survey.note(found, case, settings.references, reviewed=reviewed, fresh=fresh)
    progress.end()
    return survey


def _plan_to_detect(
    sightings: Sequence[Sighting],
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
    traffic = [replace(sighting, kept=False, fresh=False) for sighting in sightings if sighting.traces]
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


def _drawn_cases(read: Read, settings: EvalsetSettings, survey: Survey, drawn: Draw, lineage: Lineage) -> list[Case]:
    """Second pass: the content of what was drawn, each from one trace, or from the version before."""
    before = {case.case_id: case for case in lineage.previous.cases} if lineage.previous else {}
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for case_id in drawn.weights:
        if case_id in survey.seen:
            wanted[survey.seen[case_id].best[2]].add(case_id)
    cases: dict[str, Case] = {}
    ties: dict[str, list[str]] = {}
    for found in read() if wanted else ():
        ids = wanted.pop(found.trace["trace_id"], None)
        for case in cases_of(found, settings) if ids else ():
            if ids and case.case_id in ids and case.case_id not in cases:
                cases[case.case_id] = with_what_was_said(case, lineage.said, settings.references)
                ties[case.case_id] = ties_of(case, found, settings)
    old = {case_id: before[case_id] for case_id in drawn.weights.keys() - survey.seen.keys()}
    # A case whose traffic is gone is tied to what it was tied to before.
    with_old = {case.dependence for case in old.values()}
    for case_id in sorted(drawn.weights.keys() & before.keys()):
        if (group := before[case_id].dependence) in with_old:
            ties.setdefault(case_id, []).append(f"before {group}")
    groups = dependence_groups(ties, drawn.weights)
    asked = {case_id: question_id(case) for case_id, case in (cases | old).items()} if lineage.sides else {}
    # Somebody looked at what was reviewed, and wants it asked.
    sides = {case_id: False for case_id in cases if survey.seen[case_id].reviewed}
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
                kind="failure" if survey.seen[case_id].failed or survey.seen[case_id].reviewed else "production",
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
    parameters["distinct inputs"] = len(survey.seen)
    parameters[NEWEST] = survey.newest.isoformat() if survey.newest else None
    return parameters


def _reasons(left_out: Counter[str]) -> str:
    return f" ({', '.join(f'{reason}: {count}' for reason, count in left_out.most_common())})" if left_out else ""
