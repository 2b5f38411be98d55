"""A semaphore that serves the most urgent waiter first."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from heapq import heappop, heappush
from itertools import count


class PrioritySemaphore:
    """A semaphore whose waiters queue by deadline: the earliest comes next; of equals, who came first."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._arrivals = count()
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def taken(self, deadline: datetime) -> AsyncGenerator[None, None]:
        """Hold a place, from one's turn to the end of the block."""
        await self._take(deadline)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, deadline: datetime) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (deadline, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # The place was handed over in the same moment; nobody else would ever have it.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            *_, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
