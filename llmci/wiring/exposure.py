"""The candidate's share of traffic: who moved it when and why, by whose leave, and one at a time."""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmci import registry
from llmci.core.canonical import digest_of
from llmci.domain.rollout import Action, Exposure
from llmci.errors import UsageError
from llmci.files import read_json, write_json
from llmci.wiring.acts import acts_of, audit_of
from llmci.wiring.build import context_of, keep_from_git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.config import Config
    from llmci.domain.rollout import Decision, RolloutPlan
    from llmci.seams import Rollout

# Acts of the audit log.
AGREED, EXPOSED = "canary plan", "canary share"
# A move that is being written.
_PENDING = "canary.pending"
# What the share was when it was last looked at: deployers and persons move it too.
_SEEN = "canary.seen.json"


def digest_of_plan(plan: RolloutPlan) -> str:
    """SHA-256 of everything that was agreed."""
    return digest_of(asdict(plan))


def agree(config: Config, plan: RolloutPlan, *, at: datetime) -> str:
    """Record a plan, unless it is the one last agreed; from here on its targets cannot shift unseen.

    Returns:
        Its digest.
    """
    digest = digest_of_plan(plan)
    if _agreed(config, plan)[-1:] == [digest]:
        return digest
    keep_from_git(config.state)
    audit_of(config).append(AGREED, {"plan": plan.name, "digest": digest, "terms": asdict(plan)}, at=at.isoformat())
    return digest


def _agreed(config: Config, plan: RolloutPlan) -> list[str]:
    """Digests of what was agreed, in order."""
    return [
        act["facts"]["digest"] for act in acts_of(config) if act["act"] == AGREED and act["facts"]["plan"] == plan.name
    ]


def check_agreed(config: Config, plan: RolloutPlan) -> None:
    """Refuse a plan that is not the one last agreed; one that was never recorded is taken as it is.

    Raises:
        UsageError: The configuration was changed since; what changed is named.
    """
    acts = [act for act in acts_of(config) if act["act"] == AGREED and act["facts"]["plan"] == plan.name]
    if not acts or acts[-1]["facts"]["digest"] == digest_of_plan(plan):
        return
    before, now = acts[-1]["facts"]["terms"], _plain(asdict(plan))
    changed = ", ".join(name for name in now if now[name] != before.get(name))
    raise UsageError(
        f"{config.path}: the canary's {changed} changed since the plan was agreed on {acts[-1]['at'][:16]}.",
        fix="Put it back, or agree on the new plan with `llmci canary plan --agree`; the log keeps both.",
    )


def last_moved(config: Config, plan: RolloutPlan) -> tuple[Exposure, datetime] | None:
    """What was last written for this plan, and when; None where nothing was."""
    acts = [act for act in acts_of(config) if act["act"] == EXPOSED and act["facts"]["plan"] == plan.name]
    return (_written(acts[-1]["facts"]), datetime.fromisoformat(acts[-1]["at"])) if acts else None


def _written(facts: Mapping[str, Any]) -> Exposure:
    return Exposure(float(facts["to"]), tuple(facts.get("only") or ()))


def exposure_of(rollout: Rollout) -> Exposure:
    """What the candidate gets now."""
    return Exposure(rollout.share(), rollout.only())


def since(
    config: Config, plan: RolloutPlan, present: Exposure, *, now: datetime, rollout: str | None = None
) -> tuple[datetime | None, str | None]:
    """Since when the exposure is what it is; where something else moved it, since it was first seen so.

    Args:
        rollout: What a deployer calls this rollout; another one begins anew, whatever the share.

    Returns:
        The moment, None where it was so at the first look; and a note where it was moved by something else since.
    """
    seen = _seen(config).get(plan.name)
    looks: list[tuple[Exposure, datetime | None]] = []
    if seen is not None:
        before = Exposure(seen["share"], tuple(seen["only"]))
        looks.append((before, seen["since"] and datetime.fromisoformat(seen["since"])))
    if moved := last_moved(config, plan):
        looks.append(moved)
    last = max(looks, key=lambda look: look[1].timestamp() if look[1] else 0.0, default=None)
    other = rollout is not None and (seen is None or seen["rollout"] != rollout)
    if last is not None and not other and last[0].same(present):
        return last[1], None
    begun = None if last is None and not other else now
    keep_from_git(config.state)
    look = {
        "share": present.share,
        "only": present.only,
        "since": begun and begun.isoformat(),
        "rollout": rollout,
    }
    write_json(config.state / _SEEN, {**_seen(config), plan.name: look})
    if other:
        return begun, "another rollout has begun, and evidence with it."
    if last is None:
        return None, None
    changed = f"{last[0].words()} → {present.words()}"
    return now, f"the share was moved by something else than llmci ({changed}): evidence begins anew."


