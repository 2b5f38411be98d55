"""What bytes are, and whether they are whole, on media that real programs have made."""

import io
import wave
import zipfile

import av
import pytest
from PIL import Image

from florist.api.models import MediaKind
from florist.archive.formats import UNKNOWN, accepted
from florist.archive.truncation import reject_truncated
from florist.media_types import EXTENSIONS, SNIFFED_BYTES, is_shown_inline, media_type_of_name, sniffed
from florist.stores.errors import IntegrityError


def picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 50).convert("RGB").save(file, form)
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(8000))
    return file.getvalue()


def recording(form: str, codec: str, *, is_sound: bool = False) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        if is_sound:
            stream = container.add_stream(codec, rate=48000)
            frame = av.AudioFrame(format=stream.format.name, layout="stereo", samples=stream.frame_size or 1024)
            frame.rate = 48000
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
        else:
            stream = container.add_stream(codec, rate=5)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            frame = av.VideoFrame(64, 48, "yuv420p")
        for at in range(10):
            frame.pts = at * getattr(frame, "samples", 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def archive_of(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<xml/>" * 50)
    return file.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument."
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"

MADE = {
    "image/png": lambda: picture("PNG"),
    "image/jpeg": lambda: picture("JPEG"),
    "image/webp": lambda: picture("WEBP"),
    "image/gif": lambda: picture("GIF"),
    "image/tiff": lambda: picture("TIFF"),
    "image/bmp": lambda: picture("BMP"),
    "image/avif": lambda: picture("AVIF"),
    "audio/wav": sound,
    "video/mp4": lambda: recording("mp4", "mpeg4"),
    "video/quicktime": lambda: recording("mov", "mpeg4"),
    "video/webm": lambda: recording("webm", "libvpx"),
    "video/x-matroska": lambda: recording("matroska", "mpeg4"),
    "video/x-msvideo": lambda: recording("avi", "mpeg4"),
    "audio/mp4": lambda: recording("ipod", "aac", is_sound=True),
    "audio/ogg": lambda: recording("ogg", "libopus", is_sound=True),
    "audio/mpeg": lambda: recording("mp3", "libmp3lame", is_sound=True),
    "audio/flac": lambda: recording("flac", "flac", is_sound=True),
    "audio/aac": lambda: recording("adts", "aac", is_sound=True),
    "application/pdf": lambda: PDF,
    "application/zip": lambda: archive_of("a/model.glb", "b.png"),
    f"{OFFICE}wordprocessingml.document": lambda: archive_of("[Content_Types].xml", "word/document.xml"),
    f"{OFFICE}spreadsheetml.sheet": lambda: archive_of("[Content_Types].xml", "xl/workbook.xml"),
    f"{OFFICE}presentationml.presentation": lambda: archive_of("[Content_Types].xml", "ppt/presentation.xml"),
}
TELLS_ITS_LENGTH = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "audio/wav"]
TELLS_ITS_LENGTH += ["video/mp4", "video/quicktime", "audio/mp4", "application/pdf"]
TELLS_ITS_LENGTH += ["video/x-msvideo", "application/zip", f"{OFFICE}wordprocessingml.document"]


async def passed_through(media: bytes, media_type: str, chunk_size: int) -> bytes:
    async def chunks():
        for at in range(0, len(media), chunk_size):
            yield media[at : at + chunk_size]

    return b"".join([chunk async for chunk in reject_truncated(chunks(), media_type)])


@pytest.mark.parametrize("media_type", MADE)
def test_sniffed_media_of_a_real_program_are_known(media_type):
    assert sniffed(MADE[media_type]()[:SNIFFED_BYTES]) == media_type


@pytest.mark.parametrize("chunk_size", [1, 7, 1000, 10**7])
@pytest.mark.parametrize("media_type", MADE)
async def test_whole_media_of_a_real_program_pass_unchanged(media_type, chunk_size):
    media = MADE[media_type]()
    assert await passed_through(media, media_type, chunk_size) == media


@pytest.mark.parametrize("media_type", TELLS_ITS_LENGTH)
async def test_media_cut_anywhere_do_not_pass_as_whole(media_type):
    media = MADE[media_type]()
    for tenth in range(1, 10):
        with pytest.raises(IntegrityError, match="its end is missing"):
            await passed_through(media[: len(media) * tenth // 10], media_type, 1000)


@pytest.mark.parametrize(
    ("beginning", "media_type"),
    [
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "image/avif"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"plain words", "text/plain"),
        ("Grüße".encode()[:3], "text/plain"),
        (b"# <b>Markdown</b> is text", "text/plain"),
        (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
        (b"\xef\xbb\xbf  <!DOCTYPE HTML><title>x", "text/html"),
        (b"<script>alert(1)</script>", "text/html"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "text/html"),
        (b"", ""),
        (b"\x00\x00", ""),
        (b"MZ\x90\x00", "application/x-executable"),
        ("<html><title>Défaut</title>".encode("latin-1"), "text/html"),
        ("<html><title>Défaut</title>".encode("utf-16"), "text/html"),
        ("Défaut".encode("latin-1"), ""),
    ],
)
def test_sniffed_beginnings_are_told_apart(beginning, media_type):
    assert sniffed(beginning) == media_type


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        (MediaKind.IMAGE, "image/png"),
        (MediaKind.VIDEO, "video/mp4"),
        (MediaKind.VIDEO, "image/gif"),
        (MediaKind.AUDIO, "audio/wav"),
        (MediaKind.DOCUMENT, "application/pdf"),
    ],
)
def test_accepted_media_of_the_declared_kind_get_their_extension(kind, media_type):
    found = accepted(kind, MADE[media_type]()[:SNIFFED_BYTES])
    assert found == (media_type, EXTENSIONS[media_type])


def test_accepted_sound_in_a_film_container_is_kept_as_sound():
    assert accepted(MediaKind.AUDIO, MADE["video/mp4"]()).extension == "m4a"


@pytest.mark.parametrize("kind", MediaKind)
def test_accepted_page_is_refused_for_every_kind(kind):
    with pytest.raises(IntegrityError, match="the bytes are text/html"):
        accepted(kind, b"<html><body>Not found</body></html>")


@pytest.mark.parametrize("kind", sorted(set(MediaKind) - {MediaKind.IMAGE}))
def test_accepted_picture_is_refused_for_every_other_kind(kind):
    with pytest.raises(IntegrityError, match="the bytes are image/png"):
        accepted(kind, MADE["image/png"]())


@pytest.mark.parametrize("kind", sorted(set(MediaKind) - {MediaKind.TEXT}))
def test_accepted_bytes_of_a_format_that_nobody_knows_are_kept_as_such(kind):
    assert accepted(kind, b"\x00\x07glTF2" + bytes(range(256)) * 4) == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        (MediaKind.TEXT, b"\x00\x07" + bytes(range(256)) * 4),
        (MediaKind.IMAGE, b"\x89PN"),
        (MediaKind.IMAGE, bytes(4096)),
        (MediaKind.IMAGE, b"MZ" + bytes(range(256)) * 4),
        (MediaKind.IMAGE, b'{"error": "gone"}' * 99),
        (MediaKind.IMAGE, ("<html>Défaut" + "." * 999).encode("latin-1")),
        (MediaKind.IMAGE, ("<html>Défaut" + "." * 999).encode("utf-16")),
    ],
    ids=["binary text", "scrap", "zeros", "program", "json", "latin-1 page", "utf-16 page"],
)
def test_accepted_bytes_that_are_no_media_at_all_are_refused(kind, beginning):
    with pytest.raises(IntegrityError):
        accepted(kind, beginning)


def test_extension_of_every_kept_media_type_leads_back_to_it():
    assert {name: media_type_of_name(f"a.b.{extension}") for name, extension in EXTENSIONS.items()} == {
        name: name for name in EXTENSIONS
    }


def test_kept_media_types_that_are_not_shown_inline_are_those_a_browser_could_run_or_not_show():
    offered = [name.rpartition(".")[2] for name in EXTENSIONS if not is_shown_inline(name)]
    assert offered == ["image/svg+xml", "document", "sheet", "presentation", "application/zip"]
    assert not is_shown_inline(UNKNOWN.name)
