"""Reads many small objects of a store side by side, a bounded number at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
ItemT = TypeVar("ItemT")

READS_AT_ONCE = 16


async def side_by_side(read: Callable[[ItemT], Awaitable[T]], items: Iterable[ItemT]) -> list[T]:
    """Return what is read of each item, in their order."""
    places = asyncio.Semaphore(READS_AT_ONCE)

    async def one(item: ItemT) -> T:
        async with places:
            return await read(item)

    return list(await asyncio.gather(*map(one, items)))
