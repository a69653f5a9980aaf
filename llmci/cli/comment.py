"""`llmci comment RESULT...`: the verdict as one comment on the pull request, kept up to date."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from llmci.cli.options import JsonFlag
from llmci.cli.terminal import safe_text, show, show_json


def comment(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RESULT...",
            help="Reports in JSON; several become one comment, each named after its directory.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The comment is found again by it.")] = "main",
    report_url: Annotated[
        str | None, typer.Option(help="Where the HTML report of a single RESULT opens.", show_default=False)
    ] = None,
    pull_request: Annotated[
        int | None, typer.Option(min=1, help="Number; by default that of the event.", show_default=False)
    ] = None,
    login: Annotated[
        str | None, typer.Option(help="Whose comment it is; by default the token's owner.", show_default=False)
    ] = None,
    stopped: Annotated[
        int | None,
        typer.Option(min=1, help="Exit code of a bench that left no RESULT: say that.", show_default=False),
    ] = None,
    on_change: Annotated[
        bool, typer.Option("--on-change", help="Leave the comment alone where only commit and links would differ.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the comment; post nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep one comment with the verdict on the pull request.

    Reads the environment of a GitHub job, GITHUB_TOKEN included. Says numbers and ids, and no text of any case.
    A comment that may not be posted (a fork, no pull request) is told, and leaves with 0.

    Example: llmci comment result.json --name main
    """
    from llmci.core.reporting.workflow_commands import workflow_command
    from llmci.wiring.comment import Ask
    from llmci.wiring.comment import comment as keep

    ask = Ask(
        name=name,
        results=results or (),
        stopped=stopped,
        report=report_url,
        pull_request=pull_request,
        login=login,
        post=not dry_run,
        on_change=on_change,
    )
    done = keep(ask, os.environ)
    if as_json:
        show_json(done)
    elif dry_run:
        show(done.body)
    elif done.why and os.environ.get("GITHUB_ACTIONS"):
        show(workflow_command("notice", f"llmci: no comment was posted. {done.why}"))
    else:
        show(safe_text(f"{done.done}: {done.why or done.url}"))
