"""Replies that are at hand, each for one case: what was answered in traces, for judges to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmci import seams
from llmci.core.canonical import digest_of
from llmci.domain.system import SystemSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.case import Case
    from llmci.seams import Failed, Reply


class GivenReplies:
    """See `llmci.seams.System`; not configured, but made by who has the replies.

    Args:
        name: Shown while it works.
        replies: By case id.
        content: Digest of what they say.
    """

    Options: ClassVar[type[seams.Options]] = seams.Options

    def __init__(self, name: str, replies: Mapping[str, Reply | Failed], content: str) -> None:
        self._name, self._replies, self._content = name, replies, content

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        digest = digest_of("given/1", self._content)
        return SystemSpec(name=self._name, kind="given", parameters={}, digest=digest, cacheable=False)

    def request_digest(self, case: Case) -> str | None:  # noqa: ARG002  nothing is sent
        """See `System.request_digest`."""
        return None

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  the same for every case
        """See `System.estimate`."""
        return seams.Estimate(input_tokens=0, output_tokens=0, worst_cost=0.0)

    def endpoint(self) -> str | None:
        """See `System.endpoint`."""
        return None

    async def start(self) -> None:
        """See `System.start`."""

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return None

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:  # noqa: ARG002  each was given once
        """See `System.answer`."""
        return self._replies[case.case_id]

    async def aclose(self) -> None:
        """See `System.aclose`."""
