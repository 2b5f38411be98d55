"""The prebuilt edits do what their parameters say."""

from io import BytesIO

import av
import pytest
from PIL import Image

from flora_sandbox.media import InputContent, Made, UnreadableInputError, UnusableParamError, perform
from tests.flora_sandbox_media.contents import image_input, png, text_input

WIDE = image_input(png(Image.new("RGB", (200, 100), "teal")))


def opened(made: list[Made]) -> Image.Image:
    (one,) = made
    return Image.open(BytesIO(one.data)).convert("RGB")


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({"longest": 50}, (50, 25)),
        ({"mode": "longest", "longest": 400}, (400, 200)),
        ({"mode": "percent", "percent": 150}, (300, 150)),
        ({"mode": "exact", "width": 80, "height": 80}, (80, 80)),
        ({"mode": "exact", "width": 80, "height": 80, "fit": "stretch"}, (80, 80)),
        ({}, (1024, 512)),
    ],
)
def test_resize_makes_the_size_asked_for(params: dict[str, object], size: tuple[int, int]):
    assert opened(perform("resize-image-browser", [WIDE], params)).size == size


@pytest.mark.parametrize(
    ("fit", "corner"), [("contain", (255, 0, 0)), ("cover", (0, 128, 128)), ("stretch", (0, 128, 128))]
)
def test_resize_to_another_shape_fills_it_as_asked(fit: str, corner: tuple[int, int, int]):
    params = {"mode": "exact", "width": 80, "height": 80, "fit": fit, "bg_color": "#ff0000"}

    assert opened(perform("resize-image-browser", [WIDE], params)).getpixel((2, 2)) == corner


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"mode": "sideways"}, "mode"),
        ({"longest": 0}, "longest"),
        ({"longest": "big"}, "longest"),
        ({"longest": True}, "longest"),
        ({"mode": "exact", "width": 10_000}, "width"),
        ({"mode": "exact", "width": 5, "height": 5, "bg_color": "no colour"}, "bg_color"),
    ],
)
def test_resize_with_an_unusable_parameter_names_it(params: dict[str, object], key: str):
    with pytest.raises(UnusableParamError, match=f"^{key}: "):
        perform("resize-image-browser", [WIDE], params)


def test_add_text_sets_it_where_asked():
    params = {"text": "HELLO", "color": "#ff0000", "font_size": 30, "center": {"x": 0.25, "y": 0.5}}

    picture = opened(perform("add-text-to-image-browser", [WIDE], params))

    left, right = picture.crop((0, 0, 100, 100)), picture.crop((120, 0, 200, 100))
    assert max(red for _, (red, _, _) in left.getcolors(10_000)) > 240
    assert right.getcolors() == [(80 * 100, (0, 128, 128))]


def test_add_text_with_a_background_lays_it_under_the_text():
    params = {"text": "I", "show_background": True, "background": "#0000ff", "opacity": 100}

    picture = opened(perform("add-text-to-image-browser", [WIDE], params))

    assert (0, 0, 255) in {colour for _, colour in picture.getcolors(10_000)}


def test_stitch_joins_films_in_the_size_of_the_first(film: bytes, packshot: Image.Image):
    first = InputContent("videoUrl", data=film)

    (made,) = perform("stitch-videos", [first, text_input("ignored"), first], {"fit_mode": "cover"})

    with av.open(BytesIO(made.data), "r") as container:
        frames = list(container.decode(video=0))
    assert (len(frames), frames[0].width, frames[0].height) == (96, 256, 256)


@pytest.mark.parametrize(
    ("action", "inputs"),
    [
        ("stitch-videos", []),
        ("stitch-videos", [InputContent("videoUrl", data=b"no film")]),
        ("resize-image-browser", []),
        ("resize-image-browser", [WIDE, WIDE]),
        ("add-text-to-image-browser", [InputContent("imageUrl", data=b"no picture")]),
    ],
)
def test_action_with_unreadable_or_missing_inputs_refuses(action: str, inputs: list[InputContent]):
    with pytest.raises(UnreadableInputError):
        perform(action, inputs, {})


def test_action_with_the_same_inputs_makes_the_same_bytes():
    params = {"text": "twice"}

    assert perform("add-text-to-image-browser", [WIDE], params) == perform(
        "add-text-to-image-browser", [WIDE], params
    )
