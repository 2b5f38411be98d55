"""Draws previews (Pillow) and posters (PyAV) in bounded memory. Every function blocks, and belongs in a thread.

What is decoded comes from outside. Its size is read before a pixel is decoded, its format is the one that its
media type names, and a film is read through a file object by the demuxer of its kind: no playlist leads anywhere.

The one module that needs the extra `florist[gallery]`; imported when something is to be drawn.
"""

import warnings
from io import BytesIO
from typing import IO, Any

import av
from PIL import Image, ImageOps

from florist.gallery.drawable import FILMS, PICTURES, PREVIEW_PIXELS, UndrawableError

PIXELS_AT_MOST = 64_000_000
"""Of an original: 8,000 × 8,000. Decoded, four bytes each."""
FRAMES_TRIED = 240
"""Of a film, before it is given up: no poster is worth decoding all of it."""
POSTER_AT = 1.0
"""Seconds: films often begin black."""

_PROFILE_BYTES = 8192
"""A colour profile that is longer costs more than the preview."""


def picture_preview(file: IO[bytes], media_type: str) -> bytes:
    """Return a picture's preview as WebP.

    Raises:
        UndrawableError: it is damaged, or too large to be decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is lower than that of Pillow's warning
            with Image.open(file, formats=[PICTURES[media_type]]) as image:
                _refuse_large(*image.size)
                image.draft("RGB", (2 * PREVIEW_PIXELS, 2 * PREVIEW_PIXELS))
                return _webp(ImageOps.exif_transpose(image))
    except UndrawableError:
        raise
    except Image.DecompressionBombError as error:
        raise UndrawableError("it is too large to be decoded for a preview") from error
    except Exception as error:  # a decoder may raise anything over damaged bytes
        raise _undecodable(media_type, error) from error


def film_poster(file: IO[bytes], media_type: str) -> bytes:
    """Return one frame of a film as WebP, about a second after its beginning.

    Raises:
        UndrawableError: it is damaged, has no picture, or too large ones.
    """
    try:
        with av.open(file, format=FILMS[media_type], metadata_errors="ignore") as container:
            stream = _stream(container)
            _refuse_large(stream.codec_context.width, stream.codec_context.height)
            stream.thread_type = "SLICE"
            frame = _frame(container, stream)
            _refuse_large(frame.width, frame.height)
            return _webp(frame.to_image())
    except UndrawableError:
        raise
    except Exception as error:  # as above
        raise _undecodable(media_type, error) from error


def _stream(container: Any) -> Any:
    if not container.streams.video:
        raise UndrawableError("it has no picture")
    return container.streams.video[0]


def _frame(container: Any, stream: Any) -> Any:
    seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    wanted = min(POSTER_AT, seconds / 3)
    found = None
    for number, frame in enumerate(container.decode(stream)):
        found = frame
        if number >= FRAMES_TRIED or (frame.time or 0.0) >= wanted:
            break
    if found is None:
        raise UndrawableError("no frame of it can be decoded")
    return found


def _undecodable(media_type: str, error: Exception) -> UndrawableError:
    return UndrawableError(f"it cannot be decoded as {media_type}: {type(error).__name__}")


def _refuse_large(width: int, height: int) -> None:
    if width * height > PIXELS_AT_MOST:
        raise UndrawableError(f"it is too large to be decoded for a preview: {width:,} × {height:,} pixels")


def _webp(image: Any) -> bytes:
    profile = image.info.get("icc_profile") or b""
    if image.mode not in ("RGB", "RGBA"):
        profile = b"" if image.mode == "CMYK" else profile
        image = image.convert("RGBA" if "transparency" in image.info or image.mode in ("LA", "PA") else "RGB")
    image.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS), Image.Resampling.LANCZOS, reducing_gap=2.0)
    drawn = BytesIO()
    image.save(
        drawn,
        "WEBP",
        quality=80,
        method=4,
        icc_profile=profile if len(profile) <= _PROFILE_BYTES else b"",
        exif=b"",
        xmp=b"",
    )
    return drawn.getvalue()
