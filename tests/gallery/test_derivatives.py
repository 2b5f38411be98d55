"""Previews and posters: made once per content, small, and never of what would burst the memory."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from florist.gallery import derivatives as module
from florist.gallery import make_derivatives, read_sheet
from florist.gallery.derivatives import SHOWN_ITSELF_BYTES, poster_key, preview_key
from florist.stores.folder import FolderStore
from tests.gallery.imagined import Content, Imagined


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.new(mode, (width, height), "teal" if mode != "LA" else 90).save(file, "PNG")
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is as large as that."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def imagined(tmp_path) -> Imagined:
    return Imagined(FolderStore(tmp_path / "archive"))


async def derived_of(imagined: Imagined, *contents: Content):
    await imagined.keep("sku-1", "still", *contents)
    return await make_derivatives(imagined.store, await read_sheet(imagined.store, "spring"))


async def test_preview_is_small_and_keeps_the_shape(imagined):
    derived = await derived_of(imagined, Content(png(1200, 600), "image/png"))
    [sha256] = derived.previews
    with Image.open(BytesIO(await imagined.store.read(preview_key(sha256)))) as preview:
        assert (preview.format, preview.size) == ("WEBP", (480, 240))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "I;16"])
async def test_picture_of_any_mode_has_a_preview(imagined, mode):
    file = BytesIO()
    Image.new(mode, (40, 20)).save(file, "TIFF" if mode == "CMYK" else "PNG")
    kind = "image/tiff" if mode == "CMYK" else "image/png"
    assert len((await derived_of(imagined, Content(file.getvalue(), kind))).previews) == 1


async def test_poster_is_a_frame_of_the_film(archive):
    sheet = await read_sheet(archive, "spring")
    derived = await make_derivatives(archive, sheet)
    [sha256] = derived.posters
    with Image.open(BytesIO(await archive.read(poster_key(sha256)))) as poster:
        assert max(poster.size) == 480
        assert len(poster.convert("L").getcolors()) > 50


async def test_derivatives_are_made_once_per_content(imagined, monkeypatch):
    same = Content(png(600, 600), "image/png")
    await derived_of(imagined, same)
    await imagined.keep("sku-2", "still", same)
    monkeypatch.setattr(module, "_drawing", lambda: pytest.fail("drawn once more"))
    again = await make_derivatives(imagined.store, await read_sheet(imagined.store, "spring"))
    assert len(again.previews) == 1


async def test_what_is_not_made_in_time_is_left_for_later_and_told(imagined):
    await imagined.keep("sku-1", "still", *(Content(png(9, side), "image/png") for side in range(1, 6)))
    sheet = await read_sheet(imagined.store, "spring")
    clock = iter((0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
    derived = await make_derivatives(imagined.store, sheet, within=2.5, monotonic=lambda: next(clock))
    assert len(derived.previews) == 2
    assert derived.notes == (module.LEFT.format(3, "spring"),)
    assert len((await make_derivatives(imagined.store, sheet)).previews) == 5


@pytest.mark.parametrize("side", [9_000, 60_000])
async def test_image_bomb_is_refused_before_it_is_decoded(imagined, side):
    derived = await derived_of(imagined, Content(bomb(side, side), "image/png"))
    [why] = derived.problems.values()
    assert why.startswith("it is too large to be decoded for a preview")


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp", "video/mp4", "video/webm"])
async def test_damaged_file_is_told_and_not_tried_again(imagined, kind):
    derived = await derived_of(imagined, Content(png(9, 9)[:40] + kind.encode() + bytes(SHOWN_ITSELF_BYTES), kind))
    assert len(derived.problems) == 1
    again = await make_derivatives(imagined.store, await read_sheet(imagined.store, "spring"))
    assert again.problems == derived.problems


async def test_film_is_read_as_what_it_is_called_and_as_nothing_else(imagined):
    # Left to itself, FFmpeg would find out what it is: a picture here, a playlist of other files elsewhere.
    assert (
        len((await derived_of(imagined, Content(png(64, 64) + bytes(SHOWN_ITSELF_BYTES), "video/mp4"))).problems)
        == 1
    )


@pytest.mark.parametrize(
    ("side", "told", "size_bytes", "is_drawn"),
    [
        (480, True, 0, False),
        (481, True, 0, True),
        (480, False, 0, True),
        (480, True, SHOWN_ITSELF_BYTES, True),
    ],
    ids=["small", "of many pixels", "of a size nobody noted", "of many bytes"],
)
async def test_picture_that_is_small_is_shown_itself(imagined, side, told, size_bytes, is_drawn):
    content = Content(png(side, side) + bytes(size_bytes), "image/png", size=(side, side) if told else None)
    derived = await derived_of(imagined, content)
    assert (len(derived.previews), derived.problems) == (int(is_drawn), {})


async def test_film_that_is_small_is_shown_itself(imagined):
    derived = await derived_of(imagined, Content(bytes(SHOWN_ITSELF_BYTES), "video/mp4"))
    assert derived == module.Derivatives()


async def test_svg_is_left_to_the_browser(imagined):
    derived = await derived_of(imagined, Content(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"))
    assert (derived.previews, derived.problems) == (frozenset(), {})


async def test_without_the_extra_the_originals_are_shown_and_it_is_said(imagined, monkeypatch):
    monkeypatch.setattr(module, "_drawing", lambda: None)
    derived = await derived_of(imagined, Content(png(9, 9), "image/png"))
    assert (derived.previews, derived.notes) == (frozenset(), (module.NOT_INSTALLED,))
