"""Single flight: one task for each key, which whoever asks for the same meanwhile joins."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class SharedCalls(Generic[T]):
    """The calls under way in this process, by their keys."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}
        self._waiting: dict[str, int] = {}

    async def joined(self, key: str, begin: Callable[[], Coroutine[None, None, T]]) -> T:
        """Return what the one call under way for this key comes to: this one, or the one before it.

        A caller that is cancelled leaves the call to the others. The last one cancels it, and waits for its end.
        """
        while True:
            task = self._tasks.get(key) or self._begun(key, begin)
            try:
                return await self._waited_for(key, task)
            except asyncio.CancelledError:
                ours = asyncio.current_task()
                if not task.cancelled() or (ours is not None and ours.cancelling()):
                    raise
                # Whoever began it was cancelled, and we are not: what it has left behind is ours to go on with.

    async def ended(self) -> None:
        """Wait until no call is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _begun(self, key: str, begin: Callable[[], Coroutine[None, None, T]]) -> "asyncio.Task[T]":
        task = asyncio.create_task(begin(), name=f"start {key[:8]}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._over(key, done))
        return task

    async def _waited_for(self, key: str, task: "asyncio.Task[T]") -> T:
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done() and self._waiting[key] == 1:
                # Nobody else wants it. What has left is seen through; see `carried_through`.
                task.cancel()
                with anyio.CancelScope(shield=True):
                    await asyncio.wait({task})
            raise
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    def _over(self, key: str, task: "asyncio.Task[T]") -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # those who waited have raised it
