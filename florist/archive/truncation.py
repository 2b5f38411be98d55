"""Truncation check: notices media that were cut before they were sent, where their format says how long they are.

A length from the server proves that all it sent has arrived, not that it sent all: whoever cut the file may
have counted afterwards. Only what a format states beyond doubt is judged.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from florist.media_types import ZIPPED
from florist.stores.errors import IntegrityError

_TAIL_BYTES = 64 * 1024
"""How far before the end its mark may be: some programs append notes of their own."""

_ISO_MEDIA = frozenset({"video/mp4", "video/quicktime", "audio/mp4", "image/heic", "image/avif"})
_INDEX_BOXES = frozenset({b"moov", b"meta"})
"""Of films and of still pictures; without it nothing in the file can be found."""

_RIFF = frozenset({"image/webp", "audio/wav", "video/x-msvideo"})
_END_MARKS = {
    "image/png": b"IEND\xaeB`\x82",
    "image/jpeg": b"\xff\xd9",
    "image/gif": b"\x3b",
    "application/pdf": b"%%EOF",
    **dict.fromkeys(ZIPPED, b"PK\x05\x06"),
}


class _Check(Protocol):
    def feed(self, chunk: bytes) -> None: ...

    def is_cut(self) -> bool: ...


async def reject_truncated(chunks: AsyncIterator[bytes], media_type: str) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes.

    Raises:
        IntegrityError: after the last of them, if the format says that there should be more.
    """
    check = _check(media_type)
    async for chunk in chunks:
        if check is not None:
            check.feed(chunk)
        yield chunk
    if check is not None and check.is_cut():
        raise IntegrityError(f"what came is the beginning of a file of type {media_type}: its end is missing")


def _check(media_type: str) -> _Check | None:
    if media_type in _ISO_MEDIA:
        return _Boxes()
    if media_type in _RIFF:
        return _RiffLength()
    return _EndMark(_END_MARKS[media_type]) if media_type in _END_MARKS else None


class _EndMark:
    """Looks for the mark that ends a file of this type."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._tail = b""

    def feed(self, chunk: bytes) -> None:
        self._tail = chunk[-_TAIL_BYTES:] if len(chunk) >= _TAIL_BYTES else (self._tail + chunk)[-_TAIL_BYTES:]

    def is_cut(self) -> bool:
        if len(self._mark) == 1:
            return not self._tail.rstrip(b"\x00").endswith(self._mark)
        return self._mark not in self._tail


class _RiffLength:
    """Compares the length in the header with the bytes that came."""

    def __init__(self) -> None:
        self._header = b""
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        self._header = (self._header + chunk[:8])[:8]
        self._size += len(chunk)

    def is_cut(self) -> bool:
        told = int.from_bytes(self._header[4:8], "little")
        # What is written as it is made may not know its length yet.
        return self._header[:4] == b"RIFF" and told not in (0, 0xFFFFFFFF) and told + 8 > self._size


class _Boxes:
    """Goes from box to box of an MP4 or its kin: the last ends where the file does, and the index is there."""

    def __init__(self) -> None:
        self._found: set[bytes] = set()
        self._size = 0
        self._next_at = 0
        self._header = b""
        self._ends_with_file = False

    def feed(self, chunk: bytes) -> None:
        start, self._size = self._size, self._size + len(chunk)
        while not self._ends_with_file and self._next_at + len(self._header) < self._size:
            at = self._next_at + len(self._header) - start
            self._header += chunk[at : at + 16 - len(self._header)]
            length = _box_length(self._header)
            if length is None:
                return
            self._found.add(self._header[4:8])
            self._ends_with_file = length == 0
            self._next_at += length
            self._header = b""

    def is_cut(self) -> bool:
        is_short = self._next_at > self._size or bool(self._header)
        return not self._found & _INDEX_BOXES or (is_short and not self._ends_with_file)


def _box_length(header: bytes) -> int | None:
    """Return how long a box is, 0 if to the end of the file; None if more of its header is needed."""
    if len(header) < 8:
        return None
    length = int.from_bytes(header[:4])
    if length != 1:
        # Less than its own header is no box: nothing can be told from here on.
        return 0 if length < 8 else length
    return int.from_bytes(header[8:16]) or None if len(header) == 16 else None
