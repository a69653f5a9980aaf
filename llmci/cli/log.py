"""`llmci log`: which evidence moved which baseline, which share and which plan, and when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def log(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Newest so many acts.")] = 20,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what moved baselines, plans and shares of traffic.

    Example: llmci log -n 5
    """
    from llmci.wiring.acts import acts_of

    acts = acts_of(open_config(config))[-limit:]
    if as_json:
        show_json({"acts": acts})
        return
    for act in acts:
        show(f"{act['at'][:16].replace('T', ' ')}  {act['act']:13}  {safe_text(_words(act))}")
    if not acts:
        show("nothing was promoted and no traffic was moved yet.")


def _words(act: dict[str, Any]) -> str:
    facts = act["facts"]
    by = f" ({facts['by']})" if facts.get("by") else ""
    match act["act"]:
        case "promote":
            reason = f"; promoted because: {facts['reason']}" if facts.get("reason") else ""
            return f"{facts.get('what') or facts['run']}: {facts['verdict']['headline']}{reason}"
        case "canary share":
            only = f" of {', '.join(facts['only'])}" if facts.get("only") else ""
            return f"{facts['plan']}: {facts['from']:.2%} → {facts['to']:.2%}{only}: {facts['because']}{by}"
        case "canary plan":
            return f"{facts['plan']}: agreed as {facts['digest'][:12]}"
        case "forget":
            changed = ", ".join(f"{v['set']} v{v['version']} is now {v['to'][:12]}" for v in facts["evalsets"])
            return f"{facts['user']}{f': {changed}' if changed else ''}"
        case _:
            return ", ".join(f"{name}: {value}" for name, value in facts.items())
