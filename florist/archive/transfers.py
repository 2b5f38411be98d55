"""Streams outputs from FLORA into a store, a few at once, the most urgent first.

FLORA's URL ─► download ─► media type told from the bytes ─► truncation check ─► write, hashed on the way
"""

import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import datetime
from functools import cache
from typing import TypeVar
from urllib.parse import quote

from florist.api.models import MediaKind, Output
from florist.archive.download import Fetch
from florist.archive.errors import DeadUrlError, TransferBrokenError
from florist.archive.formats import UNKNOWN, MediaType, accepted
from florist.archive.fresh_urls import FreshUrls
from florist.archive.manifest import ArchivedOutput
from florist.archive.picture_size import PictureSize, picture_size
from florist.archive.priority_semaphore import PrioritySemaphore
from florist.archive.truncation import reject_truncated
from florist.media_types import SNIFFED_BYTES
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError
from florist.stores.store import Store, StoredObject

T = TypeVar("T")

Attempt = Callable[[Output, AsyncGenerator[bytes, None]], Awaitable[T]]
"""Keeps an output, given what FLORA says of it and the bytes behind its URL, fetched as they are read."""

TEXT = MediaType("text/plain", "txt")
UNKNOWN_FORMAT = "its format is not known here, so it could not be checked for being whole or of the declared type"
NOT_UTF8 = "it is not valid UTF-8 throughout; its bytes are kept as they came"

TEXT_BYTES_IN_MANIFEST = 16 * 1024
"""Texts up to this size are repeated in the manifest, so that a later step needs no second read."""

ATTEMPTS = 3
"""Whole transfers of one output, each with the downloader's own resumes; and fresh URLs for it."""

LIGHT_BYTES = 1024 * 1024
"""Up to here an output takes next to no memory, and there may be many transfers at once."""
LIGHT_AT_ONCE = 16
"""As many as an S3 store has connections."""

logger = logging.getLogger(__name__)


class _HeavyError(Exception):
    """An output turns out to be heavy, and as many of these as may be are under way. Never leaves this module."""


