"""A small HTTP server that sends what a test tells it to, byte by byte wrong if need be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from florist.secrets import SignedUrl


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    number: int
    """How many for this path came before."""


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class MediaServer:
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    @property
    def trusted(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}"})

    def url(self, path: str) -> SignedUrl:
        return SignedUrl(f"http://127.0.0.1:{self.port}{path}?X-Goog-Signature=do-not-show")

    def serve(self, path: str, answer: Answer) -> SignedUrl:
        self.answers[path] = answer
        return self.url(path)

    def count(self, path: str) -> int:
        return sum(request.path == path for request in self.requests)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = head[0].split(" ")[1].partition("?")[0]
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            request = Request(path, headers, self.count(path))
            self.requests.append(request)
            await self.answers.get(path, status(404))(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def media_server() -> AsyncIterator[MediaServer]:
    server = MediaServer()
    listening = await asyncio.start_server(server._handle, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def head(code: int, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} Whatever", *lines, "Connection: close", "", ""]).encode()


def status(code: int, *lines: str) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(code, "Content-Length: 0", *lines))

    return answer


def raw(data: bytes) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def whole_file(data: bytes, *lines: str) -> Answer:
    return raw(head(200, f"Content-Length: {len(data)}", *lines) + data)


def cut(data: bytes, *, at: list[int], etag: str = '"e1"', ranges: bool = True) -> Answer:
    """Break off at these positions, one a request, then go on to the end."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        start = (
            int(request.headers["range"].removeprefix("bytes=").rstrip("-")) if "range" in request.headers else 0
        )
        start = start if ranges and request.headers.get("if-range") == etag else 0
        end = at[request.number] if request.number < len(at) else len(data)
        lines = [f"Content-Length: {len(data) - start}", *([f"ETag: {etag}"] if etag else [])]
        if start:
            lines.append(f"Content-Range: bytes {start}-{len(data) - 1}/{len(data)}")
        writer.write(head(206 if start else 200, *lines) + data[start:end])

    return answer


def one_after_another(*answers: Answer) -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await answers[min(request.number, len(answers) - 1)](request, writer)

    return answer


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head(200))
    while not writer.is_closing():
        writer.write(bytes(65536))
        await writer.drain()
