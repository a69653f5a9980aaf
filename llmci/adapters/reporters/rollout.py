"""The rollout as one HTML file that opens anywhere: no script, no request, drawings inline."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from llmci.core import wording
from llmci.core.reporting.curves import HEIGHT, WIDTH, Curve
from llmci.core.reporting.inert import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.rollout import Decision, RolloutPlan

_STYLE = """
.curve { width: 100%; height: auto; max-height: 12rem; }
.curve .path { fill: none; stroke: var(--link); stroke-width: 2; vector-effect: non-scaling-stroke; }
"""
_TONES = {"expand": "good", "done": "good", "roll back": "bad", "hold": "unsure", "no evidence": "unsure"}
_SIGNS = {"expand": "↑", "done": "✓", "roll back": "↓", "hold": "=", "no evidence": "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A line of the audit log, in words."""

    at: str
    what: str
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPage:
    """What the page shows.

    Attributes:
        at: When the evidence was read.
        exposure: Points of the share over time; empty where it was never moved.
        together: Evidence against, of all criteria.
        against: Evidence that rolls back.
        curves: Evidence in favour, by criterion.
        in_favour: Evidence that the next share needs.
        following: The next share.
    """

    plan: RolloutPlan
    digest: str
    decision: Decision
    at: str
    exposure: str
    together: Curve
    against: float
    curves: Sequence[tuple[str, Curve]]
    in_favour: float
    following: float
    acts: Sequence[Act]


def rendered(page: RolloutPage) -> bytes:
    """Equal input gives equal bytes."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    style = _file("report.css") + _STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    html = environment.from_string(_file("rollout.html.j2")).render(
        page=page,
        tone=_TONES[page.decision.action],
        sign=_SIGNS[page.decision.action],
        width=WIDTH,
        height=HEIGHT,
        number=lambda value: "-" if value is None else f"{value:.4g}",
        percent=wording.percent,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704  our own file
    )
    return html.encode()


def _file(name: str) -> str:
    return files("llmci.adapters.reporters").joinpath("page", name).read_text(encoding="utf-8")
