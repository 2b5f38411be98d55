"""One object for all who need it on the same event loop, made by the first and closed by the last."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


@dataclass(slots=True)
class _Held:
    value: Any
    holders: int = 0


_held: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Held]] = WeakKeyDictionary()
_held_lock = threading.Lock()


@asynccontextmanager
async def shared(key: Hashable, make: Callable[[], T]) -> AsyncIterator[T]:
    """Hold the object of this key and event loop.

    Args:
        key: says what the object is shared by; holds no secret.
        make: called for the first holder. If what it makes has an `aclose`, the last holder awaits it.
    """
    objects = _objects_of(asyncio.get_running_loop())
    if key not in objects:
        objects[key] = _Held(make())
    held = objects[key]
    held.holders += 1
    try:
        yield held.value
    finally:
        held.holders -= 1
        if held.holders == 0:
            del objects[key]  # before closing takes its time: whoever comes now needs a new one
            if hasattr(held.value, "aclose"):
                await held.value.aclose()


def _objects_of(loop: asyncio.AbstractEventLoop) -> dict[Hashable, _Held]:
    with _held_lock:
        return _held.setdefault(loop, {})
