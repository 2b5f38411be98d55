"""FLORA's time, asked by a request that costs nothing, wherever our own clock may have been set."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from florist.api.client import FloraAPI

CLOCKS_MAY_PART = 2.0
"""Seconds. More than this between our two clocks says that one was set, or slept: ask FLORA again."""

ASKS_AT_MOST = 3


class FloraTime:
    """Learns FLORA's time from the `Date` of its answers, and asks again once our clock has been set."""

    def __init__(
        self,
        client: FloraAPI,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._now = now
        self._monotonic = monotonic
        self._asked: tuple[datetime, float] | None = None

    async def ask(self, *, anew: bool) -> datetime:
        """Return FLORA's time, from the answer to a request for one item of history if need be.

        Args:
            anew: ask in any case.
        """
        if anew or not self._is_known():
            await self._ask()
        return self._client.server_now()

    async def _ask(self) -> None:
        """Ask, once more where our clock was set while the answer was on its way, and cannot be set by it."""
        for _ in range(ASKS_AT_MOST):
            self._asked = self._now(), self._monotonic()
            await self._client.techniques.runs.list(limit=1).page()
            if self._is_known():
                break

    def _is_known(self) -> bool:
        """Whether our clock was left alone since FLORA was asked."""
        if self._asked is None:
            return False
        at, monotonic = self._asked
        apart = (self._now() - at).total_seconds() - (self._monotonic() - monotonic)
        return abs(apart) < CLOCKS_MAY_PART
