"""Answers that were given before: of a variant in the clean traces, or in a file of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from llmci import seams
from llmci.adapters.systems.recorded_file import read_file
from llmci.adapters.systems.recorded_traces import read_traces
from llmci.core.canonical import digest_of
from llmci.domain.system import SystemSpec
from llmci.files import sha256_of
from llmci.seams import Failed

if TYPE_CHECKING:
    from llmci.adapters.systems.recordings import Recordings
    from llmci.domain.case import Case
    from llmci.seams import Reply


class RecordedOptions(seams.Options):
    """Which answers; either `variant` or `path`.

    Attributes:
        variant: Label of the variant in the clean traces.
        path: JSON Lines file of objects with `key` or `case_id`, `answer`, and what a callable may
            return besides; `scores` maps names to numbers.
        key: Where a trace holds the identity of its case, spelled as `evalset.key`, which is the default.
    """

    variant: str | None = None
    path: str | None = None
    key: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.variant is None) == (self.path is None):
            raise ValueError("give either variant or path")
        return self


class RecordedSystem:
    """See `llmci.seams.System`. A case without a recorded answer is no evidence, not a wrong answer."""

    Options = RecordedOptions

    def __init__(self, options: RecordedOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._recordings: Recordings | None = None

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        options = self._options
        if options.path is not None:
            path = self._context.root / options.path
            content = sha256_of(path) if path.is_file() else "absent"
        else:
            shards = self._context.shelf("clean").shards()
            content = digest_of([(shard.shard_id, shard.sha256) for shard in shards.values()])
        return SystemSpec(
            name=self._context.name,
            kind="recorded",
            parameters=options.model_dump(),
            digest=digest_of("recorded/1", options.model_dump(), content),
            cacheable=False,
        )

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
        options = self._options
        if options.path is not None:
            self._recordings = read_file(self._context.root / options.path)
        else:
            self._recordings = read_traces(self._context.shelf("clean"), str(options.variant), options.key)

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return None

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:
        """See `System.answer`; the first try is the earliest recorded answer, and so on."""
        found = self._recordings.of(case) if self._recordings else []
        if not found:
            return Failed("there is no recorded answer to this case", "infrastructure", charged=False)
        if repeat >= len(found):
            return Failed(f"there are only {len(found)} recorded answers to this case", "infrastructure", charged=False)
        return found[repeat]

    async def aclose(self) -> None:
        """See `System.aclose`."""
        self._recordings = None
