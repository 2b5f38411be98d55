"""Cuts a stream into parts for a multipart upload, with a bounded read-ahead."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

PART_BYTES = 8 * 1024 * 1024
"""Above S3's least part size of 5 MiB; 10,000 of them, S3's most, make 80 GB."""


async def filled(chunks: AsyncIterator[bytes], size: int = PART_BYTES) -> AsyncGenerator[bytes, None]:
    """Yield parts of exactly `size` bytes, the last one excepted; nothing for an empty stream.

    A network hands out what it has: without filling up, S3 would see hundreds of tiny parts and refuse them.
    """
    pending: list[memoryview] = []
    length = 0
    async for chunk in chunks:
        rest = memoryview(chunk)
        while length + len(rest) >= size:
            cut = size - length
            pending.append(rest[:cut])
            yield _joined(pending)
            rest, length = rest[cut:], 0
        if rest:
            pending.append(rest)
            length += len(rest)
    if pending:
        yield _joined(pending)


def _joined(pieces: list[memoryview]) -> bytes:
    """Return the pieces as one, and let go of them: whoever takes it may keep it for long."""
    whole = b"".join(pieces)
    pieces.clear()
    return whole


async def read_ahead(parts: AsyncGenerator[bytes, None], count: int = 1) -> AsyncGenerator[bytes, None]:
    """Yield the same parts, `count` of them fetched while the taker is busy with the one before.

    What the source raises is raised here in its turn. Closing this closes the source.
    """
    queue: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
    room = asyncio.Semaphore(count)
    feeder = asyncio.create_task(_feed(parts, queue, room))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            room.release()
            yield item
    finally:
        feeder.cancel()
        with suppress(asyncio.CancelledError):
            await feeder


async def _feed(
    parts: AsyncGenerator[bytes, None],
    queue: asyncio.Queue[bytes | BaseException | None],
    room: asyncio.Semaphore,
) -> None:
    """Fetch a part only once there is room for it: a part that waits for room would be one more in memory."""
    async with aclosing(parts):
        try:
            await room.acquire()
            async for part in parts:
                queue.put_nowait(part)
                del part
                await room.acquire()
        except Exception as error:  # noqa: BLE001 - it is not handled here but handed on, to be raised by the taker
            queue.put_nowait(error)
        else:
            queue.put_nowait(None)
