"""The server's open sockets, so that a fault can cut one."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]
_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)


class Connections:
    """Every open connection, by the address of its other end (which is the request's `scope["client"]`)."""

    def __init__(self) -> None:
        self._transports: dict[Peer, asyncio.Transport] = {}
        self._ends: dict[Peer, asyncio.Event] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return uvicorn's protocol, noting each connection here."""
        transports, ends = self._transports, self._ends

        class Noted(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client:
                    transports.pop(self.client, None)
                    ends.pop(self.client, asyncio.Event()).set()

        return Noted

    async def reset(self, scope: Any) -> None:
        """Cut the connection of this request: its other end reads a reset, whatever was written."""
        transport = self._transports.get(scope["client"])
        if transport is None:
            return
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
        await self._gone(scope["client"], transport.abort)

    async def hang_up(self, scope: Any) -> None:
        """Close the connection of this request after what was written."""
        transport = self._transports.get(scope["client"])
        if transport is not None:
            await self._gone(scope["client"], transport.close)

    async def _gone(self, peer: Peer, end: Callable[[], None]) -> None:
        # uvicorn answers 500 for a handler that returns without a word before it has seen the connection end.
        gone = self._ends.setdefault(peer, asyncio.Event())
        end()
        await gone.wait()
