"""The `llmci` command: one verb a file, each loaded when it is asked for."""

from __future__ import annotations

import gc
import os
import signal
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from llmci import __version__
from llmci.cli import stops, streams, terminal
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from typer import _click

# In the order of the loop. Each is a module of `llmci.cli` that holds a function of the same name,
# or an application of several commands called `app`.
COMMANDS = (
    "demo",
    "init",
    "doctor",
    "pull",
    "sanitize",
    "label",
    "evalset",
    "baseline",
    "bench",
    "merge",
    "cache",
    "gate",
    "repro",
    "judge",
    "report",
    "comment",
    "canary",
    "promote",
    "log",
    "audit",
    "forget",
    "run",
    "schema",
)


class _Commands(TyperGroup):
    """The verbs; a verb's module is imported when the verb, or the list of all, is asked for."""

    def list_commands(self, ctx: _click.Context) -> list[str]:  # noqa: ARG002  typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: _click.Context, cmd_name: str) -> _click.Command | None:  # noqa: ARG002  typer's signature
        if cmd_name in COMMANDS:
            return _load(cmd_name)
        near = get_close_matches(cmd_name, COMMANDS, n=1)
        raise UsageError(
            f"there is no command '{terminal.safe_text(cmd_name)}'.",
            fix=f"Did you mean `llmci {near[0]}`?" if near else "Run `llmci --help` to see them all.",
        )


def _load(name: str) -> _click.Command:
    module = import_module(f"llmci.cli.{name}")
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if nested := getattr(module, "app", None):
        holder.add_typer(nested, name=name)
    else:
        holder.command(name)(getattr(module, name))
    return get_group(holder).commands[name]


app = typer.Typer(
    name="llmci",
    cls=_Commands,
    help="Continuous evaluation for LLM systems: traces → sanitize → label → eval set → bench → gate → report → canary → promote.",
    epilog="Example: llmci demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"llmci {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass


def main() -> NoReturn:
    """Run the command and leave with the exit code of the contract.

    Nothing but a gate's verdict ever leaves with 1: Python's own 1 for an uncaught exception is
    turned into 70, with a crash file that holds no user text.
    """
    # Known before anything imports litellm: its price map is otherwise fetched from the network.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # Before numpy, too. Work is spread over processes; threads of linear algebra would crowd them, and on busy
    # cores wait for each other longer than they work.
    for threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(threads, "1")
    # Modules live to the end: looking through all of them for garbage while they load, again and again, takes a tenth
    # of a short command.
    gc.set_threshold(50_000, 20, 20)
    # What stops a CI job is SIGTERM; it is an interrupt like any other.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    streams.prepare()
    stops.hush()
    try:
        code = get_command(app).main(prog_name="llmci", standalone_mode=False)
        if code == ExitCode.INTERRUPTED:  # typer keeps Ctrl-C to itself and says nothing
            raise KeyboardInterrupt  # noqa: TRY301  said below, as every way out
        streams.flush()
    except BaseException as error:  # noqa: BLE001  this is where every way out is given its code
        terminal.displays.close()
        code = stops.explain(error, sys.argv[1:])
    streams.close()
    # The process ends, and its memory with it: looking through all of it for garbage once more takes a tenth of a bench.
    gc.freeze()
    sys.exit(code or ExitCode.PASSED)
