"""`llmci cache`: what was paid for once, and how to let go of it."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import show, show_json
from llmci.errors import UsageError

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}

app = typer.Typer(
    help="Show and clear cached answers.",
    epilog="Example: llmci cache list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Show and clear the answers and verdicts that benches share."""


@app.command("list")
def list_(*, config: ConfigFlag = None, as_json: JsonFlag = False) -> None:
    """Show how much there is, by the day it was stored.

    Example: llmci cache list
    """
    from llmci.wiring.cache import cache_path, contents

    settings = open_config(config)
    held = contents(settings)
    if as_json:
        show_json({"path": str(cache_path(settings)), "entries": held})
        return
    if not held:
        show("the cache is empty")
        return
    show(f"{'stored on':12} {'':10} {'entries':>10} {'size':>12}")
    for one in held:
        show(f"{one.day:12} {one.kind:10} {one.count:>10,} {_size(one.size):>12}")
    show(f"{'together':23} {sum(one.count for one in held):>10,} {_size(sum(one.size for one in held)):>12}")


@app.command()
def prune(
    *,
    older_than: Annotated[str | None, typer.Option(help="Only what is older: 12h, 30d, 4w.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of it.")] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove old answers and verdicts.

    They are then asked for, and paid for, again.

    Example: llmci cache prune --older-than 30d
    """
    from llmci.wiring.cache import prune as remove

    if everything == (older_than is not None):
        raise UsageError("which entries is not said.", fix="Give --older-than, such as 30d, or --all.")
    gone = remove(open_config(config), 0.0 if older_than is None else _days(older_than))
    if as_json:
        show_json({"removed": gone})
    else:
        show(f"removed: {gone:,}")


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d+)([hdw])", text)
    if not found:
        raise UsageError(f"--older-than {text!r} is not an age.", fix="Write it like 12h, 30d or 4w.")
    return int(found[1]) * _DAYS[found[2]]


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
