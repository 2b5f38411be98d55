"""Media type check: whether the bytes of an output are what FLORA declared it to be."""

import re
from typing import NamedTuple

from florist.api.models import MediaKind
from florist.media_types import EXTENSIONS, SNIFFED_BYTES, sniffed
from florist.stores.errors import IntegrityError

UNKNOWN_BYTES_AT_LEAST = 512
"""Shorter bytes of an unknown format are a scrap of something rather than media."""

_KEPT_AS = {
    MediaKind.IMAGE: re.compile("image/.*"),
    # Short loops of a video technique may well be GIFs.
    MediaKind.VIDEO: re.compile("video/.*|image/gif"),
    MediaKind.AUDIO: re.compile("audio/.*"),
    MediaKind.TEXT: re.compile("text/plain"),
    MediaKind.DOCUMENT: re.compile("application/(pdf|zip|vnd.openxmlformats-.*)|text/plain"),
}

_SOUND_IN_CONTAINER = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "video/ogg": "audio/ogg"}
"""Containers whose first bytes do not tell whether there is a picture in them."""


class MediaType(NamedTuple):
    """A MIME type with the extension it is kept under."""

    name: str
    extension: str


UNKNOWN = MediaType("application/octet-stream", "bin")
"""What is kept without being known: it was paid for, and somebody may know it."""


def accepted(kind: MediaKind, beginning: bytes) -> MediaType:
    """Return what the bytes are, if that is what the output was declared to be; `UNKNOWN` where nobody can tell.

    Args:
        beginning: at least the first `SNIFFED_BYTES` of it, or all.

    Raises:
        IntegrityError: nothing came, or what is known to be something else: an error page named .png, a program.
    """
    # What a file is taken for must not depend on how the network has cut it.
    beginning = beginning[:SNIFFED_BYTES]
    found = sniffed(beginning)
    if kind is MediaKind.AUDIO:
        found = _SOUND_IN_CONTAINER.get(found, found)
    # A text in an older encoding is a text all the same; one with zeros in it is something else.
    may_be_this = any(beginning) if kind is not MediaKind.TEXT else b"\x00" not in beginning
    if not found and len(beginning) >= UNKNOWN_BYTES_AT_LEAST and may_be_this:
        return UNKNOWN
    if found not in EXTENSIONS or not _KEPT_AS[kind].fullmatch(found):
        raise IntegrityError(f"declared as {kind.value}, but the bytes are {found or 'of no known media type'}")
    return MediaType(found, EXTENSIONS[found])
