"""`llmci doctor`: what is wrong with this installation and this project, each with its fix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, config_path
from llmci.cli.terminal import safe_text, show, show_json
from llmci.errors import ExitCode

if TYPE_CHECKING:
    from llmci.wiring.doctor import Finding


def doctor(
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Also try to reach the addresses that the configuration names.")
    ] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Check installation, configuration and files.

    Every fault comes with its fix. Nothing is contacted without --online, and credentials are named but never shown. Leaves with 2
    when something is broken.

    Example: llmci doctor --online
    """
    from llmci.wiring.doctor import examine

    findings = examine(lambda: config_path(config), os.environ, online=online)
    broken = [finding for finding in findings if finding.state == "broken"]
    if as_json:
        show_json({"ok": not broken, "findings": findings})
    else:
        show("\n".join(_line(finding) for finding in findings))
    raise typer.Exit(ExitCode.USAGE if broken else ExitCode.PASSED)


def _line(finding: Finding) -> str:
    fix = f"\n{'':9}fix: {finding.fix}" if finding.fix else ""
    return safe_text(f"{finding.state:7}  {finding.check}: {finding.what}{fix}")
