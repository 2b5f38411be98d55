"""The size of a picture, told from the beginning of its file."""

from io import BytesIO

import pytest
from PIL import Image

from florist.archive.picture_size import picture_size

WITH_EXIF = Image.Exif()
WITH_EXIF[0x010E] = "a description of some length " * 20
PICTURES = {
    "png": ("image/png", "PNG", {}),
    "gif": ("image/gif", "GIF", {}),
    "jpeg": ("image/jpeg", "JPEG", {}),
    "jpeg with notes of a camera": ("image/jpeg", "JPEG", {"exif": WITH_EXIF, "progressive": True}),
    "webp": ("image/webp", "WEBP", {}),
    "webp without loss": ("image/webp", "WEBP", {"lossless": True}),
    "webp with notes": ("image/webp", "WEBP", {"exif": WITH_EXIF}),
}


def drawn(file_format: str, options: dict[str, object]) -> bytes:
    file = BytesIO()
    Image.effect_noise((321, 123), 80).convert("RGB").save(file, file_format, **options)
    return file.getvalue()


@pytest.mark.parametrize(("media_type", "file_format", "options"), PICTURES.values(), ids=PICTURES)
def test_size_is_the_one_that_a_decoder_finds(media_type, file_format, options):
    assert picture_size(media_type, drawn(file_format, options)[:4096]) == (321, 123)


@pytest.mark.parametrize(("media_type", "file_format", "options"), PICTURES.values(), ids=PICTURES)
def test_beginning_that_is_too_short_tells_the_same_or_nothing(media_type, file_format, options):
    data = drawn(file_format, options)
    assert {picture_size(media_type, data[:cut]) for cut in range(1200)} <= {None, (321, 123)}


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIDAT" + bytes(20)),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 4094),
        ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x00" * 600),
        ("image/webp", b"RIFF\x00\x00\x00\x00WEBPJUNK" + bytes(30)),
        ("image/svg+xml", b"<svg width='9' height='9'/>"),
        ("video/mp4", bytes(64)),
    ],
)
def test_size_of_what_does_not_tell_it_is_unknown(media_type, data):
    assert picture_size(media_type, data) is None
