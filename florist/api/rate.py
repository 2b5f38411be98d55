"""Adaptive concurrency limit (additive increase, multiplicative decrease) for the calls of one workspace.

FLORA publishes no rate limit. A 429 pauses every call of the workspace until its `retry-after` and halves the
number in flight; each quiet stretch lets one more in, until as many fly as before and the limit is forgotten.

Limits are per workspace, so one `WorkspaceRate` serves all clients of it in the process, whatever their event
loop or thread.

Source: the contract, "Errors".
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from florist.api.errors import APITimeoutError, RateLimitError

QUIET_SECONDS = 10.0
"""How long without a 429 before one more call may fly. Assumed: FLORA publishes no window."""

FORGOTTEN_AT = 10
"""A limit that has grown to this, the size of a client's pool, is a limit no more."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]

    def wake(self) -> bool:
        try:
            self.loop.call_soon_threadsafe(_settle, self.woken)
        except RuntimeError:  # its loop was closed while it waited
            return False
        return True


class Permit:
    """The right to make one call, held while it is in flight."""

    def __init__(self, rate: "WorkspaceRate", began: float) -> None:
        self._rate = rate
        self._began = began

    def refused(self, pause: float) -> None:
        """Tell that it was answered by a 429: nobody sends for `pause` seconds, and then fewer."""
        self._rate._cut(self._began, pause)


class WorkspaceRate:
    """The limiter that all calls of one workspace in this process pass."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._in_flight = 0
        self._paused_until = float("-inf")
        self._cut_at = float("-inf")
        self._base = 0
        self._ceiling: int | None = None

    @property
    def in_flight(self) -> int:
        """How many calls are being made right now."""
        return self._in_flight

    @property
    def most_in_flight(self) -> int | None:
        """How many may be made at once; None if FLORA has not complained, or not for long."""
        if self._ceiling is None:
            return None
        quiet = max(0.0, self._monotonic() - max(self._cut_at, self._paused_until))
        most = self._base + int(quiet / QUIET_SECONDS)
        return most if most < self._ceiling else None

    @asynccontextmanager
    async def permit(self, *, deadline: float) -> AsyncIterator[Permit]:
        """Hold a permit, waiting for it if need be.

        Args:
            deadline: a moment of the monotonic clock.

        Raises:
            RateLimitError: the workspace is paused for longer than that. Nothing was sent.
            APITimeoutError: no place came free in time. Nothing was sent.
        """
        while (obstacle := self._enter()) is not None:
            remaining = deadline - self._monotonic()
            if isinstance(obstacle, float):
                await self._wait_out(obstacle, remaining)
            else:
                await self._queue(obstacle, remaining)
        try:
            yield Permit(self, self._monotonic())
        finally:
            self._leave()

    def _enter(self) -> "float | _Waiter | None":
        """Take a place; or return the seconds of the pause, or where to wait for a place."""
        with self._lock:
            pause = self._paused_until - self._monotonic()
            if pause > 0:
                return pause
            if self._free_places() > 0:
                self._in_flight += 1
                return None
            loop = asyncio.get_running_loop()
            waiter = _Waiter(loop, loop.create_future())
            self._waiting.append(waiter)
            return waiter

    async def _wait_out(self, pause: float, remaining: float) -> None:
        if pause > remaining:
            raise RateLimitError(
                f"FLORA has this workspace wait {pause:.1f} s more, which is past the call's deadline; "
                "nothing was sent: call again then",
                status=429,
                code="rate_limited",
                retry_after=pause,
            )
        await self._sleep(pause)

    async def _queue(self, waiter: _Waiter, remaining: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, remaining)):
                await waiter.woken
        except TimeoutError as error:
            self._give_up(waiter)
            raise APITimeoutError(
                "the calls of this workspace already in flight left no place before the call's deadline; "
                "nothing was sent"
            ) from error
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                self._wake_those_who_fit()  # it was called, and passes the call on

    def _leave(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self._wake_those_who_fit()

    def _wake_those_who_fit(self) -> None:
        called = 0
        while self._waiting and called < self._free_places():
            called += self._waiting.popleft().wake()

    def _free_places(self) -> int:
        most = self.most_in_flight
        return 1 + len(self._waiting) if most is None else most - self._in_flight

    def _cut(self, began: float, pause: float) -> None:
        with self._lock:
            now = self._monotonic()
            self._paused_until = max(self._paused_until, now + pause)
            if began < self._cut_at:
                return  # it flew before the last cut: the same complaint, heard again
            self._ceiling = max(self._ceiling or FORGOTTEN_AT, self._in_flight)
            self._base = max(1, self._in_flight // 2)
            self._cut_at = now


_rates: dict[tuple[str, str, Callable[[], float], Sleep], WorkspaceRate] = {}
_rates_lock = threading.Lock()


def shared_rate(base_url: str, workspace: str, *, monotonic: Callable[[], float], sleep: Sleep) -> WorkspaceRate:
    """Return the one limiter of a workspace in this process. (Calls on different clocks cannot share one.)"""
    with _rates_lock:
        name = (base_url, workspace, monotonic, sleep)
        if name not in _rates:
            _rates[name] = WorkspaceRate(monotonic=monotonic, sleep=sleep)
        return _rates[name]


def _settle(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
