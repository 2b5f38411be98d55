"""Runs blocking calls in threads that never outlive their caller, not even a cancelled one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in asyncio's own threads; see `finished_in`."""
    return await finished_in(None, lambda: call(*args, **kwargs))


async def finished_in(threads: Executor | None, call: Callable[[], T]) -> T:
    """Run a blocking call in a thread; when cancelled, wait for its end before passing the cancellation on.

    `asyncio.to_thread` leaves the thread running instead: it would go on writing to a file that the
    cancelled caller is about to close and remove.
    """
    future = asyncio.get_running_loop().run_in_executor(threads, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            await _until_done(future)
        if not future.cancelled():
            future.exception()
        raise


async def _until_done(future: "asyncio.Future[T]") -> None:
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        return
