"""When two numbers count as the same."""

from __future__ import annotations

import re

from pydantic import Field

from llmci import seams

# 1,234.5 and 1 234.5; -3; .5; 6.02e23. A comma groups thousands and nothing else.
_NUMBER = re.compile(r"[-+\u2212]?(?:\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?")


class Closeness(seams.Options):
    """How far two numbers may be apart; whichever of both allows more.

    Attributes:
        absolute: In the numbers' own unit.
        relative: As a fraction of the expected number.
    """

    absolute: float = Field(default=0.0, ge=0)
    relative: float = Field(default=1e-9, ge=0)

    def near(self, given: float, expected: float) -> bool:
        """Whether a number is close enough to the expected one."""
        return abs(given - expected) <= max(self.absolute, self.relative * abs(expected))


def numbers_in(text: str) -> list[float]:
    """Numbers in a text, in order. A percent sign, a currency or a unit beside them is overlooked."""
    found = (match[0] for match in _NUMBER.finditer(text))
    return [float(re.sub("[,\u00a0\u202f]", "", number).replace("\u2212", "-")) for number in found if number]
