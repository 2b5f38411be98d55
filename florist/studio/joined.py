"""Work that goes on in the background while callers join it, each for a while."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import anyio

T = TypeVar("T")


class Joined(Generic[T]):
    """One asyncio task, whoever asks and however often; begun anew only after it has failed.

    Args:
        make: the work; called again after a failure, so it takes up what it has done before.
    """

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]], *, name: str) -> None:
        self._make = make
        self._name = name
        self._task: asyncio.Task[T] | None = None

    async def join(self, seconds: float) -> T:
        """Return what the work came to, if it ends in time; it goes on otherwise.

        A cancellation ends the work too, and waits until it has ended: what must be carried through, such as a
        request whose answer is still to be recorded, is.

        Raises:
            TimeoutError: it goes on. Join again.
        """
        if self._task is None or (self._task.done() and not self._is_done_well(self._task)):
            self._task = asyncio.create_task(self._make(), name=self._name)
        try:
            await asyncio.wait({self._task}, timeout=seconds)
        except asyncio.CancelledError:
            await self.stop()
            raise
        if not self._task.done():
            raise TimeoutError(f"{self._name} goes on")
        return self._task.result()

    async def stop(self) -> None:
        """End the work, and return once it has ended."""
        if self._task is None or self._task.done():
            return
        self._task.cancel()
        # Prefect cancels by anyio's scopes, which cancel every await anew until one is shielded from them.
        with anyio.CancelScope(shield=True):
            await asyncio.wait({self._task})

    def _is_done_well(self, task: "asyncio.Task[T]") -> bool:
        return not task.cancelled() and task.exception() is None
