"""Keeps what httpx and httpcore log away from the requests that carry keys or signed URLs.

httpx logs each URL at INFO, httpcore each answer's headers (a redirect's `location` among them) at DEBUG.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_silent: ContextVar[bool] = ContextVar("florist_wire_logs_silent", default=False)


@contextmanager
def unlogged() -> Iterator[None]:
    """Let httpx and httpcore log nothing of what this task sends inside the block.

    Put it around `await client.send(…)` alone, never around a `yield`: an async generator would leave its
    consumer silent too.
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _is_wanted(record: logging.LogRecord) -> bool:
    return not _silent.get()


for _name in (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
):
    logging.getLogger(_name).addFilter(_is_wanted)
