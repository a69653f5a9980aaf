"""What every HTML page of llmci has: its templates, a style and script of its own, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from llmci.core import wording
from llmci.core.reporting.inert import visible
from llmci.core.reporting.plot import HEIGHT, WIDTH, across, plot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# What one write to the disk takes at least.
_PIECE = 1 << 16


def pieces(template: str, *, script: str | None = None, **values: object) -> Iterator[bytes]:
    """A page, piece by piece: equal values give equal bytes.

    Every text is escaped, and what cannot be seen in it is spelled out. The policy allows the page's own
    style and script, by hash, and no request of any kind.

    Args:
        template: Name of a file in `page/`.
        script: Name of the page's script; None for a page that needs none.
        values: What the template shows.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_page),
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.globals.update(plot=plot_of, across=across, width=WIDTH, height=HEIGHT, percent=wording.percent)
    style, code = _page("report.css"), _page(script) if script else ""
    allowed = f"script-src '{_hash(code)}'; " if script else ""
    buffer: list[str] = []
    size = 0
    for text in environment.get_template(template).generate(
        policy=f"default-src 'none'; {allowed}style-src '{_hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(code),  # noqa: S704  our own file
        **values,
    ):
        buffer.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(buffer).encode()
            buffer, size = [], 0
    yield "".join(buffer).encode()


def _page(name: str) -> str:
    return files("llmci.adapters.reporters").joinpath("page", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
