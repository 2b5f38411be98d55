"""What bytes are, told from the bytes themselves and never from a name or a header."""

import codecs
import re
from typing import NamedTuple

from florist.api.models import MediaKind
from florist.archive.errors import IntegrityError

SNIFFED_BYTES = 4096
"""How much of the beginning is looked at; an HTML page or an SVG may begin with a long comment."""

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/tiff": "tiff",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
"""Every media type that is kept, with the extension it is kept under."""

_BY_EXTENSION = {extension: media_type for media_type, extension in EXTENSIONS.items()} | {
    "json": "application/json"
}

_KEPT_AS = {
    MediaKind.IMAGE: re.compile("image/.*"),
    # Short loops of a video technique may well be GIFs.
    MediaKind.VIDEO: re.compile("video/.*|image/gif"),
    MediaKind.AUDIO: re.compile("audio/.*"),
    MediaKind.TEXT: re.compile("text/plain"),
    MediaKind.DOCUMENT: re.compile("application/pdf|text/plain"),
}

_SOUND_IN_CONTAINER = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "video/ogg": "audio/ogg"}
"""Containers whose first bytes do not tell whether there is a picture in them."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
)

_BRANDS = (
    ({b"avif", b"avis"}, "image/avif"),
    ({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}, "image/heic"),
    ({b"M4A ", b"M4B "}, "audio/mp4"),
    ({b"qt  "}, "video/quicktime"),
)

_MARKUP = re.compile(r"(?:\s|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE\s+svg.*?>)*<(!doctype\s+html|[a-z]+)", re.I | re.S)
_ACTIVE_PAGES = frozenset({"html", "head", "body", "script", "iframe", "title", "meta", "style", "link", "error"})


class MediaType(NamedTuple):
    """A MIME type with the extension it is kept under."""

    name: str
    extension: str


def is_active(media_type: str) -> bool:
    """Whether a browser could run what is in it, so that it must only ever be offered for download."""
    return media_type == "image/svg+xml"


def media_type_of_name(key: str) -> str:
    """Return the media type that our own extension stands for; `application/octet-stream` for others."""
    return _BY_EXTENSION.get(key.rpartition(".")[2], "application/octet-stream")


def accepted(kind: MediaKind, beginning: bytes) -> MediaType:
    """Return what the bytes are, if that is what the output was declared to be.

    Args:
        beginning: the first `SNIFFED_BYTES` of it, or all.

    Raises:
        IntegrityError: nothing came, it is no media type that is kept, or not of this kind: an error page
            named .png, for one.
    """
    found = sniffed(beginning)
    if kind is MediaKind.AUDIO:
        found = _SOUND_IN_CONTAINER.get(found, found)
    if found not in EXTENSIONS or not _KEPT_AS[kind].fullmatch(found):
        raise IntegrityError(f"declared as {kind.value}, but the bytes are {found or 'of no known media type'}")
    return MediaType(found, EXTENSIONS[found])


def sniffed(beginning: bytes) -> str:
    """Return the media type of bytes by how they begin; an empty string if they are unknown or none.

    `text/html` stands for every kind of page, which is told so that it can be refused by name.
    """
    for magic, media_type in _MAGIC:
        if beginning.startswith(magic):
            return media_type
    return _riff(beginning) or _iso_media(beginning) or _other_container(beginning) or _text(beginning)


def _riff(beginning: bytes) -> str:
    if beginning[:4] not in (b"RIFF", b"RF64"):
        return ""
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(beginning[8:12], "")


def _iso_media(beginning: bytes) -> str:
    """Read the brands of MP4, QuickTime, HEIC and AVIF."""
    box = beginning[4:8]
    if box in (b"moov", b"mdat", b"wide"):
        return "video/quicktime"
    if box != b"ftyp":
        return ""
    listed = beginning[16 : int.from_bytes(beginning[:4])]
    compatible = {listed[at : at + 4] for at in range(0, len(listed), 4)}
    for brands in ({beginning[8:12]}, compatible if beginning[8:12] in (b"mif1", b"msf1") else set()):
        # An AVIF may call itself `mif1` first; only the compatible brands tell it from HEIC then.
        for known, media_type in _BRANDS:
            if brands & known and not (media_type == "image/heic" and b"avif" in compatible):
                return media_type
    return "video/mp4"


def _other_container(beginning: bytes) -> str:
    if beginning.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in beginning[:64] else ""
    if beginning.startswith(b"OggS"):
        return "video/ogg" if b"theora" in beginning[:64] else "audio/ogg"
    if len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] & 0xE0 == 0xE0:
        # An MPEG audio frame: 12 bits of sync, then layer III (MP3), or layer 0 (AAC in ADTS).
        return {0b01: "audio/mpeg", 0b00: "audio/aac"}.get(beginning[1] >> 1 & 0b11, "")
    return ""


def _text(beginning: bytes) -> str:
    try:
        # Not final: the last character may be cut in two where the looked-at beginning ends.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(beginning)
    except UnicodeDecodeError:
        return ""
    if not text or any(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text):
        return ""
    markup = _MARKUP.match(text)
    if markup is None:
        return "text/plain"
    tag = markup[1].lower()
    if tag == "svg":
        return "image/svg+xml"
    return "text/html" if tag.startswith("!") or tag in _ACTIVE_PAGES else "text/plain"
