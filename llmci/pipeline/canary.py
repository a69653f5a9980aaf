"""live traces → **canary** → decision: expand, hold, roll back, done, or no evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core import wording
from llmci.core.stats import canary as stats
from llmci.domain.rollout import Action, Decision, Evidence, Exposure, RolloutPlan

if TYPE_CHECKING:
    from llmci.core.stats.live import Traffic
    from llmci.core.stats.watch import Seen

# Evidence against the intended split at which the data are not believed.
_SPLIT_BROKEN = 1000.0
# Of mirrored traffic each side has half, one after the other.
PAIRED = 0.5
_NOBODY = Exposure(0.0)
_ALL = "the candidate has all of the traffic."


def decide(seen: Seen, plan: RolloutPlan, *, only: tuple[str, ...] = (), held_hours: float | None = None) -> Decision:
    """Say what the evidence since the last change of share allows.

    Args:
        seen: Live requests at one share of traffic, see `llmci.core.stats.watch.watch`.
        plan: What was agreed before the canary started.
        only: Segments that the candidate is kept to, of which the requests are.
        held_hours: How long it has been so; None where that is not known.

    Returns:
        No evidence where the split is not the intended one, an arm is missing, or a criterion was
        never measured; missing data is never a pass.
    """
    present, notes = Exposure(seen.share, only), _notes(seen.traffic)
    if reason := _unusable(seen, plan):
        return _stay(Action.NO_EVIDENCE, reason, present, (), notes)
    return replace(_overdue(_decided(plan, seen, present, notes), plan, held_hours), segments=seen.segments)


def decide_shadow(seen: Seen, plan: RolloutPlan) -> Decision:
    """Say what pairs of answers to mirrored traffic allow: whether the candidate may have its first share.

    The statistic is that of the live canary on exact pairs, which may be looked at as often as one likes.

    Args:
        seen: Pairs, see `llmci.core.stats.live.traffic_of`, at the share `PAIRED`.
        plan: What was agreed.
    """
    notes = _notes(seen.traffic)
    if not seen.traffic.units:
        because = (
            f"no request was answered by both {plan.control!r} and {plan.treatment!r} with the same {plan.pair_by}."
        )
        return _stay(Action.NO_EVIDENCE, because, _NOBODY, (), notes)
    return replace(_decided(plan, seen, _NOBODY, notes), segments=seen.segments)


def _decided(plan: RolloutPlan, seen: Seen, present: Exposure, notes: tuple[str, ...]) -> Decision:
    shown = seen.evidence
    everything = present.share >= 1.0 and not present.only
    if seen.unmeasured and everything:
        # Nothing is left to compare with, and nothing to decide.
        return _stay(Action.DONE, _ALL, present, shown, notes)
    if seen.unmeasured:
        because = f"{', '.join(seen.unmeasured)} was not measured on enough requests of both sides."
        return _stay(Action.NO_EVIDENCE, because, present, shown, notes)
    if seen.together >= stats.evidence_against(plan.alpha, plan.earlier(present)):
        worst = max(shown, key=lambda item: item.against)
        because = f"{worst.criterion.name} got worse: {_means(worst)}."
        return Decision(Action.ROLL_BACK, because, present.share, 0.0, shown, notes, only=present.only)
    return _expand_or_hold(shown, plan, present, notes)


def _stay(
    action: Action, because: str, present: Exposure, shown: tuple[Evidence, ...], notes: tuple[str, ...]
) -> Decision:
    share, only = present.share, present.only
    return Decision(action, because, share, share, shown, notes, only=only, next_only=only)


def _overdue(decision: Decision, plan: RolloutPlan, held_hours: float | None) -> Decision:
    """A decision to hold, once the stage's time is over."""
    stage = plan.stage_at(decision.present)
    limit = stage.max_hours if stage is not None else None
    if decision.action is not Action.HOLD or limit is None or held_hours is None or held_hours <= limit:
        return decision
    late = f"it has held for {held_hours:.0f} h, longer than the {limit:g} h that were agreed"
    if plan.when_overdue == "roll back":
        because = f"{late}, and nothing is shown."
        return replace(decision, action=Action.ROLL_BACK, because=because, next_share=0.0, next_only=())
    return replace(decision, notes=(*decision.notes, f"{late}: somebody has to decide."))


def _expand_or_hold(
    shown: tuple[Evidence, ...], plan: RolloutPlan, present: Exposure, notes: tuple[str, ...]
) -> Decision:
    weakest = min(shown, key=lambda item: item.in_favour)
    if present.share >= 1.0 and not present.only:
        return _stay(Action.DONE, _ALL, present, shown, notes)
    following = plan.after(present).exposure
    margin = f"{weakest.criterion.name} by {wording.percent(weakest.criterion.margin)}"
    if weakest.in_favour >= stats.required_evidence(0.0 if following.only else following.share):
        because = f"a worsening of {margin} is ruled out well enough for {following.words()}{'' if following.only else ' of the traffic'}."
        share, only = following.share, following.only
        return Decision(Action.EXPAND, because, present.share, share, shown, notes, only=present.only, next_only=only)
    because = f"neither a worsening nor its absence is shown yet; {margin} is the least certain ({_means(weakest)})."
    return _stay(Action.HOLD, because, present, shown, notes)


def _unusable(seen: Seen, plan: RolloutPlan) -> str | None:
    (treated, total), share = seen.traffic.split, seen.share
    if not plan.criteria:
        return "the plan has no criteria, so nothing can be decided."
    if not total:
        return f"no trace carries the variant {plan.control!r} or {plan.treatment!r}."
    for arm, count in ((plan.control, total - treated), (plan.treatment, treated)):
        if not count and (share < 1.0 or arm == plan.treatment):
            return f"no trace carries the variant {arm!r}."
    if share < 1.0 and stats.sample_ratio_evidence(treated, total, share=share) >= _SPLIT_BROKEN:
        got = wording.percent(treated / total)
        return f"the traffic is not split as intended: the candidate got {got} of it, not {wording.percent(share)}."
    return None


def _means(evidence: Evidence) -> str:
    if evidence.control_mean is None or evidence.treatment_mean is None:
        return "not measured"
    return f"{evidence.control_mean:.4g} before, {evidence.treatment_mean:.4g} now"


def _notes(units: Traffic) -> tuple[str, ...]:
    notes = []
    if units.strangers:
        notes.append(f"{units.strangers} traces carry another variant or no start time, and were left out.")
    if units.ahead:
        notes.append(f"{units.ahead} traces start in the future, and were left out: look at the clocks.")
    if units.mixed:
        notes.append(f"{units.mixed} users met both variants, and were left out: is the assignment sticky?")
    if units.alone:
        notes.append(f"{units.alone} answers have no partner, and were left out.")
    if units.duplicates:
        notes.append(f"{units.duplicates} traces came twice, and were counted once.")
    return tuple(notes)
