"""Recorded replies, found by the case that they answer."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.seams import Failed, Reply


class Recordings:
    """Replies in the order in which they were added."""

    def __init__(self) -> None:
        self._by_key: defaultdict[str, list[Reply | Failed]] = defaultdict(list)
        self._by_case: defaultdict[str, list[Reply | Failed]] = defaultdict(list)

    def add(self, reply: Reply | Failed, *, key: str | None, case_id: str | None) -> None:
        """File a reply under what is known of its case."""
        if key is not None:
            self._by_key[key].append(reply)
        if case_id is not None:
            self._by_case[case_id].append(reply)

    def of(self, case: Case) -> list[Reply | Failed]:
        """The replies to a case: by its key first, since the same key may be asked in other words."""
        found = self._by_key.get(case.key, []) if case.key is not None else []
        return found or self._by_case.get(case.case_id, [])