def _seen(config: Config) -> dict[str, Any]:
    try:
        found: dict[str, Any] = read_json(config.state / _SEEN)
    except FileNotFoundError:
        return {}
    return found


def move(
    config: Config,
    plan: RolloutPlan,
    environ: Mapping[str, str],
    to: Exposure,
    because: str,
    *,
    by: str | None,
    at: datetime,
) -> Exposure:
    """Write what a person decided.

    Returns:
        What it was before.
    """
    with _alone(config):
        rollout = rollout_of(config, environ)
        _finish(config, rollout)
        before = _before(rollout)
        _write(config, plan, rollout, (before, to), because, by=by, at=at)
    return before


def apply(
    config: Config,
    plan: RolloutPlan,
    decision: Decision,
    environ: Mapping[str, str],
    *,
    allow_expand: bool,
    approved_by: str | None,
    at: datetime,
) -> Exposure | None:
    """Write what was decided: less exposure always, more only where it is allowed.

    A share that somebody moved since the evidence was read stands, unless it is to become less.

    Returns:
        What was written; None where nothing was.
    """
    if decision.action not in (Action.EXPAND, Action.ROLL_BACK):
        return None
    if decision.action is Action.EXPAND:
        stage = plan.stage_at(decision.following)
        approver = stage.approver if stage is not None else None
        if approver is not None and approved_by != approver:
            return None
        if not allow_expand and approver is None:
            return None
    with _alone(config):
        rollout = rollout_of(config, environ)
        _finish(config, rollout)
        before = _before(rollout)
        if decision.action is Action.EXPAND and not before.same(decision.present):
            return None
        if before.share <= decision.next_share and decision.action is Action.ROLL_BACK:
            return None
        _write(config, plan, rollout, (before, decision.following), decision.because, by=approved_by, at=at)
    return decision.following


def rollout_of(config: Config, environ: Mapping[str, str]) -> Rollout:
    """Where the share is kept.

    Raises:
        UsageError: The configuration does not say.
    """
    block = dict(config.canary.rollout or {})
    kind = block.pop("kind", None)
    if not isinstance(kind, str):
        raise UsageError(
            f"{config.path}: canary.rollout does not say where the share of traffic is kept.",
            fix="Add `rollout: {kind: json, path: flags.json}` under `canary:`, or give --share.",
        )
    adapter = registry.adapter("rollout", kind)
    rollout: Rollout = adapter(adapter.Options(**block), context_of(config, "rollout", environ))
    return rollout


def _before(rollout: Rollout) -> Exposure:
    # A flag that is not there yet sends no traffic to the candidate.
    with contextlib.suppress(UsageError):
        return exposure_of(rollout)
    return Exposure(0.0)


def _write(
    config: Config,
    plan: RolloutPlan,
    rollout: Rollout,
    moved: tuple[Exposure, Exposure],
    because: str,
    *,
    by: str | None,
    at: datetime,
) -> None:
    """The flag first, so that nothing is logged that was not done; what a kill leaves out is logged by `finish`."""
    facts = {
        "plan": plan.name,
        "digest": digest_of_plan(plan),
        "from": moved[0].share,
        "to": moved[1].share,
        "only": moved[1].only,
        "because": because,
        "by": by,
    }
    write_json(config.state / _PENDING, {"facts": facts, "at": at.isoformat()})
    rollout.set_share(moved[1].share, moved[1].only)
    audit_of(config).append(EXPOSED, facts, at=at.isoformat())
    (config.state / _PENDING).unlink()


def finish(config: Config, rollout: Rollout) -> None:
    """Log a move that was written before a kill came; one that was not written is dropped."""
    if not (config.state / _PENDING).exists():
        return
    with _alone(config):
        _finish(config, rollout)


def _finish(config: Config, rollout: Rollout) -> None:
    pending = config.state / _PENDING
    if not pending.exists():
        return
    said = read_json(pending)
    logged = any(act["act"] == EXPOSED and act["at"] == said["at"] for act in acts_of(config))
    if not logged and _before(rollout).same(_written(said["facts"])):
        audit_of(config).append(EXPOSED, said["facts"], at=said["at"])
    pending.unlink()


@contextlib.contextmanager
def _alone(config: Config) -> Iterator[None]:
    """One writer at a time; a second one waits, and then sees what the first one wrote."""
    keep_from_git(config.state)
    with (config.state / "canary.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """As it reads when it has been through JSON."""
    import orjson

    plain: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return plain
