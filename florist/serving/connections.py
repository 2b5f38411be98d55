"""An HTTP protocol that hangs up on whoever sends no whole request: idle connections would take every place.

uvicorn itself waits for ever for the first byte, for the rest of a head, and for a body that nobody reads any
more; its keep-alive timeout ends with the next byte. Nobody needs a token for any of these.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_WITHIN = 20.0
"""Seconds from the first byte of a request, or from the connection, until its head is whole."""


class ImpatientProtocol(H11Protocol):
    """uvicorn's own, with a time limit wherever it waits without a request to answer."""

    _hanging_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, no longer than was left, unless a request is whole by now."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._is_answering():
            self._stop_watching()
        elif self._hanging_up is None:
            self._hanging_up = self.loop.call_later(HEAD_WITHIN, self._hang_up)

    def _stop_watching(self) -> None:
        if self._hanging_up is not None:
            self._hanging_up.cancel()
            self._hanging_up = None

    def _hang_up(self) -> None:
        self._hanging_up = None
        if not self._is_answering():
            self.transport.abort()

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn's own type leaves the None out
        return cycle is not None and not cycle.response_complete
