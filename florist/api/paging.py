"""Walking through what FLORA serves in pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from florist.api.errors import APIResponseValidationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page as it was served; it may be empty, and yet not the last.

    `next_cursor` is None on the last page.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None


class AsyncPager(Generic[T]):
    """All items of a listing: `async for item in pager`.

    Each item comes once: pages shift while new runs are put in front of them, so that the next page begins
    with items of the one before, which are left out here. Nothing is asked before the first iteration,
    and every iteration begins anew.
    """

    def __init__(
        self, fetch: Callable[[str | None], Awaitable[Page[T]]], *, identity: Callable[[T], str | None]
    ) -> None:
        self._fetch = fetch
        self._identity = identity

    async def page(self, cursor: str | None = None) -> Page[T]:
        """Return one page as it is served: the first, or the one a `next_cursor` points to."""
        return await self._fetch(cursor)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages as they are served: an item may come again on the page after.

        Raises:
            APIResponseValidationError: the cursors go in a circle.
        """
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self._fetch(cursor)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise APIResponseValidationError("FLORA's cursors go in a circle: the listing has no end")
            seen.add(cursor)

    async def __aiter__(self) -> AsyncIterator[T]:
        seen: set[str] = set()
        async for page in self.pages():
            for item in page.items:
                name = self._identity(item)
                if name is None or name not in seen:
                    yield item
                if name is not None:
                    seen.add(name)
