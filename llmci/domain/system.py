"""A system: whatever answers cases. Baseline and candidate are two of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSpec:
    """What is being benchmarked.

    Attributes:
        name: As in the configuration.
        kind: Adapter that runs it: python, command, http, litellm, recorded.
        parameters: The configuration block, secrets left out.
        digest: SHA-256 of all that can change its answers (parameters, prompt files, code ref).
        cacheable: Whether the digest really names all of that, so that an answer may be used again. False
            for recorded answers and for a server that does not say its version.
    """

    name: str
    kind: str
    parameters: Mapping[str, object]
    digest: str
    cacheable: bool = True
