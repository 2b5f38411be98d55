"""Recipes: the same in, the same out; different in, different out; nonsense in, one clear error."""

import re
import wave
from collections.abc import Callable
from io import BytesIO

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from flora_sandbox.catalogue import TECHNIQUES, TechniqueDefinition
from flora_sandbox.media import InputContent, UnreadableInputError, render
from tests.flora_sandbox_media.contents import image_input, png, text_input

ContentFor = Callable[[str], InputContent]
MEDIA_TECHNIQUES = [one for one in TECHNIQUES if any(field.type != "text" for field in one.inputs)]


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.slug)
def test_recipe_with_the_same_inputs_and_seed_makes_the_same_bytes(
    technique: TechniqueDefinition, content_for: ContentFor
):
    inputs = {field.id: content_for(field.type) for field in technique.inputs}

    assert render(technique.recipe, inputs, seed=7) == render(technique.recipe, inputs, seed=7)


@pytest.mark.parametrize("recipe", ["scene-still", "styled-still", "variations", "cctv"])
def test_recipe_with_another_seed_makes_another_picture(recipe: str, content_for: ContentFor):
    inputs = {
        **dict.fromkeys(("product_image", "input_image"), content_for("imageUrl")),
        "prompt": content_for("text"),
    }

    assert render(recipe, inputs, seed=1)[0].data != render(recipe, inputs, seed=2)[0].data


def test_recipe_given_a_seed_among_its_inputs_uses_that_one():
    inputs = {"prompt": text_input("sea"), "seed": text_input("5")}

    assert render("scene-still", inputs, seed=1) == render("scene-still", inputs, seed=2)
    assert render("scene-still", inputs, seed=1) == render("scene-still", {"prompt": inputs["prompt"]}, seed=5)


