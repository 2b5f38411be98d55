"""Reads many small objects of a store side by side, a bounded number at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
ItemT = TypeVar("ItemT")

READS_AT_ONCE = 16


async def side_by_side(read: Callable[[ItemT], Awaitable[T]], items: Iterable[ItemT]) -> list[T]:
    """Return what is read of each item, in their order; a task for each reader, not for each item."""
    left = enumerate(items)
    found: dict[int, T] = {}

    async def go_on() -> None:
        for number, item in left:
            found[number] = await read(item)

    readers = [asyncio.create_task(go_on()) for _ in range(READS_AT_ONCE)]
    try:
        await asyncio.gather(*readers)
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return [found[number] for number in sorted(found)]
