"""Pixel size of a picture, told from the beginning of its file without decoding it.

Source: the PNG, JPEG (ISO 10918-1, B.2.2), GIF and WebP (RFC 9649) formats.
"""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's start-of-frame markers; the others of that range are tables."""
_WITHOUT_LENGTH = frozenset({0x01, 0xFF, *range(0xD0, 0xD9)})


class PictureSize(NamedTuple):
    """Width and height in pixels, each at least 1."""

    width: int
    height: int


def picture_size(media_type: str, beginning: bytes) -> PictureSize | None:
    """Return the size of a picture; None where the beginning does not tell, or nobody here can read it.

    Args:
        beginning: some kilobytes. A JPEG may tell its size later than that, after what its camera noted.
    """
    read = _READERS.get(media_type)
    try:
        size = None if read is None else read(beginning)
    except (struct.error, IndexError):  # it ends before it tells
        return None
    return size if size is not None and min(size) > 0 else None


def _png(data: bytes) -> PictureSize | None:
    return PictureSize(*struct.unpack_from(">II", data, 16)) if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> PictureSize:
    return PictureSize(*struct.unpack_from("<HH", data, 6))


def _jpeg(data: bytes) -> PictureSize | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return PictureSize(width, height)
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return None


def _webp(data: bytes) -> PictureSize | None:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return PictureSize(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return PictureSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
            return PictureSize(width, height) if len(data) >= 30 else None
    return None


_READERS: Mapping[str, Callable[[bytes], PictureSize | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}
