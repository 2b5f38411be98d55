"""What is in a picture is found again in what is made of it."""

from io import BytesIO

import av
import pytest
from PIL import Image

from flora_sandbox.media import Made, render
from tests.flora_sandbox_media import marker
from tests.flora_sandbox_media.contents import image_input, png, text_input


def opened(made: Made) -> Image.Image:
    return Image.open(BytesIO(made.data))


def first_frame(made: Made) -> Image.Image:
    with av.open(BytesIO(made.data), "r") as container:
        return next(container.decode(container.streams.video[0])).to_image()


def styled(image: Image.Image, prompt: str) -> Made:
    inputs = {"product_image": image_input(png(image)), "prompt": text_input(prompt)}
    return render("styled-still", inputs, seed=1)[0]


PROMPTS = (
    "golden hour",
    "neon night in the city",
    "forest moss",
    "sea",
    "rose blossom",
    "marble",
    "something else",
)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_marker_in_the_packshot_is_found_in_the_styled_still(packshot: Image.Image, prompt: str):
    assert marker.find(opened(styled(marker.plant(packshot), prompt)))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_marker_is_not_found_where_none_was_planted(packshot: Image.Image, prompt: str):
    assert not marker.find(packshot)
    assert not marker.find(opened(styled(packshot, prompt)))


def test_marker_in_the_packshot_is_found_in_the_films_first_frame(packshot: Image.Image):
    still = styled(marker.plant(packshot), "golden hour")

    (film,) = render("film-from-still", {"image": image_input(still.data)}, seed=1)

    assert marker.find(first_frame(film))


def test_marker_is_not_found_in_a_film_of_an_unmarked_still(packshot: Image.Image):
    (film,) = render("film-from-still", {"image": image_input(styled(packshot, "golden hour").data)}, seed=1)

    assert not marker.find(first_frame(film))


def test_marker_survives_mpeg4_where_x264_is_missing(packshot: Image.Image, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flora_sandbox.media.films.ENCODERS", ("mpeg4",))

    (film,) = render("film-from-still", {"image": image_input(png(marker.plant(packshot)))}, seed=1)

    assert marker.find(first_frame(film))


def test_marker_in_a_scene_without_plain_backdrop_is_found_in_the_print_of_it(packshot: Image.Image):
    still = styled(marker.plant(packshot), "golden hour")

    again = styled(opened(still), "marble")

    assert marker.find(opened(again))


def test_marker_is_found_in_every_variation_and_in_a_composite(packshot: Image.Image):
    product = image_input(png(marker.plant(packshot)))
    place = image_input(styled(packshot, "sea").data)

    made = [
        *render("variations", {"product_image": product}, seed=1),
        *render("product-in-scene", {"product_image": product, "scene_image": place}, seed=1),
    ]

    assert [marker.find(opened(one)) for one in made] == [True] * 4


def test_marker_with_its_colours_exchanged_is_another_marker(packshot: Image.Image):
    marked = marker.plant(packshot)
    red, green, _ = marked.split()

    assert not marker.find(Image.merge("RGB", (green, red, green)))
    assert not marker.find(marked.convert("L"))
