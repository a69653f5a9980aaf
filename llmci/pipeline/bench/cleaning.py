"""The one door from what a system or a judge said to clean text."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.privacy.replies import CleanSaid, clean_said, texts_said, well_formed

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
# Looked at so that recognizers load what they only load with their first text.
_ANY_TEXT = "."


@dataclass(frozen=True, slots=True)
class _Work:
    """Something to be cleaned: its texts, how, and where the result is waited for."""

    texts: Sequence[str]
    clean: Callable[[], Any]
    result: asyncio.Future[Any]


class Cleaning:
    """Cleans in one thread, because recognizers are slow and calls in flight are being timed.

    What waits is taken along together: the way to another thread and back costs more than a short text.
    """

    def __init__(self, cleaner: Cleaner, ahead: Callable[[Sequence[str]], None]) -> None:
        self._cleaner, self._ahead = cleaner, ahead
        self._waiting: list[_Work] = []
        self._unfinished = 0
        self._room = asyncio.Event()
        self._room.set()
        self._busy: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._started = False

    async def start(self) -> None:
        """Load what cleans, once: before the first call, because a loop that shares its processor times no call honestly."""
        if self._started:
            return
        async with self._starting:
            if not self._started:
                # What cannot be loaded is told with the first answer.
                with contextlib.suppress(Exception):
                    await asyncio.to_thread(self._ahead, [_ANY_TEXT])
                self._started = True

    async def room(self) -> None:
        """Wait until few answers wait: what was paid for and is not written down yet is lost by a kill."""
        await self._room.wait()

    async def reply(self, reply: Reply, case: Case) -> CleanSaid:
        """A system's reply; raises `PrivacyStop` if it cannot be cleaned."""

        def clean(texts: Sequence[str]) -> Sequence[str]:
            return texts if reply.clean else self._clean(texts, case)

        texts = [] if reply.clean else texts_said(reply.text, reply.messages, reply.documents)
        said: CleanSaid = await self._done(
            texts, lambda: clean_said(reply.text, reply.messages, reply.documents, clean)
        )
        return said

    async def text(self, text: str, case: Case) -> CleanText:
        """A judge's words; raises `PrivacyStop` if they cannot be cleaned."""
        clean: CleanText = await self._done([text], lambda: self._clean([text], case)[0])
        return clean

    async def _done(self, texts: Sequence[str], clean: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work gives
        result = asyncio.get_running_loop().create_future()
        self._waiting.append(_Work(texts, clean, result))
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
            for work, (value, error) in zip(batch, await asyncio.to_thread(self._each, batch), strict=True):
                if work.result.done():
                    continue
                if error is None:
                    work.result.set_result(value)
                else:
                    work.result.set_exception(error)

    def _count(self, change: int) -> None:
        self._unfinished += change
        if self._unfinished >= _MOST_WAITING:
            self._room.clear()
        else:
            self._room.set()

    def _clean(self, texts: Sequence[str], case: Case) -> list[CleanText]:
        return self._cleaner([well_formed(text) for text in texts], case)

    def _each(self, batch: Sequence[_Work]) -> list[tuple[Any, Exception | None]]:
        """Do each piece of work; a failure is that piece's alone."""
        if len(batch) > 1:
            # What fails here fails again below, where it is known whose it is.
            with contextlib.suppress(Exception):
                self._ahead([well_formed(text) for work in batch for text in work.texts])
        done: list[tuple[Any, Exception | None]] = []
        for work in batch:
            if work.result.cancelled():
                done.append((None, None))
                continue
            try:
                done.append((work.clean(), None))
            except Exception as error:  # noqa: BLE001  raised again where it is waited for
                done.append((None, error))
        return done
