"""The `llmci` command: one verb a file, and the one place where a result becomes an exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import typer

from llmci import __version__
from llmci.errors import ExitCode, LlmciError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="llmci",
    help="Continuous evaluation for LLM systems: traces → sanitize → label → eval set → bench → gate → report → canary → promote.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Command, its module in `llmci.cli` and its function there; in the order of the loop. A nested
# application is a `typer.Typer` called `app`.
COMMANDS = (
    "demo",
    "init",
    "doctor",
    "pull",
    "sanitize",
    "label",
    "evalset",
    "bench",
    "gate",
    "judge",
    "report",
    "canary",
    "promote",
    "run",
    "schema",
)


def _version(asked: bool) -> None:  # noqa: FBT001  typer's callback form
    if asked:
        typer.echo(f"llmci {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),  # noqa: FBT001, FBT003
) -> None:
    pass


def _register() -> None:
    for name in COMMANDS:
        module = import_module(f"llmci.cli.{name}")
        if nested := getattr(module, "app", None):
            app.add_typer(nested, name=name)
        else:
            command: Callable[..., object] = getattr(module, name)
            app.command(name)(command)


def main() -> NoReturn:
    """Run the command and leave with the exit code of the contract.

    Nothing but a gate's verdict ever leaves with 1: Python's own 1 for an uncaught exception is
    turned into 70, with a crash file that holds no user text.
    """
    # Known before anything imports litellm: its price map is otherwise fetched from the network.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        _register()
        app(standalone_mode=True)
    except LlmciError as error:
        sys.stderr.write(f"error: {error.message}\n  fix: {error.fix}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what was finished is kept; run the same command again to go on.\n")
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.PASSED)
