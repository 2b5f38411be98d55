"""Answers with an object's bytes: ranges, ETags, and headers by which a browser only ever shows what is harmless.

Bytes are read from the store in blocks, each by a request of its own: a slow reader holds a block, and neither a
connection to the store nor a thread. Presigned URLs are not given out here: type, download and sandbox are then
this server's to say for folder and S3 alike, and no signed URL is in anybody's history.
"""

import logging
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from florist.media_types import is_shown_inline
from florist.serving.kept import Kept
from florist.serving.ranges import NoSuchRange, Span, asked_span, is_unchanged
from florist.stores.store import Store

BLOCK_BYTES = 128 * 1024
"""What a reader holds of an object, and once more what the socket has not taken yet: of 200 at once, 50 MiB."""

_FOR_GOOD = "private, max-age=31536000, immutable"
_SHOWN = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"

logger = logging.getLogger(__name__)


async def media_answer(request: Request, store: Store, kept: Kept | None) -> Response:
    """Return the answer to a request for an object; 404 if there is none."""
    if kept is None:
        return not_found()
    etag = f'"{kept.sha256}"'
    headers = {**media_headers(kept), "etag": etag, "accept-ranges": "bytes", "cache-control": _FOR_GOOD}
    if is_unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    try:
        asked = asked_span(
            request.headers.get("range"),
            kept.size_bytes,
            if_range=request.headers.get("if-range"),
            etag=etag,
        )
    except NoSuchRange:
        return Response(status_code=416, headers={"content-range": f"bytes */{kept.size_bytes}"})
    span = asked or Span(0, kept.size_bytes)
    headers["content-length"] = str(span.size_bytes)
    if asked is not None:
        headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{kept.size_bytes}"
    status = 200 if asked is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    first = await store.read_range(kept.key, span.start, min(BLOCK_BYTES, span.size_bytes))
    if first is None:
        return not_found()
    return StreamingResponse(_blocks(store, kept, span, [first]), status, headers)


def media_headers(kept: Kept) -> dict[str, str]:
    """Return the headers that say what an object is, and whether a browser may show it."""
    # A player in a sandbox has no origin, and no cookie to get its film by.
    policy = _SHOWN if kept.media_type.startswith(("video/", "audio/")) else f"{_SHOWN}; sandbox"
    headers = {"content-type": kept.media_type, "content-security-policy": policy}
    if kept.media_type.startswith("text/"):
        headers["content-type"] = f"{kept.media_type}; charset=utf-8"
    if kept.media_type == "application/pdf":
        # A browser's reader of PDFs does not start in a sandbox; the reader is one itself.
        headers["content-security-policy"] = "frame-ancestors 'none'"
    if not is_shown_inline(kept.media_type):
        name = quote(kept.key.rpartition("/")[2])
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
    return headers


def not_found() -> Response:
    """Return the answer to a request for what is not there, or not to be given out."""
    return PlainTextResponse("There is nothing here.\n", 404)


async def _blocks(store: Store, kept: Kept, span: Span, left: list[bytes]) -> AsyncIterator[bytes]:
    """Yield the bytes of a span.

    Args:
        left: the first block. Nothing refers to a block for longer than it is sent: there may be hundreds.
    """
    at = span.start
    while left and left[0]:
        at += len(left[0])
        yield left.pop()
        if at >= span.stop:
            return
        left.append(await store.read_range(kept.key, at, min(BLOCK_BYTES, span.stop - at)) or b"")
    # The answer ends too early, and its reader sees that by its length.
    logger.warning(
        "%s in %s is shorter than its manifest says; `florist archive verify`", kept.key, store.location
    )
