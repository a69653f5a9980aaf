"""`llmci forget`: erase a person from everything that llmci keeps."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json
from llmci.errors import UsageError


def forget(
    *,
    user: Annotated[
        str, typer.Option("--user", help="Keyed hash of their id, as on the clean shelf; `-` reads the id from stdin.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be erased; change nothing.")] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Erase a person, and say what remains elsewhere.

    They are taken out of landed, raw and clean traces, labels, eval sets, runs, caches, journals and reports,
    and are not pulled again. The id is not kept: a list holds its keyed hash.

    Example: llmci forget --user id-3f1c9a4b5d6e7f80 --dry-run
    """
    from llmci.wiring.forget import forget as carry_out
    from llmci.wiring.forget import hash_of

    settings, environ = open_config(config), dict(os.environ)
    if user == "-":
        given = sys.stdin.readline().strip()
        if not given:
            raise UsageError(
                "stdin holds no id.", fix="Write it on one line, such as `echo ID | llmci forget --user -`."
            )
        user = hash_of(settings, given, environ)
    done = carry_out(settings, user, dry_run=dry_run, environ=environ, now=datetime.now(UTC))
    if as_json:
        show_json({"forgotten": done, "dry_run": dry_run})
        return
    show(f"{done.user} {'would be' if dry_run else 'is'} forgotten:")
    for what, count in done.counts.items():
        show(f"  {count:>8,}  {what}")
    if not any(done.counts.values()):
        show("  nothing was found.")
    for version in done.evalsets:
        show(f"  {version['set']} v{version['version']}: {str(version['from'])[:12]} → {str(version['to'])[:12]}")
    show("what remains:")
    for line in done.remains:
        show(f"  {safe_text(line)}")
