"""Walking through what FLORA serves in pages."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from florist.api.errors import APIResponseValidationError

T = TypeVar("T")

MOST_EMPTY_PAGES = 100
"""In a row. A cursor that leads on and on to nothing has no end."""
MOST_PAGES = 20_000
"""A million runs at 50 a page."""

logger = logging.getLogger("florist.api")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page as it was served; it may be empty, and yet not the last.

    Attributes:
        items: those that could be read.
        next_cursor: None on the last page.
        unreadable: one line for each item that could not be read, naming its fields. Whoever concludes from the
            items that something is *not* there must look at it.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    unreadable: tuple[str, ...] = ()

    def warn_of_unreadable(self, name: str) -> None:
        """Log that items were left out, if any were."""
        if self.unreadable:
            logger.warning("%s: %d items cannot be read and are left out: %s", name, *self._problems)

    def reject_unreadable(self, name: str) -> None:
        """Raise an APIResponseValidationError if any item could not be read."""
        if self.unreadable:
            count, problems = self._problems
            raise APIResponseValidationError(f"{name}: {count} items cannot be read: {problems}")

    @property
    def _problems(self) -> tuple[int, str]:
        return len(self.unreadable), "; ".join(self.unreadable[:3])


class AsyncPager(Generic[T]):
    """All items of a listing: `async for item in pager`.

    Each item comes once: pages shift while new runs are put in front of them, so that the next page begins
    with items of the one before, which are left out here. Nothing is asked before the first iteration,
    and every iteration begins anew.

    A page that holds an item which cannot be read keeps its others. Iterating over the items leaves such an item
    out with a warning; where `must_be_whole` (run histories, from which the ledger concludes that a run was never
    started) it raises an `APIResponseValidationError` before it yields any item of that page. `pages` and `page`
    never raise for it, and say it in `Page.unreadable`.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[Page[T]]],
        *,
        identity: Callable[[T], str | None],
        name: str = "a listing",
        must_be_whole: bool = False,
    ) -> None:
        self._fetch = fetch
        self._identity = identity
        self._name = name
        self._must_be_whole = must_be_whole

    async def page(self, cursor: str | None = None) -> Page[T]:
        """Return one page as it is served: the first, or the one a `next_cursor` points to."""
        return await self._fetch(cursor)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages as they are served: an item may come again on the page after.

        Raises:
            APIResponseValidationError: the cursors go in a circle, or on and on.
        """
        cursor: str | None = None
        seen: set[str] = set()
        empty = 0
        while True:
            page = await self._fetch(cursor)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return
            empty = 0 if page.items or page.unreadable else empty + 1
            if cursor in seen or empty >= MOST_EMPTY_PAGES or len(seen) >= MOST_PAGES:
                way = "go in a circle" if cursor in seen else "go on and on"
                raise APIResponseValidationError(f"{self._name}: FLORA's cursors {way}, the listing has no end")
            seen.add(cursor)

    async def __aiter__(self) -> AsyncIterator[T]:
        seen: set[str] = set()
        async for page in self.pages():
            if self._must_be_whole:
                page.reject_unreadable(self._name)
            else:
                page.warn_of_unreadable(self._name)
            for item in page.items:
                name = self._identity(item)
                if name is None or name not in seen:
                    yield item
                if name is not None:
                    seen.add(name)
