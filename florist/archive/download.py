"""Resumable downloads within limits: all bytes of an output, from where it is allowed, or an error.

A broken connection is taken up again where it broke (`Range`), as long as the server says that it still has
the same bytes (`If-Range`).
"""

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Self
from urllib.parse import urljoin

import httpx

from florist.api.tls import trusted
from florist.api.wire_logs import unlogged
from florist.archive.addresses import Resolve, Target, resolved, target_of
from florist.archive.download_progress import DownloadLimits, DownloadProgress
from florist.archive.errors import TransferBrokenError, TransferRefusedError
from florist.secrets import SignedUrl

Fetch = Callable[[SignedUrl], AsyncGenerator[bytes, None]]
"""Yields the bytes behind a URL: `Downloader.fetch`, or a test's own."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Downloader:
    """Fetches URLs from public https hosts, and from those named in the settings.

    Keeps connections for the next download; close it, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        trusted_hosts: frozenset[str] = frozenset(),
        limits: DownloadLimits | None = None,
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
        self._limits = limits or DownloadLimits()
        self._tls = tls or trusted(trust_env=False)
        self._resolve = resolve
        self._monotonic = monotonic
        self._sleep = sleep
        self._connections: list[httpx.AsyncHTTPTransport] = []
        self._idle: defaultdict[str, list[httpx.AsyncHTTPTransport]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        connections, self._connections = self._connections, []
        self._idle.clear()
        for connection in connections:
            await connection.aclose()

    async def fetch(
        self, url: SignedUrl, *, heard: Callable[[httpx.Headers], None] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield all bytes behind a URL, in the chunks they arrive in.

        Whoever takes them slowly slows the server down: nothing is buffered here.

        Args:
            heard: takes the headers of each answer that has bytes, before them.

        Raises:
            DeadUrlError: the server does not know the URL, or its time is over.
            TransferRefusedError: a host or a size that is not allowed.
            TransferBrokenError: it broke, and taking it up again did not help.
            IntegrityError: nothing came, or the server began to send something else.
        """
        progress = DownloadProgress(url, self._limits, self._monotonic)
        while not progress.is_complete:
            try:
                async with self._answer(url, progress) as response, aclosing(_body(response)) as chunks:
                    for_resuming = progress.accept(response)
                    if heard:
                        heard(response.headers)
                    async for chunk in progress.watched(chunks, skip=for_resuming):
                        yield chunk
                progress.ended()
            except (httpx.TransportError, TransferBrokenError) as error:
                await self._sleep(progress.broken(error))

    @asynccontextmanager
    async def _answer(self, url: SignedUrl, progress: DownloadProgress) -> AsyncGenerator[httpx.Response, None]:
        """Follow redirects to an answer that has bytes; each is checked as the first."""
        location = url.reveal()
        for _ in range(self._limits.redirects + 1):
            async with self._asked(location, url, progress) as response:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                with _typed_errors(url):
                    location = urljoin(location, response.headers.get("location", ""))
        raise TransferRefusedError(f"{url} redirects more than {self._limits.redirects} times")

    @asynccontextmanager
    async def _asked(
        self, location: str, url: SignedUrl, progress: DownloadProgress
    ) -> AsyncGenerator[httpx.Response, None]:
        """Ask one server, which has to begin its answer in time; httpx's own clock starts anew with every byte."""
        deadline = asyncio.get_running_loop().time() + self._limits.answer_timeout
        with _typed_errors(url):
            async with asyncio.timeout_at(deadline):
                target = await target_of(location, trusted_hosts=self._trusted_hosts, resolve=self._resolve)
        async with self._connection(target.url.host) as connection:
            with _typed_errors(url), unlogged():
                async with asyncio.timeout_at(deadline):
                    response = await connection.handle_async_request(_request(target, progress, self._limits))
            try:
                yield response
            finally:
                await response.aclose()

    @asynccontextmanager
    async def _connection(self, host: str) -> AsyncGenerator[httpx.AsyncHTTPTransport, None]:
        """Have a connection to a host for one request: one that is idle, else a new one.

        They are kept apart by host, since connecting is by address: hosts that share one must not share a
        connection whose certificate was checked for one of them. The transport is used without httpx's client,
        which would log every URL, use a proxy, and follow redirects by itself; and for one connection only, for
        it looks through all it has at every request.
        """
        idle = self._idle[host]
        connection = idle.pop() if idle else self._opened()
        try:
            yield connection
        finally:
            idle.append(connection)

    def _opened(self) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(
            verify=self._tls, trust_env=False, limits=httpx.Limits(max_connections=1)
        )
        self._connections.append(transport)
        return transport


@contextmanager
def _typed_errors(url: SignedUrl) -> Iterator[None]:
    """Turn what httpx and its kin raise raw into errors of ours, without words that may quote the URL."""
    try:
        yield
    except TimeoutError:
        raise TransferBrokenError(f"{url} did not begin to answer in time") from None
    except (httpx.InvalidURL, ValueError, OverflowError, ExceptionGroup) as error:
        raise TransferRefusedError(f"{url} leads to what cannot be asked ({type(error).__name__})") from None


def _request(target: Target, progress: DownloadProgress, limits: DownloadLimits) -> httpx.Request:
    headers = {"Host": target.url.netloc.decode(), "Accept": "*/*", "Accept-Encoding": "identity"}
    if progress.position and progress.validator:
        headers |= {"Range": f"bytes={progress.position}-", "If-Range": progress.validator}
    timeout = httpx.Timeout(limits.silence_timeout, connect=limits.connect_timeout)
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
