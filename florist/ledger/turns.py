"""Who may send right now: within one process, one POST at a time per technique and workspace.

A kill then leaves at most one request per technique whose fate is unknown.
"""

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False)
class Turn:
    """The turn of one technique of one workspace.

    Attributes:
        lock: held from before a request is recorded as `sent` until its fate is known.
        is_clear: whether no request of the technique is open, as far as this process knows. False to begin
            with, since another process may have died in one.
        look_again_at: when to find out anew, by our monotonic clock.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_clear: bool = False
    look_again_at: float = float("-inf")


_turns: dict[asyncio.AbstractEventLoop, dict[tuple[str, str, str], Turn]] = {}


def turn_of(location: str, workspace: str, technique_id: str) -> Turn:
    """Return the one turn of a technique in this event loop, whatever spender asks."""
    for loop in [loop for loop in tuple(_turns) if loop.is_closed()]:
        _turns.pop(loop, None)
    of_this_loop = _turns.setdefault(asyncio.get_running_loop(), {})
    return of_this_loop.setdefault((location, workspace, technique_id), Turn())
