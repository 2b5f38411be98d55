"""Fetches the bytes of an output: all of them, from where it is allowed, within bounds, or an error.

A broken connection is taken up again where it broke (`Range`), as long as the server says that it still has
the same bytes (`If-Range`).
"""

import asyncio
import logging
import re
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin

import httpx

from florist.api.secrets import SignedUrl
from florist.api.wire_logs import unlogged
from florist.archive.addresses import Resolve, Target, resolved, target_of
from florist.archive.errors import DeadUrlError, IntegrityError, TransferBrokenError, TransferRefusedError

DEAD = frozenset({400, 401, 403, 404, 410})
"""What stores answer for a signed URL whose time is over; Google says 400."""

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a download may take.

    Attributes:
        total_timeout: seconds for one output, resumes and waiting for the store included.
        bytes_per_second_at_least: over `speed_window` seconds of waiting for the network; slower counts as broken.
        silence_timeout: seconds without a single byte.
        resumes: broken connections taken up again, at most, for one output.
        fruitless_resumes: those of them in a row that brought nothing.
    """

    size_bytes_at_most: int = 20 * 1024**3
    total_timeout: float = 3600.0
    bytes_per_second_at_least: int = 4096
    speed_window: float = 30.0
    silence_timeout: float = 30.0
    connect_timeout: float = 10.0
    redirects: int = 5
    resumes: int = 20
    fruitless_resumes: int = 3


class Downloader:
    """Fetches URLs from public https hosts, and from those named in the settings.

    Keeps connections for the next download; close it, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        trusted_hosts: frozenset[str] = frozenset(),
        bounds: Bounds | None = None,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolved,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Set the rules.

        Args:
            trusted_hosts: `host:port` of a sandbox, which may be on the loopback and without TLS.
        """
        self._trusted_hosts = trusted_hosts
        self._bounds = bounds or Bounds()
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._resolve = resolve
        self._monotonic = monotonic
        self._sleep = sleep
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    async def fetch(self, url: SignedUrl) -> AsyncGenerator[bytes, None]:
        """Yield all bytes behind a URL, in the chunks they arrive in.

        Whoever takes them slowly slows the server down: nothing is buffered here.

        Raises:
            DeadUrlError: the server does not know the URL, or its time is over.
            TransferRefusedError: a host or a size that is not allowed.
            TransferBrokenError: it broke, and taking it up again did not help.
            IntegrityError: nothing came, or the server began to send something else.
        """
        progress = _Progress(url, self._bounds, self._monotonic)
        while not progress.is_complete:
            try:
                async with self._answer(url, progress) as response, aclosing(_body(response)) as chunks:
                    for_resuming = progress.accept(response)
                    async for chunk in progress.watched(chunks, skip=for_resuming):
                        yield chunk
                progress.ended()
            except (httpx.TransportError, TransferBrokenError) as error:
                await self._sleep(progress.broken(error))

    @asynccontextmanager
    async def _answer(self, url: SignedUrl, progress: "_Progress") -> AsyncGenerator[httpx.Response, None]:
        """Follow redirects to an answer that has bytes; each is checked as the first."""
        location = url.reveal()
        for _ in range(self._bounds.redirects + 1):
            target = await target_of(location, trusted_hosts=self._trusted_hosts, resolve=self._resolve)
            with unlogged():
                response = await self._transport(target).handle_async_request(
                    _request(target, progress, self._bounds)
                )
            try:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                location = urljoin(location, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise TransferRefusedError(f"{url} redirects more than {self._bounds.redirects} times")

    def _transport(self, target: Target) -> httpx.AsyncHTTPTransport:
        """Return the connections of a host.

        They are kept apart by host, since connecting is by address: hosts that share one must not share a
        connection whose certificate was checked for one of them. The transport is used without httpx's client,
        which would log every URL, use a proxy, and follow redirects by itself.
        """
        if target.url.host not in self._transports:
            self._transports[target.url.host] = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        return self._transports[target.url.host]


class _Progress:
    """How far one download is, and whether it may go on. Decides; does no input or output."""

    def __init__(self, url: SignedUrl, bounds: Bounds, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._bounds = bounds
        self._monotonic = monotonic
        self._deadline = monotonic() + bounds.total_timeout
        self._resumes = self._fruitless = self._resumed_from = 0
        self._total_bytes: int | None = None
        self.position = 0
        self.validator: str | None = None
        self.is_complete = False

    def accept(self, response: httpx.Response) -> int:
        """Look at an answer before its bytes; return how many of them are there already and to be skipped."""
        self._check_status(response.status_code)
        is_resumed = response.status_code == 206
        start, total_bytes = _content_range(response) if is_resumed else (0, _content_length(response))
        if is_resumed and start != self.position:
            raise IntegrityError(f"{self._url} sent another part than was asked for")
        validator = _validator(response)
        is_other_length = None not in (total_bytes, self._total_bytes) and total_bytes != self._total_bytes
        if self.position and (validator != self.validator or is_other_length):
            raise IntegrityError(f"{self._url} changed while it was fetched; fetch it anew")
        if total_bytes is not None and total_bytes > self._bounds.size_bytes_at_most:
            raise TransferRefusedError(
                f"{self._url} claims {total_bytes} bytes; at most {self._bounds.size_bytes_at_most} are kept"
            )
        self.validator, self._total_bytes = validator, total_bytes
        return 0 if is_resumed else self.position

    async def watched(self, chunks: AsyncGenerator[bytes, None], *, skip: int) -> AsyncGenerator[bytes, None]:
        """Yield chunks as long as they come fast enough and do not become too many."""
        window_bytes, window_seconds = 0, 0.0
        while True:
            asked_at = self._monotonic()
            chunk = await anext(chunks, None)
            if chunk is None:
                return
            # The taker's time is not the network's: only waiting here is measured.
            window_seconds += self._monotonic() - asked_at
            window_bytes += len(chunk)
            if window_seconds >= self._bounds.speed_window:
                self._check_speed(window_bytes / window_seconds)
                window_bytes, window_seconds = 0, 0.0
            self._check_deadline()
            skipped = min(skip, len(chunk))
            skip -= skipped
            self._count(len(chunk) - skipped)
            if len(chunk) > skipped:
                yield chunk[skipped:]

    def ended(self) -> None:
        """Take note that the server has sent all it meant to."""
        if self._total_bytes is not None and self.position != self._total_bytes:
            raise TransferBrokenError(f"{self._url} ended after {self.position} of {self._total_bytes} bytes")
        if self.position == 0:
            raise IntegrityError(f"{self._url} is empty")
        self.is_complete = True

    def broken(self, error: Exception) -> float:
        """Return the seconds to wait before taking it up again, or raise if that is no use."""
        self._check_deadline()
        self._resumes += 1
        self._fruitless = self._fruitless + 1 if self.position == self._resumed_from else 0
        self._resumed_from = self.position
        reason = str(error) if isinstance(error, TransferBrokenError) else type(error).__name__
        if self.position and self.validator is None:
            raise TransferBrokenError(
                f"{self._url} broke at byte {self.position} ({reason}) and cannot be resumed"
            ) from error
        if self._resumes > self._bounds.resumes or self._fruitless > self._bounds.fruitless_resumes:
            raise TransferBrokenError(
                f"{self._url} broke {self._resumes} times, at last at byte {self.position} ({reason})"
            ) from error
        logger.info("%s broke at byte %d (%s); taking it up again", self._url, self.position, reason)
        return 0.5 * 2**self._fruitless if self._fruitless else 0.0

    def _check_status(self, status: int) -> None:
        if status in DEAD:
            raise DeadUrlError(f"{self._url} is dead (HTTP {status})")
        if status in _BUSY:
            raise TransferBrokenError(f"{self._url} answered HTTP {status}")
        if status == 416:
            raise IntegrityError(f"{self._url} is shorter than it was; fetch it anew")
        if status not in (200, 206) or (status == 206 and not self.position):
            raise TransferRefusedError(f"{self._url} answered HTTP {status}, which is no file")

    def _check_speed(self, bytes_per_second: float) -> None:
        if bytes_per_second < self._bounds.bytes_per_second_at_least:
            raise TransferBrokenError(f"{self._url} sends only {bytes_per_second:.0f} bytes a second")

    def _check_deadline(self) -> None:
        if self._monotonic() > self._deadline:
            raise TransferRefusedError(
                f"{self._url} was not there after {self._bounds.total_timeout:.0f} s, at byte {self.position}"
            )

    def _count(self, size: int) -> None:
        self.position += size
        if self.position > self._bounds.size_bytes_at_most:
            raise TransferRefusedError(f"{self._url} has more than {self._bounds.size_bytes_at_most} bytes")


def _request(target: Target, progress: _Progress, bounds: Bounds) -> httpx.Request:
    headers = {"Host": target.url.netloc.decode(), "Accept": "*/*", "Accept-Encoding": "identity"}
    if progress.position and progress.validator:
        headers |= {"Range": f"bytes={progress.position}-", "If-Range": progress.validator}
    timeout = httpx.Timeout(bounds.silence_timeout, connect=bounds.connect_timeout)
    return httpx.Request(
        "GET",
        target.url.copy_with(host=target.address),
        headers=headers,
        extensions={"timeout": timeout.as_dict(), "sni_hostname": target.url.host},
    )


async def _body(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Yield the bytes as they were sent: whatever encoding they claim, the file is what is behind it."""
    assert isinstance(response.stream, AsyncIterable)  # noqa: S101 - what an async transport answers with
    async for chunk in response.stream:
        yield chunk


def _validator(response: httpx.Response) -> str | None:
    """Return what `If-Range` takes: a strong ETag, or else a date."""
    etag: str | None = response.headers.get("etag")
    if etag and not etag.startswith("W/"):
        return etag
    modified: str | None = response.headers.get("last-modified")
    return modified


def _content_length(response: httpx.Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if told.isdecimal() else None


def _content_range(response: httpx.Response) -> tuple[int, int]:
    told = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if told is None:
        raise IntegrityError("a resumed download does not say which part it sends; fetch it anew")
    return int(told[1]), int(told[3])
