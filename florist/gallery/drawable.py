"""What a preview or a poster can be made of; where it cannot, `UndrawableError` says why."""

from collections.abc import Mapping

from florist.errors import FloristError

PICTURES: Mapping[str, str] = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
}
"""Pillow's formats of media types; an SVG is drawn by browsers alone."""
FILMS: Mapping[str, str] = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/ogg": "ogg",
}
"""FFmpeg's demuxers of media types."""


PREVIEW_PIXELS = 480
"""Of the longer side of a preview, at most."""


class UndrawableError(FloristError):
    """No derivative can be made of this content; the message says why. Its original is shown instead."""
