"""A lock per technique and workspace: within one process, one POST at a time.

A kill then leaves at most one in-doubt request per technique.
"""

import asyncio
from dataclasses import dataclass, field

from florist.per_loop import of_this_loop


@dataclass(eq=False)
class TechniqueLock:
    """The lock of one technique of one workspace.

    Attributes:
        lock: held from before a request is recorded as `sent` until its outcome is known.
        is_clear: whether no request of the technique is open, as far as this process knows. False to begin
            with, since another process may have died in one.
        look_again_at: when to find out anew, by our monotonic clock.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_clear: bool = False
    look_again_at: float = float("-inf")


def technique_lock(location: str, workspace: str, technique_id: str) -> TechniqueLock:
    """Return the one lock of a technique in this event loop, whatever spender asks."""
    return of_this_loop(("technique lock", location, workspace, technique_id), TechniqueLock)
