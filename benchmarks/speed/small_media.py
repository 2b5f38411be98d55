"""Media of a few KiB that pass for whole ones: a PNG and an MP4, different for each run."""

import struct
import zlib

from benchmarks.media_server import film_start

_FILLING = bytes(range(256)) * 16
_BOXES_BYTES = len(film_start(len(_FILLING)))


def picture(run_id: str) -> bytes:
    """A grey PNG of 8 x 8 that names its run."""
    rows = b"\x00" + b"\x80" * 8
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
            (b"tEXt", b"run\x00" + run_id.encode()),
            (b"IDAT", zlib.compress(rows * 8)),
            (b"IEND", b""),
        )
    )


def film(run_id: str) -> bytes:
    """The boxes of an MP4 that names its run."""
    data = run_id.encode() + _FILLING
    return film_start(_BOXES_BYTES + len(data)) + data


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
