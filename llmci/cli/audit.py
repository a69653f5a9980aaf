"""`llmci audit verify`: the log of acts is whole."""

from __future__ import annotations

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import show, show_json

app = typer.Typer(
    help="Prove that the log of acts is whole.",
    epilog="Example: llmci audit verify",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    pass


@app.command()
def verify(*, config: ConfigFlag = None, as_json: JsonFlag = False) -> None:
    """Check that no line of the log was changed, removed or put in.

    Exits 2 where the chain is broken. Lines cut off at the end leave a chain that is whole: compare the last hash
    with one that was kept elsewhere.

    Example: llmci audit verify
    """
    from llmci.wiring.acts import last_hash_of

    count, last = last_hash_of(open_config(config))
    if as_json:
        show_json({"acts": count, "last_hash": last})
    else:
        show(f"{count} acts, none of them changed. Last hash: {last}")
