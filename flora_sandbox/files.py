"""What a file is, by its first bytes: the types FLORA takes as assets.

Source: the contract, "Endpoints"; FLORA's client names the types.
"""

import io

from PIL import Image

DIRECT_LIMIT_BYTES = 4 * 1024 * 1024
FETCH_LIMIT_BYTES = 50 * 1024 * 1024
UPLOAD_LIMIT_BYTES = 512 * 1024 * 1024
"""Of a signed upload; FLORA states none (assumed)."""

_STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\x1aE\xdf\xa3": "video/webm",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"OggS": "audio/ogg",
    b"%PDF-": "application/pdf",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
}
TYPES = frozenset({*_STARTS.values(), *_RIFF.values(), *_BRANDS.values(), "video/mp4"})


def media_type_of(data: bytes) -> str | None:
    """Return the media type of a file FLORA would take, or None."""
    for start, media_type in _STARTS.items():
        if data.startswith(start):
            return media_type
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    return None


def size_of(data: bytes, media_type: str) -> tuple[int | None, int | None]:
    """Return width and height of a picture Pillow can open."""
    if not media_type.startswith("image/"):
        return None, None
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.width, picture.height
    except OSError:
        return None, None
