"""live traces → **canary** → decision: expand, hold, roll back, done, or no evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from llmci.core import wording
from llmci.core.stats import canary as stats
from llmci.core.stats.criterion import evidence_of
from llmci.domain.rollout import Action, Criterion, Decision, Evidence, RolloutPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from llmci.core.stats.canary import EvidencePaths
    from llmci.domain.trace import TraceRow

# Clocks differ by so much without harm: evidence depends on the order within minutes hardly at all.
_SKEW = timedelta(minutes=5)
# Evidence against the intended split at which the data are not believed.
_SPLIT_BROKEN = 1000.0


@dataclass(frozen=True, slots=True)
class LiveUnits:
    """Requests of both arms in order of time; no text, only what is decided on.

    Attributes:
        treated: Whether the treatment answered, shape (n,).
        values: One array of shape (n,) a criterion, nan where it is unknown.
        split: Units of the treatment, and of both arms.
        strangers: Traces whose variant is neither of the two, or that have no start time.
        duplicates: Traces that came twice.
        ahead: Traces that start later than now: a clock is wrong.
        mixed: Users who met both variants, where users count; they are left out.
    """

    treated: NDArray[np.bool_]
    values: dict[str, NDArray[np.float64]]
    split: tuple[int, int]
    strangers: int = 0
    duplicates: int = 0
    ahead: int = 0
    mixed: int = 0


def units_of(rows: Iterable[TraceRow], plan: RolloutPlan, *, now: datetime | None = None) -> LiveUnits:
    """Reduce traces to what the plan's criteria look at.

    Args:
        rows: Live traces, in any order.
        plan: Which variants, and what counts once.
        now: Traces that start clearly later are left out: their order cannot be trusted.
    """
    seen: set[str] = set()
    strangers = duplicates = ahead = 0
    latest = None if now is None else (now + _SKEW).timestamp()
    requests: list[tuple[float, str | None, bool, list[float]]] = []
    for row in rows:
        variant, start = row.get("variant"), row.get("start")
        if variant not in (plan.control, plan.treatment) or start is None:
            strangers += 1
        elif row["trace_id"] in seen:
            duplicates += 1
        elif latest is not None and start.timestamp() > latest:
            ahead += 1
        else:
            seen.add(row["trace_id"])
            values = [_value(row, criterion) for criterion in plan.criteria]
            requests.append((start.timestamp(), row.get("user_id"), variant == plan.treatment, values))
    requests.sort(key=lambda request: request[0])
    treated = np.array([arm for _, _, arm, _ in requests], dtype=np.bool_)
    table = np.array([values for *_, values in requests], dtype=np.float64).reshape(len(requests), len(plan.criteria))
    split, mixed = (int(treated.sum()), len(treated)), 0
    if plan.unit == "user":
        users = [user for _, user, _, _ in requests]
        table, treated, split, mixed = _once_a_user(users, treated, table)
    return LiveUnits(
        treated=treated,
        values={criterion.name: table[:, index] for index, criterion in enumerate(plan.criteria)},
        split=split,
        strangers=strangers,
        duplicates=duplicates,
        ahead=ahead,
        mixed=mixed,
    )


def _once_a_user(
    users: Sequence[str | None], treated: NDArray[np.bool_], table: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], tuple[int, int], int]:
    """Keep each user's first known value of each criterion, where it stands; later looks never change it.

    A request without a user is a unit of its own.

    Returns:
        Rows with something known and their arms, the split by users, and how many users met both variants.
    """
    names = [f"request {at}" if user is None else f"user {user}" for at, user in enumerate(users)]
    distinct, who = np.unique(np.array(names, dtype=object), return_inverse=True)
    arms = np.zeros((len(distinct), 2), dtype=np.bool_)
    arms[who, treated.astype(np.int64)] = True
    mixed: NDArray[np.bool_] = arms[:, 0] & arms[:, 1]
    once = np.full_like(table, np.nan)
    for column in range(table.shape[1]):
        known = np.flatnonzero(~np.isnan(table[:, column]) & ~mixed[who])
        at = known[np.unique(who[known], return_index=True)[1]]
        once[at, column] = table[at, column]
    kept = np.flatnonzero(~np.isnan(once).all(axis=1))
    split = int((arms[:, 1] & ~mixed).sum()), int((~mixed).sum())
    return once[kept], treated[kept], split, int(mixed.sum())


def decide(units: LiveUnits, plan: RolloutPlan, *, share: float, held_hours: float | None = None) -> Decision:
    """Say what the evidence since the last change of share allows.

    Args:
        units: Live requests at this share of traffic.
        plan: What was agreed before the canary started.
        share: The treatment's share of traffic now, in (0, 1].
        held_hours: How long it has been so; None where that is not known.

    Returns:
        No evidence where the split is not the intended one, an arm is missing, or a criterion was
        never measured; missing data is never a pass.
    """
    notes = _notes(units)
    if reason := _unusable(units, plan, share):
        return Decision(Action.NO_EVIDENCE, reason, share, share, (), notes)
    paths = {c.name: evidence_of(units.values[c.name], units.treated, c, share=share) for c in plan.criteria}
    shown = tuple(_evidence(units, criterion, paths[criterion.name]) for criterion in plan.criteria)
    if unmeasured := [item.criterion.name for item in shown if not len(paths[item.criterion.name].against)]:
        because = f"{', '.join(unmeasured)} was not measured on enough requests of both sides."
        return Decision(Action.NO_EVIDENCE, because, share, share, shown, notes)
    stage = sum(stage.share < share for stage in plan.stages)
    if stats.strongest_mean(list(paths.values())) >= stats.evidence_against(plan.alpha, stage):
        worst = max(shown, key=lambda item: item.against)
        because = f"{worst.criterion.name} got worse: {_means(worst)}."
        return Decision(Action.ROLL_BACK, because, share, 0.0, shown, notes)
    return _overdue(_expand_or_hold(shown, plan, share, notes), plan, held_hours)


def _overdue(decision: Decision, plan: RolloutPlan, held_hours: float | None) -> Decision:
    """A decision to hold, once the stage's time is over."""
    limit = next((stage.max_hours for stage in plan.stages if stage.share == decision.share), None)
    if decision.action is not Action.HOLD or limit is None or held_hours is None or held_hours <= limit:
        return decision
    late = f"it has held for {held_hours:.0f} h, longer than the {limit:g} h that were agreed"
    if plan.when_overdue == "roll back":
        return replace(decision, action=Action.ROLL_BACK, because=f"{late}, and nothing is shown.", next_share=0.0)
    return replace(decision, notes=(*decision.notes, f"{late}: somebody has to decide."))