class Transfers:
    """Copies outputs into one store; whoever holds a URL that dies soon goes first.

    How heavy an output is shows only as it comes. So each begins among the light ones; what grows beyond them
    goes on if a heavy one may, and otherwise begins anew when its turn comes.

    Args:
        at_once: heavy transfers.
    """

    def __init__(self, store: Store, fetch: Fetch, *, at_once: int) -> None:
        self._store = store
        self._fetch = fetch
        self._light = PrioritySemaphore(LIGHT_AT_ONCE)
        self._heavy = PrioritySemaphore(at_once)

    async def keep(
        self, urls: FreshUrls, index: int, *, key_of: Callable[[str], str], deadline: datetime
    ) -> ArchivedOutput:
        """Write an output under a new key, once it has proved to be what it was declared as.

        Args:
            key_of: the key for a file extension.
            deadline: when its URL dies.

        Raises:
            TransferError: or `IntegrityError`: the bytes could not be had as promised.
        """

        async def attempt(output: Output, opened: AsyncGenerator[bytes, None]) -> ArchivedOutput:
            if output.text is not None:
                chunks = _once(_encoded(output))
                stored = await self._write(urls.run.run_id, index, key_of(TEXT.extension), chunks, TEXT.name)
                return await self._archived(output, index, stored, TEXT)
            async with aclosing(_with_beginning(opened)) as chunks:
                beginning = await anext(chunks, b"")
                media = accepted(output.type, beginning)
                whole = reject_truncated(_joined(beginning, chunks), media.name)
                stored = await self._write(urls.run.run_id, index, key_of(media.extension), whole, media.name)
            return await self._archived(output, index, stored, media, picture_size(media.name, beginning))

        return await self._attempts(urls, index, deadline, attempt)

    async def restore(self, urls: FreshUrls, output: ArchivedOutput, *, key: str, deadline: datetime) -> None:
        """Write an output once more, if its bytes still have the SHA-256 that its manifest tells.

        Raises:
            IntegrityError: FLORA's bytes are others than those that were kept; nothing was written.
            KeyTakenError: other bytes stand under the key.
        """

        async def attempt(source: Output, opened: AsyncGenerator[bytes, None]) -> None:
            chunks = opened if source.text is None else _once(_encoded(source))
            await self._write(urls.run.run_id, output.index, key, _same_as(output, chunks), output.media_type)

        await self._attempts(urls, output.index, deadline, attempt)

    async def restore_text(self, run_id: str, output: ArchivedOutput, *, key: str) -> bool:
        """Write a short text once more from its manifest, without asking FLORA; False if it is not told there."""
        content = (output.text or "").encode()
        if hashlib.sha256(content).hexdigest() != output.sha256:
            return False
        await self._write(run_id, output.index, key, _once(content), output.media_type)
        return True

    async def _attempts(
        self,
        urls: FreshUrls,
        index: int,
        deadline: datetime,
        attempt: Attempt[T],
    ) -> T:
        async with self._light.held(deadline), AsyncExitStack() as held:

            @cache  # one permit, however often it is tried
            def may_be_heavy() -> bool:
                return held.enter_context(self._heavy.if_free())

            try:
                return await self._attempted(urls, index, attempt, may_be_heavy)
            except _HeavyError:
                pass
        async with self._heavy.held(deadline):
            return await self._attempted(urls, index, attempt, lambda: True)

    async def _attempted(
        self, urls: FreshUrls, index: int, attempt: Attempt[T], may_be_heavy: Callable[[], bool]
    ) -> T:
        run_id, url = urls.run.run_id, urls.run.outputs[index].url
        for number in range(1, ATTEMPTS + 1):
            try:
                async with aclosing(self._opened(url, may_be_heavy)) as opened:
                    return await attempt(urls.run.outputs[index], opened)
            except DeadUrlError as error:
                url = await urls.fresh_url(index, url, error)
            except IntegrityError as error:
                if number == ATTEMPTS:
                    raise IntegrityError(f"output {index} of run {run_id}: {error}") from error
                logger.warning("output %d of run %s: %s; fetching it anew", index, run_id, error)
            except TransferBrokenError as error:
                if number == ATTEMPTS:
                    raise
                logger.warning("output %d of run %s: %s; fetching it anew", index, run_id, error)
        raise urls.unavailable(index, "each fresh URL was dead before it was fetched")

    async def _opened(
        self, url: SignedUrl | None, may_be_heavy: Callable[[], bool]
    ) -> AsyncGenerator[bytes, None]:
        if url is None or url.is_dropped:
            raise DeadUrlError("there is no URL here")
        size_bytes, is_heavy = 0, False
        async with aclosing(self._fetch(url)) as chunks:
            async for chunk in chunks:
                size_bytes += len(chunk)
                if size_bytes > LIGHT_BYTES and not is_heavy:
                    if not may_be_heavy():
                        raise _HeavyError
                    is_heavy = True
                yield chunk

    async def _write(
        self, run_id: str, index: int, key: str, chunks: AsyncIterator[bytes], media_type: str
    ) -> StoredObject:
        return await self._store.write(key, chunks, media_type=media_type, metadata=metadata_of(run_id, index))

    async def _archived(
        self, output: Output, index: int, stored: StoredObject, media: MediaType, size: PictureSize | None = None
    ) -> ArchivedOutput:
        if stored.sha256 is None:
            raise IntegrityError(f"{self._store.location} wrote {stored.key} without a hash")
        text, warning = await self._short_text(output, stored, media)
        if warning:
            logger.warning("%s: %s; it is kept as it is", stored.key, warning)
        return ArchivedOutput(
            index=index,
            output_id=output.output_id,
            type=output.type,
            key=stored.key,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            media_type=media.name,
            width=size.width if size else None,
            height=size.height if size else None,
            warning=warning,
            text=text,
        )

    async def _short_text(
        self, output: Output, stored: StoredObject, media: MediaType
    ) -> tuple[str | None, str | None]:
        """Return the text for the manifest, if it is one and short, and what to know before using it."""
        if media == UNKNOWN:
            return None, UNKNOWN_FORMAT
        if output.text is not None:
            content = _encoded(output)
        else:
            is_short = output.type is MediaKind.TEXT and stored.size_bytes <= TEXT_BYTES_IN_MANIFEST
            content = (await self._store.read(stored.key) or b"") if is_short else b""
        if not 0 < len(content) <= TEXT_BYTES_IN_MANIFEST:
            return None, None
        try:
            return content.decode("utf-8-sig"), None
        except UnicodeDecodeError:
            return None, NOT_UTF8


def metadata_of(run_id: str, index: int) -> dict[str, str]:
    """Return what an object's metadata says of it, escaped: headers take no line breaks, and nothing but ASCII."""
    return {"run-id": quote(run_id, errors="surrogatepass"), "output-index": str(index)}


def _encoded(output: Output) -> bytes:
    content = (output.text or "").encode()
    if not content:
        raise IntegrityError(f"text output {output.output_id} is empty")
    return content


async def _once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def _with_beginning(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes, the first chunk at least as long as is looked at to know them."""
    beginning = b""
    async for chunk in chunks:
        if len(beginning) >= SNIFFED_BYTES:
            yield chunk
            continue
        beginning += chunk
        if len(beginning) >= SNIFFED_BYTES:
            yield beginning
    if len(beginning) < SNIFFED_BYTES:
        yield beginning


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in rest:
        yield chunk


async def _same_as(output: ArchivedOutput, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != output.sha256:
        raise IntegrityError(f"FLORA's bytes of {output.key} are others now than those that were kept")
