"""Content sniffing: the media type of bytes by how they begin, never by a name or a header."""

import codecs
import re

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
    "image/bmp": "bmp",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/ogg": "ogv",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/zip": "zip",
    "text/plain": "txt",
}
"""Every media type that is known and kept, with the extension it is kept under."""

ZIPPED = tuple(name for name, extension in EXTENSIONS.items() if extension in {"docx", "xlsx", "pptx", "zip"})
"""Those of them that are archives of other files."""

_BY_EXTENSION = {extension: media_type for media_type, extension in EXTENSIONS.items()} | {
    "json": "application/json"
}

PROGRAM = "application/x-executable"

_SHOWN_INLINE = re.compile(r"image/(?!svg).*|video/.*|audio/.*|application/(pdf|json)|text/plain")

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
    *((magic, PROGRAM) for magic in (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\x00asm")),
)

_BRANDS = (
    ({b"avif", b"avis"}, "image/avif"),
    ({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}, "image/heic"),
    ({b"M4A ", b"M4B "}, "audio/mp4"),
    ({b"qt  "}, "video/quicktime"),
)

_BITMAP_HEADER_BYTES = frozenset({12, 40, 52, 56, 64, 108, 124})

_OFFICE_FOLDERS = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx"))

_MARKUP = re.compile(r"(?:\s|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE\s+svg.*?>)*<(!doctype\s+html|[a-z]+)", re.I | re.S)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ACTIVE_PAGES = frozenset({"html", "head", "body", "script", "iframe", "title", "meta", "style", "link", "error"})


def is_shown_inline(media_type: str) -> bool:
    """Whether a browser may show it: all else, above all what could be run, is only ever offered for download."""
    return _SHOWN_INLINE.fullmatch(media_type) is not None


def media_type_of_name(key: str) -> str:
    """Return the media type that our own extension stands for; `application/octet-stream` for others."""
    return _BY_EXTENSION.get(key.rpartition(".")[2], "application/octet-stream")


def sniffed(beginning: bytes) -> str:
    """Return the media type of bytes by how they begin; an empty string if they are unknown or none.

    `text/html` stands for every kind of page, which is told so that it can be refused by name.
    """
    beginning = beginning[:SNIFFED_BYTES]
    for magic, media_type in _MAGIC:
        if beginning.startswith(magic):
            return media_type
    for look in (_riff, _iso_media, _other_container, _zip, _bitmap, _text):
        if found := look(beginning):
            return found
    return ""


def _riff(beginning: bytes) -> str:
    if beginning[:4] not in (b"RIFF", b"RF64"):
        return ""
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(beginning[8:12], "")


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
        return "video/webm" if b"webm" in beginning[:64] else "video/x-matroska"
    if beginning.startswith(b"OggS"):
        return "video/ogg" if b"theora" in beginning[:64] else "audio/ogg"
    if len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] & 0xE0 == 0xE0:
        # An MPEG audio frame: 12 bits of sync, then layer III (MP3), or layer 0 (AAC in ADTS).
        return {0b01: "audio/mpeg", 0b00: "audio/aac"}.get(beginning[1] >> 1 & 0b11, "")
    return ""


def _zip(beginning: bytes) -> str:
    """Tell Office's documents from other archives by the folders in them."""
    if not beginning.startswith(b"PK\x03\x04"):
        return ""
    return next(
        (_BY_EXTENSION[form] for folder, form in _OFFICE_FOLDERS if folder in beginning), "application/zip"
    )


def _bitmap(beginning: bytes) -> str:
    header_bytes = int.from_bytes(beginning[14:18], "little")
    is_bitmap = (
        beginning.startswith(b"BM") and beginning[6:10] == bytes(4) and header_bytes in _BITMAP_HEADER_BYTES
    )
    return "image/bmp" if is_bitmap else ""


def _text(beginning: bytes) -> str:
    text, is_utf8 = _decoded(beginning)
    if not text or any(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text):
        return ""
    markup = _MARKUP.match(text)
    tag = markup[1].lower() if markup else ""
    if tag == "svg" and is_utf8:
        return "image/svg+xml"
    if tag and (tag.startswith("!") or tag in _ACTIVE_PAGES):
        return "text/html"
    return "text/plain" if is_utf8 else ""


def _decoded(beginning: bytes) -> tuple[str, bool]:
    """Return the bytes as text, and whether that is UTF-8; pages are looked for in older encodings, too."""
    for encoding in ("utf-16",) if beginning.startswith(_UTF16_MARKS) else ("utf-8-sig", "latin-1"):
        try:
            # Not final: the last character may be cut in two where the looked-at beginning ends.
            return codecs.getincrementaldecoder(encoding)().decode(beginning), encoding == "utf-8-sig"
        except UnicodeDecodeError:
            continue
    return "", False
