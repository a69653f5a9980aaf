"""`llmci init`: a configuration to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmci.cli.options import JsonFlag
from llmci.cli.terminal import ask, note, safe_text, show, show_json
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.core.promptfoo.convert import Imported

# Flag to the kind of system it means, and that system's key.
_SYSTEMS = {
    "callable": ("python", "callable"),
    "command": ("command", "command"),
    "url": ("http", "url"),
    "model": ("litellm", "model"),
}
_CALLABLE = "app.py:answer"


def init(
    directory: Annotated[Path, typer.Argument(help="Where the project is.")] = Path(),
    *,
    project: Annotated[str | None, typer.Option("--project", help="Its name; by default the directory's.")] = None,
    traces: Annotated[str | None, typer.Option("--traces", help="File or glob with production traces.")] = None,
    callable_: Annotated[str | None, typer.Option("--callable", help=f"Python to call, as {_CALLABLE}.")] = None,
    command: Annotated[str | None, typer.Option("--command", help="Command to run for each answer.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Address to post each question to.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model to ask, as openai/gpt-4o-mini.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="promptfoo configuration to import.", show_default=False)
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Import what can be, and leave the rest.")] = False,
    workflow: Annotated[bool, typer.Option("--workflow/--no-workflow", help="Write a GitHub workflow.")] = True,
    schema: Annotated[bool, typer.Option("--schema/--no-schema", help="Write the JSON schema for editors.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write llmci.yaml, .gitignore lines and a workflow.

    On a terminal it asks for what no flag says. With --from, anything that cannot be carried over is
    named, and nothing is written unless --partial is given.

    Example: llmci init --from promptfooconfig.yaml
    """
    from llmci.wiring.init import NewProject, imported, starter, write_project
    from llmci.wiring.promptfoo import read_promptfoo

    root = directory.resolve()
    name = project or root.name or "main"
    chosen = {"callable": callable_, "command": command, "url": url, "model": model}
    found = read_promptfoo(source) if source else None
    if found is None:
        sections = starter(name, traces=traces or ask("Traces", "traces/*.jsonl"), system=_system(chosen))
        further: dict[str, str] = {}
    else:
        _refuse_loss(found, partial=partial)
        sections, further = imported(name, found.config), _files(found)
    about = found.about if found else ""
    new = NewProject(sections=sections, about=about, further=further, schema=schema, workflow=workflow)
    paths = write_project(root, new, force=force)
    if json:
        show_json({"written": paths, "unmapped": found.unmapped if found else []})
    else:
        show("\n".join(f"written: {safe_text(path)}" for path in paths))
        note("next: llmci doctor")


def _system(chosen: dict[str, str | None]) -> dict[str, Any]:
    given = {flag: value for flag, value in chosen.items() if value is not None}
    if len(given) > 1:
        flags = ", ".join(f"--{flag}" for flag in given)
        raise UsageError(f"{flags} each name a system.", fix="Give one of them; the candidate is written by hand.")
    if not given:
        given = {"callable": ask("Python that answers", _CALLABLE)}
    [(flag, value)] = given.items()
    kind, key = _SYSTEMS[flag]
    return {"kind": kind, key: value}


def _refuse_loss(found: Imported, *, partial: bool) -> None:
    if not found.unmapped:
        return
    listed = "\n".join(f"  {safe_text(item)}" for item in found.unmapped)
    if not partial:
        raise UsageError(
            f"{len(found.unmapped)} things cannot be carried over, and nothing was written:\n{listed}",
            fix="Use --partial to import the rest, and add these by hand.",
        )
    note(f"not carried over:\n{listed}")


def _files(found: Imported) -> dict[str, str]:
    from llmci.wiring.promptfoo import CASES, lines_of

    return {**found.prompts, **({CASES: lines_of(found.cases)} if found.cases else {})}
