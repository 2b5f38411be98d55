"""Brings one output of a run to where it is kept, verified as it streams by; from a fresh URL if one has died."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from florist.api.models import Output
from florist.archive.errors import DeadUrlError, OutputExpiredError, TransferBrokenError
from florist.archive.formats import UNKNOWN, MediaType, accepted
from florist.archive.fresh_urls import FreshUrls
from florist.archive.truncation import reject_truncated
from florist.media_types import SNIFFED_BYTES
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError

Kept = TypeVar("Kept")
Fetch = Callable[[SignedUrl], AsyncGenerator[bytes, None]]
Keep = Callable[[AsyncIterator[bytes], MediaType], Awaitable[Kept]]
"""Takes the bytes of an output. Where they end in an error, it must leave nothing behind: it is called anew."""

TEXT = MediaType("text/plain", "txt")
UNKNOWN_FORMAT = "its format is not known here, so it could not be checked for being whole or of the declared type"

ATTEMPTS = 3
"""Whole transfers of one output, each with the downloader's own resumes; and fresh URLs for it."""

logger = logging.getLogger(__name__)


async def transferred(urls: FreshUrls, index: int, fetch: Fetch, keep: Keep[Kept]) -> Kept:
    """Hand the verified bytes of an output to `keep`, and return what that returned.

    Raises:
        OutputExpiredError: no living URL is left.
        TransferError: or `IntegrityError`: the bytes could not be had as promised.
    """
    run_id, output = urls.run.run_id, urls.run.outputs[index]
    if output.text is not None:
        return await keep(_text_chunks(output), TEXT)
    url = output.url
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(urls, index, url, fetch, keep)
        except DeadUrlError as error:
            url = await urls.fresh_url(index, url, error)
        except (TransferBrokenError, IntegrityError) as error:
            if attempt == ATTEMPTS:
                raise
            logger.warning("output %d of run %s: %s; fetching it anew", index, run_id, error)
    raise OutputExpiredError(
        f"output {index} of run {run_id} was paid for, but each fresh URL was dead before it was "
        "fetched; archive it sooner",
        run_id=run_id,
        index=index,
    )


async def _attempt(urls: FreshUrls, index: int, url: SignedUrl | None, fetch: Fetch, keep: Keep[Kept]) -> Kept:
    run_id = urls.run.run_id
    if url is None or url.is_dropped:
        raise DeadUrlError(f"output {index} of run {run_id} has no URL here")
    async with aclosing(fetch(url)) as chunks, aclosing(_with_beginning(chunks)) as all_chunks:
        beginning = await anext(all_chunks, b"")
        try:
            media = accepted(urls.run.outputs[index].type, beginning)
        except IntegrityError as error:
            raise IntegrityError(f"output {index} of run {run_id}: {error}") from error
        if media == UNKNOWN:
            logger.warning("output %d of run %s: %s; it is kept as it is", index, run_id, UNKNOWN_FORMAT)
        return await keep(reject_truncated(_joined(beginning, all_chunks), media.name), media)


async def _text_chunks(output: Output) -> AsyncGenerator[bytes, None]:
    try:
        content = (output.text or "").encode()
    except UnicodeEncodeError as error:
        raise IntegrityError(f"text output {output.output_id} is not valid Unicode") from error
    if not content:
        raise IntegrityError(f"text output {output.output_id} is empty")
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
