"""Objects kept per event loop: made by whoever asks first, found by all who ask after, gone with the loop."""

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


def of_this_loop(key: Hashable, make: Callable[[], T]) -> T:
    """Return the object of this key and event loop, which stays for as long as the loop does."""
    objects = _objects_of(asyncio.get_running_loop())
    if key not in objects:
        objects[key] = _Held(make())
    value: T = objects[key].value
    return value


@asynccontextmanager
async def shared(key: Hashable, make: Callable[[], T]) -> AsyncIterator[T]:
    """Hold the object of this key and event loop, which goes with its last holder.

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
