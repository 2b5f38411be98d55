"""Bounded concurrency: the same work for many items, a few at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Do the work for every item. The first error ends it all, and is raised once nothing goes on any more."""
    left = iter(items)

    async def go_on() -> None:
        for item in left:
            await work(item)

    workers = [asyncio.create_task(go_on()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
