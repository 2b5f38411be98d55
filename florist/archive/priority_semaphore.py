"""A priority semaphore: of those who wait for a permit, the one with the earliest deadline gets the next."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from heapq import heappop, heappush
from itertools import count


class PrioritySemaphore:
    """A semaphore whose waiters queue by deadline: the earliest comes next; of equals, who came first."""

    def __init__(self, permits: int) -> None:
        self._free = permits
        self._arrivals = count()
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held(self, deadline: datetime) -> AsyncGenerator[None, None]:
        """Wait for a permit, and hold it to the end of the block."""
        await self._acquire(deadline)
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def if_free(self) -> Generator[bool, None, None]:
        """Hold a permit to the end of the block if there is one; yields whether there is."""
        is_free = self._free > 0
        self._free -= is_free
        try:
            yield is_free
        finally:
            if is_free:
                self._release()

    async def _acquire(self, deadline: datetime) -> None:
        if self._free:
            self._free -= 1
            return
        granted = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (deadline, next(self._arrivals), granted))
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                # The permit was handed over in the same moment; nobody else would ever have it.
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            *_, granted = heappop(self._waiting)
            if not granted.done():
                granted.set_result(None)
                return
        self._free += 1
