"""The one door from what a system or a judge said to clean text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llmci.core.privacy.replies import CleanSaid, clean_said, well_formed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.privacy.replies import Cleaner
    from llmci.domain.case import Case
    from llmci.domain.text import CleanText
    from llmci.seams import Reply


# As many as are asked for at first: cleaning that keeps up never holds anybody.
_MOST_WAITING = 20


class Cleaning:
    """Cleans in a thread, because recognizers are slow and calls in flight are being timed; one text at a time."""

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Wait until few answers wait: what was paid for and is not written down yet is lost by a kill."""
        await self._room.wait()

    async def reply(self, reply: Reply, case: Case) -> CleanSaid:
        """A system's reply; raises `PrivacyStop` if it cannot be cleaned."""

        def clean(texts: Sequence[str]) -> Sequence[str]:
            return texts if reply.clean else self._clean(texts, case)

        self._count(1)
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(clean_said, reply.text, reply.messages, reply.documents, clean)
        finally:
            self._count(-1)

    async def text(self, text: str, case: Case) -> CleanText:
        """A judge's words; raises `PrivacyStop` if they cannot be cleaned."""
        async with self._one_at_a_time:
            [clean] = await asyncio.to_thread(self._clean, [text], case)
        return clean

    def _count(self, change: int) -> None:
        self._waiting += change
        if self._waiting >= _MOST_WAITING:
            self._room.clear()
        else:
            self._room.set()

    def _clean(self, texts: Sequence[str], case: Case) -> list[CleanText]:
        return self._cleaner([well_formed(text) for text in texts], case)