def _expand_or_hold(shown: tuple[Evidence, ...], plan: RolloutPlan, share: float, notes: tuple[str, ...]) -> Decision:
    weakest = min(shown, key=lambda item: item.in_favour)
    if share >= 1.0:
        return Decision(Action.DONE, "the candidate has all of the traffic.", share, share, shown, notes)
    following = min((stage.share for stage in plan.stages if stage.share > share), default=1.0)
    needed = stats.required_evidence(following)
    margin = f"{weakest.criterion.name} by {wording.percent(weakest.criterion.margin)}"
    if weakest.in_favour >= needed:
        because = f"a worsening of {margin} is ruled out well enough for {wording.percent(following)} of the traffic."
        return Decision(Action.EXPAND, because, share, following, shown, notes)
    because = f"neither a worsening nor its absence is shown yet; {margin} is the least certain ({_means(weakest)})."
    return Decision(Action.HOLD, because, share, share, shown, notes)


def _unusable(units: LiveUnits, plan: RolloutPlan, share: float) -> str | None:
    treated, total = units.split
    if not plan.criteria:
        return "the plan has no criteria, so nothing can be decided."
    if not total:
        return f"no trace carries the variant {plan.control!r} or {plan.treatment!r}."
    for arm, count in ((plan.control, total - treated), (plan.treatment, treated)):
        if not count and share < 1.0:
            return f"no trace carries the variant {arm!r}."
    if share < 1.0 and stats.sample_ratio_evidence(treated, total, share=share) >= _SPLIT_BROKEN:
        got = wording.percent(treated / total)
        return f"the traffic is not split as intended: the candidate got {got} of it, not {wording.percent(share)}."
    return None


def _value(row: TraceRow, criterion: Criterion) -> float:
    """The criterion's number for one request, where more is worse; nan where it is unknown."""
    match criterion.kind:
        case "error":
            return float(row.get("status") == "error")
        case "latency":
            return _number(row.get("latency_ms"))
        case "cost":
            return _number((row.get("cost") or {}).get("total"))
        case "score":
            found = [_number(s.get("num")) for s in row.get("scores") or () if s.get("name") == criterion.score]
            if not found or not 0.0 <= found[-1] <= 1.0:
                return float("nan")
            return 1.0 - found[-1] if criterion.higher_is_better else found[-1]


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _evidence(units: LiveUnits, criterion: Criterion, paths: EvidencePaths) -> Evidence:
    values = units.values[criterion.name]
    known = ~np.isnan(values)
    control, treatment = values[known & ~units.treated], values[known & units.treated]
    flip = criterion.kind == "score" and criterion.higher_is_better
    return Evidence(
        criterion=criterion,
        against=float(np.max(paths.against)) if len(paths.against) else 1.0,
        in_favour=float(paths.in_favour[-1]) if len(paths.in_favour) else 1.0,
        control_mean=_mean(control, flip=flip),
        treatment_mean=_mean(treatment, flip=flip),
        control_units=len(control),
        treatment_units=len(treatment),
    )


def _mean(values: NDArray[np.float64], *, flip: bool) -> float | None:
    if not len(values):
        return None
    return float(1.0 - values.mean()) if flip else float(values.mean())


def _means(evidence: Evidence) -> str:
    if evidence.control_mean is None or evidence.treatment_mean is None:
        return "not measured"
    return f"{evidence.control_mean:.4g} before, {evidence.treatment_mean:.4g} now"


def _notes(units: LiveUnits) -> tuple[str, ...]:
    notes = []
    if units.strangers:
        notes.append(f"{units.strangers} traces carry another variant or no start time, and were left out.")
    if units.ahead:
        notes.append(f"{units.ahead} traces start in the future, and were left out: look at the clocks.")
    if units.mixed:
        notes.append(f"{units.mixed} users met both variants, and were left out: is the assignment sticky?")
    if units.duplicates:
        notes.append(f"{units.duplicates} traces came twice, and were counted once.")
    return tuple(notes)
