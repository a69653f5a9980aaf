"""Pages that end: a server that repeats itself, or stops in the middle, is an error and never the end.

`ask(cursor, limit)` gives rows and the next cursor; it is the source's own, and raises what its
client raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llmci.adapters.sources.remote.client import TooLong
from llmci.errors import OutsideError, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llmci.adapters.sources.remote.client import Client

Row = TypeVar("Row")

# Pages without a row that a server may send in between, as those that filter after reading do.
_EMPTY_PAGES = 100
# More than any window holds, once windows are cut by how much is in them.
MOST_PAGES = 20_000
_REPORT = "Report it to whoever runs the server, with its version; what was pulled is kept."


def by_cursor(
    ask: Callable[[str | None, int], tuple[Sequence[Row], str | None]],
    *,
    limit: int,
    client: Client,
    path: str,
    of: str,
    full_page_ends: bool = False,
) -> Iterator[Sequence[Row]]:
    """Pages until there is no cursor; a page that is too long to be read is asked for again in halves.

    Args:
        limit: Rows a page.
        full_page_ends: Whether a last page may be full and nothing be behind it, without a look. Otherwise
            it is asked for again with one row less: only a server that then gives a cursor can be
            believed. One that does not raises `TooMuch`: a shorter window may show all it has.

    Raises:
        OutsideError: A cursor came twice, pages do not end, or a single row is too long.
        TooMuch: See above.
    """
    cursor: str | None = None
    seen: set[str] = set()
    empty = 0
    for _ in range(MOST_PAGES):
        rows, following, limit = _page(ask, cursor, limit)
        if following is None and len(rows) >= limit > 1 and not full_page_ends:
            _, following, _ = _page(ask, cursor, limit - 1)
            if following is None:
                why = f"a full page of {len(rows)} came without a cursor, so that nobody knows whether more follow"
                raise client.stop(path, of, why, _REPORT, TooMuch)
        cursor = following
        if rows:
            yield rows
        empty = 0 if rows else empty + 1
        if cursor is None:
            return
        if cursor in seen:
            raise client.stop(path, of, "the same cursor came twice: its pages do not end", _REPORT)
        if empty > _EMPTY_PAGES:
            raise client.stop(path, of, f"{empty} empty pages in a row: its pages do not end", _REPORT)
        seen.add(cursor)
    raise client.stop(path, of, f"more than {MOST_PAGES} pages: its pages do not end", _REPORT)


def by_number(
    ask: Callable[[int, int], tuple[Sequence[Row], int]],
    *,
    limit: int,
    client: Client,
    path: str,
    of: str,
) -> Iterator[Sequence[Row]]:
    """Numbered pages from 1; `ask(page, limit)` gives rows and how many pages there are in all.

    Raises:
        OutsideError: Rows went away while they were read, so that some were skipped, or pages do not end.
        TooMuch: A page is too long to be read; its size cannot change on the way.
    """
    number, pages = 1, 1
    while number <= pages:
        rows, now = ask(number, limit)
        if number > 1 and (now < pages or (not rows and number < now)):
            why = f"it had {pages} pages and now has {now}: rows were deleted while they were read"
            raise client.stop(path, of, why, "Pull again; what was pulled of other windows is kept.")
        if now > MOST_PAGES:
            raise client.stop(path, of, f"more than {MOST_PAGES} pages", "Pull a shorter time.", TooMuch)
        number, pages = number + 1, now
        if rows:
            yield rows


def _page(
    ask: Callable[[str | None, int], tuple[Sequence[Row], str | None]], cursor: str | None, limit: int
) -> tuple[Sequence[Row], str | None, int]:
    while True:
        try:
            rows, following = ask(cursor, limit)
        except TooLong as error:
            if limit <= 1:
                # No shorter window would make a single row shorter.
                raise OutsideError(error.message, fix=error.fix) from None
            limit = max(1, limit // 2)
        else:
            return rows, following, limit
