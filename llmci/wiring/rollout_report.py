"""`canary report` put together: live evidence and the audit log to one page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmci.adapters.reporters.rollout import Act, RolloutPage, rendered
from llmci.core.reporting.curves import evidence_curve, exposure_curve
from llmci.core.stats.canary import evidence_against, required_evidence
from llmci.domain.rollout import Exposure
from llmci.files import write_bytes
from llmci.wiring.acts import acts_of
from llmci.wiring.canary import observe
from llmci.wiring.exposure import AGREED, EXPOSED, digest_of_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.rollout import Decision, RolloutPlan
    from llmci.seams import Progress
    from llmci.wiring.canary import Asked


def report(
    config: Config, output: Path, asked: Asked, *, environ: Mapping[str, str], progress: Progress, now: datetime
) -> Decision:
    """Write the page; gives what it says is to be done.

    Raises:
        UsageError: As `llmci.wiring.canary.check`; likewise `OutsideError`.
    """
    found = observe(config, asked, environ=environ, progress=progress, now=now)
    plan, seen = found.plan, found.seen
    decision = found.decision()
    following = plan.after(found.present).exposure
    against = evidence_against(plan.alpha, plan.earlier(found.present))
    needed = required_evidence(0.0 if following.only else following.share)
    acts = [act for act in acts_of(config) if act["act"] in (AGREED, EXPOSED) and act["facts"]["plan"] == plan.name]
    page = RolloutPage(
        plan=plan,
        digest=digest_of_plan(plan),
        decision=decision,
        at=f"{now:%Y-%m-%d %H:%M} UTC",
        exposure=exposure_curve(_moves(acts, now)),
        together=evidence_curve(seen.path.points(), boundary=against),
        against=against,
        curves=[(name, evidence_curve(path.points(), boundary=needed)) for name, path in seen.paths.items()]
        if decision.evidence
        else [],
        in_favour=needed,
        following=following.words(),
        units=seen.traffic.units,
        acts=[_act(act, plan) for act in reversed(acts)],
    )
    write_bytes(output, rendered(page))
    return decision


def _moves(acts: Sequence[dict[str, Any]], now: datetime) -> list[tuple[float, float]]:
    moves = [
        (datetime.fromisoformat(act["at"]).timestamp(), float(act["facts"]["to"]))
        for act in acts
        if act["act"] == EXPOSED
    ]
    return [*moves, (max(now.timestamp(), moves[-1][0]), moves[-1][1])] if moves else []


def _act(act: dict[str, Any], plan: RolloutPlan) -> Act:
    facts, at = act["facts"], act["at"][:16].replace("T", " ")
    if act["act"] == AGREED:
        same = "as now" if facts["digest"] == digest_of_plan(plan) else "other terms than now"
        return Act(at=at, what="plan agreed", why=f"{facts['digest'][:12]}, {same}", by="")
    what = f"{Exposure(facts['from']).words()} → {Exposure(facts['to'], tuple(facts.get('only') or ())).words()}"
    return Act(at=at, what=what, why=facts["because"], by=facts["by"] or "")
