"""`llmci baseline`: fetch the scores that the default branch left, for a bench that does not ask the baseline."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def baseline(
    *,
    name: Annotated[str, typer.Option(help="The action's `name`: the artifact is called after it.")] = "main",
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Fetch the scores that the default branch left.

    They are those of the newest run of the default branch that the change was built upon. Reads the environment of a GitHub job, GITHUB_TOKEN included (actions: read). Fetches nothing where the baseline's
    system is in the configuration and can be asked. `llmci bench` then takes the first that fits: committed scores,
    these, or those at bench.baseline_uri. What cannot be fetched is told, and leaves with 0.

    Example: llmci baseline --name main
    """
    from llmci.wiring.baseline import fetch

    done = fetch(open_config(config), name, os.environ)
    if as_json:
        show_json(done)
    else:
        show(safe_text(f"fetched: {done.source}" if done.file else f"nothing fetched: {done.why}"))