@pytest.mark.parametrize("data", [b"", b"not a medium", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0" + bytes(40)])
def test_recipe_given_other_bytes_than_its_kind_says_refuses_them(data: bytes):
    assert [technique.slug for technique in MEDIA_TECHNIQUES if not is_refused(technique, data)] == []


def is_refused(technique: TechniqueDefinition, data: bytes) -> bool:
    inputs = {
        field.id: text_input("x") if field.type == "text" else InputContent(field.type, data=data)
        for field in technique.inputs
    }
    try:
        render(technique.recipe, inputs, seed=1)
    except UnreadableInputError as error:
        return re.search(r"`\w+`", str(error)) is not None
    return False


def test_recipe_given_half_a_picture_refuses_it(packshot: Image.Image):
    data = png(packshot)

    with pytest.raises(UnreadableInputError, match="`image` is not a readable picture"):
        render("caption", {"image": image_input(data[: len(data) // 2])}, seed=1)


def test_recipe_given_half_a_film_refuses_it(film: bytes):
    with pytest.raises(UnreadableInputError, match="`video` is not a readable film"):
        render("poster-frame", {"video": InputContent("videoUrl", data=film[: len(film) // 2])}, seed=1)


def test_recipe_given_a_picture_as_a_film_refuses_it(packshot: Image.Image):
    with pytest.raises(UnreadableInputError, match="no pictures that move"):
        render("boomerang", {"video": InputContent("videoUrl", data=png(packshot))}, seed=1)


def test_recipe_without_its_input_names_it():
    with pytest.raises(UnreadableInputError, match="`product_image`"):
        render("styled-still", {}, seed=1)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 900), (900, 3), (50, 40)])
@pytest.mark.parametrize(
    "recipe", ["styled-still", "variations", "cctv", "film-from-still", "look-book-page", "portrait"]
)
def test_recipe_given_a_picture_of_any_size_makes_something(recipe: str, size: tuple[int, int]):
    picture = image_input(png(Image.new("RGB", size, "teal")))
    inputs = dict.fromkeys(("product_image", "input_image", "image", "element"), picture)

    assert all(one.data for one in render(recipe, inputs, seed=1))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1", "I;16"])
def test_recipe_given_a_picture_of_any_mode_makes_a_colour_picture(mode: str):
    (made,) = render("square-crop", {"image": image_input(png(Image.new(mode, (40, 30))))}, seed=1)

    with Image.open(BytesIO(made.data)) as square:
        assert (square.mode, square.size) == ("RGB", (30, 30))


def test_styled_still_keeps_the_subjects_pixels_and_changes_the_backdrops(packshot: Image.Image):
    inputs = {"product_image": image_input(png(packshot)), "prompt": text_input("neon night")}

    (made,) = render("styled-still", inputs, seed=1)

    with Image.open(BytesIO(made.data)) as still:
        change = ImageChops.difference(still, packshot)
    label, backdrop = (420, 520, 600, 760), (20, 20, 300, 300)
    assert change.crop(label).getbbox() is None
    assert min(low for low, _ in ImageStat.Stat(change.crop(backdrop)).extrema) > 60


def test_film_begins_with_the_whole_still_and_moves(packshot: Image.Image):
    (made,) = render("film-from-still", {"image": image_input(png(packshot))}, seed=1)

    with av.open(BytesIO(made.data), "r") as container:
        stream = container.streams.video[0]
        pictures = [frame.to_image() for frame in container.decode(stream)]
        assert (stream.codec_context.pix_fmt, stream.average_rate) == ("yuv420p", 24)
    whole = packshot.resize(pictures[0].size)
    assert len(pictures) == 48
    assert max(ImageStat.Stat(ImageChops.difference(pictures[0], whole)).mean) < 4
    assert max(ImageStat.Stat(ImageChops.difference(pictures[-1], whole)).mean) > 8


def test_boomerang_plays_all_pictures_but_the_turning_ones_twice(film: bytes):
    (made,) = render("boomerang", {"video": InputContent("videoUrl", data=film)}, seed=1)

    with av.open(BytesIO(made.data), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 48 + 46


@pytest.mark.parametrize(
    ("size", "shape"), [((400, 200), "landscape"), ((200, 400), "portrait"), ((200, 200), "square")]
)
def test_caption_tells_shape_size_and_colours(size: tuple[int, int], shape: str):
    picture = Image.new("RGB", size, (24, 28, 60))
    picture.paste((214, 188, 150), (0, 0, size[0], size[1] // 3))

    (made,) = render("caption", {"image": image_input(png(picture))}, seed=1)

    text = made.data.decode()
    assert f"{shape} in navy and sand" in text
    assert f"{size[0]} × {size[1]} px" in text


def test_caption_follows_the_tone(packshot: Image.Image):
    inputs = {"image": image_input(png(packshot)), "tone": text_input("something playful")}

    assert b"Say hello" in render("caption", inputs, seed=1)[0].data


def test_headlines_speak_of_the_brief():
    (made,) = render(
        "headlines", {"brief": text_input("Tonic, tonic, botanical tonic for a slow morning")}, seed=1
    )

    lines = made.data.decode().splitlines()
    assert len(lines) == 5
    assert any("tonic" in line.lower() for line in lines)


def test_sonic_logo_of_another_name_is_another_tune(tune: bytes):
    (other,) = render("sonic-logo", {"text": text_input("prefect")}, seed=1)

    with wave.open(BytesIO(tune)) as reader:
        assert (reader.getnchannels(), reader.getframerate()) == (1, 22_050)
        assert any(reader.readframes(1000))
    assert other.data != tune


def test_pdf_table_points_at_its_objects(packshot: Image.Image):
    inputs = {"image": image_input(png(packshot)), "title": text_input("Spring (launch) \\ “one”")}

    (made,) = render("look-book-page", inputs, seed=1)

    table = int(made.data.rsplit(b"startxref\n", 1)[1].split()[0])
    places = [int(line[:10]) for line in made.data[table:].splitlines()[3:9]]
    assert [made.data[place : place + 7] for place in places] == [b"%d 0 obj" % number for number in range(1, 7)]
    assert "(Spring \\(launch\\) \\\\ “one”)".encode("cp1252") in made.data


def test_picture_from_a_prompt_has_the_ratio_asked_for():
    inputs = {"prompt": text_input("sea"), "aspect_ratio": text_input("16:9")}

    (made,) = render("scene-still", inputs, seed=1)

    with Image.open(BytesIO(made.data)) as picture:
        assert picture.size == (1024, 576)
