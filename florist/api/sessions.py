"""One client for all who work with the same workspace on the same event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from florist.api.client import FloraClient


class SessionKey(NamedTuple):
    """What a client is shared by. Holds no secret."""

    base_url: str
    key_fingerprint: str
    workspace_id: str | None


@dataclass(slots=True)
class _Session:
    client: FloraClient
    holders: int = 0


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[SessionKey, _Session]] = WeakKeyDictionary()
_sessions_lock = threading.Lock()


@asynccontextmanager
async def shared_client(key: SessionKey, make: Callable[[], FloraClient]) -> AsyncIterator[FloraClient]:
    """Hold the client of this key and event loop, made by the first holder and closed by the last."""
    sessions = _sessions_of(asyncio.get_running_loop())
    session = sessions.get(key) or sessions.setdefault(key, _Session(make()))
    session.holders += 1
    try:
        yield session.client
    finally:
        session.holders -= 1
        if session.holders == 0:
            del sessions[key]  # before closing takes its time: whoever comes now needs a new one
            await session.client.aclose()


def _sessions_of(loop: asyncio.AbstractEventLoop) -> dict[SessionKey, _Session]:
    with _sessions_lock:
        return _sessions.setdefault(loop, {})
