"""A product is told from its backdrop, and a scene from a product."""

from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageDraw

from flora_sandbox.media.content import InputContent
from flora_sandbox.media.pictures import picture_of
from flora_sandbox.media.scenery import gradient, scene
from flora_sandbox.media.subject import matte_of, pinned
from tests.flora_sandbox_media.contents import png


def plain(size: tuple[int, int] = (300, 300)) -> Image.Image:
    return Image.new("RGB", size, (236, 233, 228))


def test_matte_of_a_product_covers_it_and_nothing_else():
    picture = plain()
    picture.paste((150, 40, 40), (100, 80, 200, 240))

    matte = matte_of(picture)

    assert matte is not None
    left, top, right, foot = matte.getbbox() or ()
    assert max(abs(left - 100), abs(top - 80), abs(right - 200), abs(foot - 240)) <= 3
    assert matte.crop((104, 84, 196, 236)).getextrema() == (255, 255)


def test_matte_of_a_product_with_a_label_as_light_as_the_backdrop_has_no_hole():
    picture = plain()
    picture.paste((150, 40, 40), (100, 80, 200, 240))
    picture.paste((236, 233, 228), (120, 120, 180, 200))

    matte = matte_of(picture)

    assert matte is not None
    assert matte.getpixel((150, 160)) == 255


def test_matte_leaves_a_soft_shadow_out():
    picture = plain()
    ImageDraw.Draw(picture).ellipse((60, 230, 240, 260), fill=(212, 208, 204))
    picture.paste((150, 40, 40), (100, 80, 200, 240))

    matte = matte_of(picture)

    assert matte is not None
    assert matte.getpixel((70, 245)) == 0


@pytest.mark.parametrize("prompt", ["golden hour", "sea", "desert"])
def test_matte_of_a_landscape_is_none(prompt: str):
    assert matte_of(scene(prompt, (300, 300), Random(1))) is None


def test_matte_of_a_picture_striped_from_rim_to_rim_is_none():
    picture = plain()
    picture.paste((30, 60, 120), (0, 100, 300, 200))

    assert matte_of(picture) is None


def test_matte_before_a_sky_that_runs_into_the_ground_is_none():
    picture = gradient((300, 300), (90, 140, 200), (120, 80, 50))
    picture.paste((20, 20, 20), (100, 80, 200, 240))

    assert matte_of(picture) is None


def test_matte_of_an_empty_backdrop_is_none():
    assert matte_of(plain()) is None


def test_print_of_a_scene_has_a_border_and_the_backdrop_around_it():
    ground, picture = Image.new("RGB", (500, 500), (10, 20, 30)), Image.new("RGB", (500, 500), "teal")

    composed = pinned(picture, ground, shade=(0, 0, 0))

    assert composed.getpixel((5, 5)) == (10, 20, 30)
    assert composed.getpixel((250, 250)) == (0, 128, 128)
    assert (250, 249, 246) in {composed.getpixel((x, 250)) for x in range(250)}


def test_transparent_picture_is_read_on_white():
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 0))

    assert picture_of({"image": InputContent("imageUrl", data=png(picture))}, "image").getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_turned_photograph_is_read_upright():
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(buffer, "JPEG", exif=exif)

    assert picture_of({"image": InputContent("imageUrl", data=buffer.getvalue())}, "image").size == (20, 40)
