"""Reads the body of an answer, unpacked, no farther than a bound.

httpx would unpack whatever comes: a megabyte of gzip becomes a gigabyte, in one step that blocks the event loop.
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Iterator

import httpx

ACCEPTED_ENCODING = "gzip"
MOST_BYTES = 16 * 1024 * 1024
"""A page of 50 runs has some 100 kB."""
PIECE_BYTES = 64 * 1024
LONGEST_MATCH = 4096
"""Bytes before a piece in which a match that ends in it may begin."""


async def read_body(
    response: httpx.Response, *, stop_at: re.Pattern[bytes] | None = None, most: int = MOST_BYTES
) -> tuple[bytes, bool]:
    """Return the body of a streamed answer, and whether it was cut because it is longer than the bound.

    Args:
        stop_at: read only until this is found in it.

    Raises:
        httpx.DecodingError: it is packed in a way that was not asked for, or damaged.
        httpx.RequestError: the connection broke.
    """
    if response.is_stream_consumed:  # it was made in memory
        return response.content[:most], len(response.content) > most
    unpacked = _unpacker(response)
    content = bytearray()
    async for chunk in response.aiter_raw():
        for piece in unpacked(chunk):
            searched = max(0, len(content) - LONGEST_MATCH)
            content += piece
            if stop_at is not None and stop_at.search(content, searched):
                return bytes(content), False
            if len(content) > most:
                return bytes(content[:most]), True
            await asyncio.sleep(0)
    return bytes(content), False


def _unpacker(response: httpx.Response) -> Callable[[bytes], Iterator[bytes]]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return _pieces
    if encoding != ACCEPTED_ENCODING:
        raise httpx.DecodingError("the answer is packed in a way that was not asked for")
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def unzipped(packed: bytes) -> Iterator[bytes]:
        try:
            while piece := unpacking.decompress(packed, PIECE_BYTES):
                yield piece
                packed = unpacking.unconsumed_tail
        except zlib.error as error:
            raise httpx.DecodingError("the answer's gzip is damaged") from error

    return unzipped


def _pieces(chunk: bytes) -> Iterator[bytes]:
    for start in range(0, len(chunk), PIECE_BYTES):
        yield chunk[start : start + PIECE_BYTES]
