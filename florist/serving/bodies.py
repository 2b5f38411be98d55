"""Request bodies: read up to a limit, and given up when nothing comes any more."""

import asyncio
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

SILENCE = 60.0
"""Seconds that a body may pause for."""


async def small_body(request: Request, *, most_bytes: int) -> bytes:
    """Return a body whole.

    Raises:
        HTTPException: 413, it has more bytes than this; 408, it stopped coming.
    """
    body = b""
    async for chunk in body_chunks(request, most_bytes=most_bytes):
        body += chunk
    return body


async def body_chunks(request: Request, *, most_bytes: int) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Raises:
        HTTPException: as `small_body`. What says beforehand that it is too large is not read at all.
    """
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most_bytes:
        raise _too_large(most_bytes)
    size_bytes = 0
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise HTTPException(408, "the body stopped coming", {"connection": "close"}) from error
        except ClientDisconnect as error:  # nobody reads the answer; the log has it
            raise HTTPException(400, "the body was broken off") from error
        if chunk is None:
            return
        size_bytes += len(chunk)
        if size_bytes > most_bytes:
            raise _too_large(most_bytes)
        yield chunk


def _too_large(most_bytes: int) -> HTTPException:
    # What is left of the body is not worth reading.
    return HTTPException(413, f"at most {most_bytes:,} bytes are taken here", {"connection": "close"})
