"""`canary serve` put together: what one check decides, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.rollouts.service import LOOPBACK, Service
from llmci.errors import UsageError
from llmci.seams import Silent
from llmci.wiring import canary, exposure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from llmci.config import Config

TOKEN = "LLMCI_TOKEN"  # noqa: S105  the name of a variable


def service(
    config: Config,
    *,
    sources: list[str],
    address: tuple[str, int],
    environ: Mapping[str, str],
    apply: bool,
    allow_expand: bool,
    clock: Callable[[], datetime],
) -> Service:
    """A service that checks anew whenever it is asked.

    Raises:
        UsageError: There is no token, and the address is not of this machine alone; or the plan is wrong.
        OutsideError: The address cannot be listened at.
    """
    token = environ.get(TOKEN) or None
    if token is None and address[0] not in LOOPBACK:
        raise UsageError(
            f"{address[0]} can be reached from other machines, and {TOKEN} is not set.",
            fix=f"Set {TOKEN} to a secret that the callers know, or listen at 127.0.0.1.",
        )
    plan = canary.plan_of(config)

    def decide(rollout: str | None) -> dict[str, Any]:
        now = clock()
        decision = canary.check(
            config, canary.Asked(tuple(sources), deployer=rollout), environ=environ, progress=Silent(), now=now
        )
        written = (
            exposure.apply(config, plan, decision, environ, allow_expand=allow_expand, approved_by=None, at=clock())
            if apply
            else None
        )
        return {
            "action": str(decision.action),
            "because": decision.because,
            "share": decision.share,
            "next_share": decision.next_share,
            "written_share": None if written is None else written.share,
            "notes": list(decision.notes),
        }

    return Service(address, decide, token=token)
