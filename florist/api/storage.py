"""Brings bytes to the signed addresses FLORA hands out. Never bears the API key, never follows a redirect."""

import asyncio
import io
import random
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from florist.api.assets import AssetFile, CheckedFile, UploadTarget
from florist.api.causes import harmless, named
from florist.api.errors import APIConnectionError, AssetError, UntrustedUrlError
from florist.api.rate import Sleep
from florist.api.retries import Kind, Trouble, retry_delay
from florist.api.routes import is_loopback, is_requestable
from florist.api.tls import trusted
from florist.api.wire_logs import unlogged
from florist.secrets import SignedUrl

ATTEMPTS = 4
SLOWEST_BYTES_A_SECOND = 50_000
"""A slower upload is given up: some bound there must be, and the reservation expires too."""


class Storage:
    """The storage behind FLORA's uploads."""

    def __init__(
        self,
        *,
        is_sandbox: bool,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None,
        sleep: Sleep,
        rng: random.Random,
    ) -> None:
        self._is_sandbox = is_sandbox
        self._timeout = timeout
        self._transport = transport
        self._sleep = sleep
        self._rng = rng
        self._http: httpx.AsyncClient | None = None

    async def put(self, target: UploadTarget, file: AssetFile) -> bool:
        """Send a file from its beginning, from disk without holding it in memory; safe to repeat.

        Returns:
            False if the storage refuses: most often the reservation has expired.

        Raises:
            UntrustedUrlError: the address is not https. Nothing was sent.
            APIConnectionError: the storage could not be reached, or was failing.
        """
        if not is_safe(target.url, is_sandbox=self._is_sandbox):
            raise UntrustedUrlError(f"{file.name} is not uploaded to {target.url}: the address is no https URL")
        for attempt in range(ATTEMPTS):
            outcome = await self._post(target, file)
            if isinstance(outcome, int) and outcome < 500:
                return 200 <= outcome < 300
            if attempt + 1 < ATTEMPTS:
                await self._sleep(retry_delay(Trouble(Kind.BROKEN), attempt, self._rng))
        what, cause = (
            (named(outcome), outcome) if isinstance(outcome, Exception) else (f"it answered {outcome}", None)
        )
        raise APIConnectionError(
            f"{file.name} could not be uploaded to {target.url.host} ({what}); tried {ATTEMPTS} times"
        ) from cause

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _post(self, target: UploadTarget, file: AssetFile) -> int | Exception:
        content = await asyncio.to_thread(opened, file)
        try:
            request = self._client().build_request(
                "POST",
                target.url.reveal(),
                data=target.form_fields,
                files={target.file_field: (file.name, content, file.media_type)},
            )
            async with asyncio.timeout(self._timeout + file.size_bytes / SLOWEST_BYTES_A_SECOND):
                with unlogged():
                    response = await self._client().send(request, stream=True)
                # Its status is all that is wanted: the body is nobody's, and may have no end.
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return harmless(error)
        finally:
            content.close()
        return response.status_code

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=self._timeout,
                follow_redirects=False,
                transport=self._transport,
                verify=trusted(trust_env=not self._is_sandbox),
                trust_env=not self._is_sandbox,
            )
        return self._http


def is_safe(url: SignedUrl, *, is_sandbox: bool) -> bool:
    """Whether a URL can be requested at all and is https, or leads from a sandbox to this machine itself."""
    if not is_requestable(url.reveal()):
        return False
    return urlsplit(url.reveal()).scheme == "https" or (is_sandbox and is_loopback(url.host))


def opened(file: AssetFile) -> BinaryIO:
    """Return the bytes of a file from their beginning, checked while they are read.

    Raises:
        AssetError: it cannot be opened.
    """
    if not isinstance(file.source, Path):
        return io.BytesIO(file.source)
    try:
        return CheckedFile(file.source, file.sha256)
    except OSError as error:
        raise AssetError(f"{file.source} cannot be read: {error.strerror}") from error
