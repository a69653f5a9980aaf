"""A place: a line of the repository at which two systems part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something that the candidate does not share with the baseline.

    Attributes:
        path: From the root of the repository, with `/`.
        line: From 1.
        what: The option that differs, such as "prompt" or "config.top_k".
    """

    path: str
    line: int
    what: str
