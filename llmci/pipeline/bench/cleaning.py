"""The one door from what a system or a judge said to clean text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from llmci.core.privacy.replies import CleanSaid, clean_said, well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.core.privacy.replies import Cleaner
    from llmci.domain.case import Case
    from llmci.domain.text import CleanText
    from llmci.seams import Reply

# As many as are asked for at first: cleaning that keeps up never holds anybody.
_MOST_WAITING = 20
# What is said within so many seconds is taken along together.
_GATHERED_S = 0.002

Work = tuple["Callable[[], Any]", "asyncio.Future[Any]"]


class Cleaning:
    """Cleans in one thread, because recognizers are slow and calls in flight are being timed.

    What waits is taken along together: the way to another thread and back costs more than a short text.
    """

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._waiting: list[Work] = []
        self._unfinished = 0
        self._room = asyncio.Event()
        self._room.set()
        self._busy: asyncio.Task[None] | None = None

    async def room(self) -> None:
        """Wait until few answers wait: what was paid for and is not written down yet is lost by a kill."""
        await self._room.wait()

    async def reply(self, reply: Reply, case: Case) -> CleanSaid:
        """A system's reply; raises `PrivacyStop` if it cannot be cleaned."""

        def clean(texts: Sequence[str]) -> Sequence[str]:
            return texts if reply.clean else self._clean(texts, case)

        said: CleanSaid = await self._done(
            lambda: clean_said(reply.text, reply.messages, reply.documents, clean),
        )
        return said

    async def text(self, text: str, case: Case) -> CleanText:
        """A judge's words; raises `PrivacyStop` if they cannot be cleaned."""
        clean: CleanText = await self._done(lambda: self._clean([text], case)[0])
        return clean

    async def _done(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work gives
        result = asyncio.get_running_loop().create_future()
        self._waiting.append((work, result))
        self._count(1)
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._work())
        try:
            return await result
        finally:
            self._count(-1)

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHERED_S)
            batch, self._waiting = self._waiting, []
            for (_, result), (value, error) in zip(batch, await asyncio.to_thread(_each, batch), strict=True):
                if result.done():
                    continue
                if error is None:
                    result.set_result(value)
                else:
                    result.set_exception(error)

    def _count(self, change: int) -> None:
        self._unfinished += change
        if self._unfinished >= _MOST_WAITING:
            self._room.clear()
        else:
            self._room.set()

    def _clean(self, texts: Sequence[str], case: Case) -> list[CleanText]:
        return self._cleaner([well_formed(text) for text in texts], case)


def _each(batch: Sequence[Work]) -> list[tuple[Any, Exception | None]]:
    """Do each piece of work; a failure is that piece's alone."""
    done: list[tuple[Any, Exception | None]] = []
    for work, result in batch:
        if result.cancelled():
            done.append((None, None))
            continue
        try:
            done.append((work(), None))
        except Exception as error:  # noqa: BLE001  raised again where it is waited for
            done.append((None, error))
    return done
