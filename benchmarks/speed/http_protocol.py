"""HTTP/1.1 as a benchmark needs it: keep-alive, one request after another, next to no CPU."""

import asyncio
import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Answer | None], None]
"""Called once, now or later; None cuts the connection."""


class App(Protocol):
    def serve(self, request: Request, respond: Respond) -> None: ...


class HttpProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._buffer = bytearray()
        self._is_busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve_next()

    def _serve_next(self) -> None:
        while not self._is_busy and (request := self._taken()) is not None:
            self._is_busy = True
            self._app.serve(request, self._respond)

    def _taken(self) -> Request | None:
        """Take the next request off the buffer, once it is there whole."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        line, *fields = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        size = int(headers.get("content-length", 0))
        if len(self._buffer) < end + 4 + size:
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        method, target, _ = line.split(" ")
        return Request(method, target, headers, body)

    def _respond(self, answer: Answer | None) -> None:
        if self._transport is None:
            return
        if answer is None:
            self._transport.abort()
            return
        head = [f"HTTP/1.1 {answer.status} -", f"date: {email.utils.formatdate(time.time(), usegmt=True)}"]
        head += [f"content-type: {answer.media_type}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if "content-length" not in answer.headers:
            head.append(f"content-length: {len(answer.body)}")
        self._transport.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)
        self._is_busy = False
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._serve_next)
