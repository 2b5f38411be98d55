"""FLORA's prebuilt edits, as far as the sandbox performs them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from PIL import Image, ImageColor, ImageDraw, ImageOps

from flora_sandbox.media.content import InputContent, Made, UnreadableInputError, data_of
from flora_sandbox.media.films import Film, common_size, film_from, film_made
from flora_sandbox.media.lettering import font, wrapped
from flora_sandbox.media.palette import Rgb
from flora_sandbox.media.pictures import picture_made, picture_of

Params = Mapping[str, object]
Action = Callable[[Sequence[InputContent], Params], list[Made]]

MAX_SIDE = 4096
"""The longest side a resize may ask for."""


class UnusableParamError(Exception):
    """A parameter of an action has a value it cannot have; the message names it."""


def resize_image(inputs: Sequence[InputContent], params: Params) -> list[Made]:
    """Scale a picture to a size, by a share, or to its longest side."""
    picture = _only_picture(inputs)
    mode = _choice(params, "mode", ("longest", "exact", "percent"))
    if mode == "exact":
        return [picture_made("image", _exact(picture, params))]
    if mode == "percent":
        scale = _number(params, "percent", 100, low=1, high=400) / 100
    else:
        scale = _number(params, "longest", 1024, low=1, high=MAX_SIDE) / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if max(size) > MAX_SIDE:
        raise UnusableParamError(f"percent: the result would be longer than {MAX_SIDE} px.")
    return [picture_made("image", picture.resize(size, Image.Resampling.LANCZOS))]


def add_text(inputs: Sequence[InputContent], params: Params) -> list[Made]:
    """Set a text on a picture, in lines, centred on a point given in shares of its sides."""
    picture = _only_picture(inputs)
    size = round(_number(params, "font_size", 64, low=4, high=1024))
    width = _number(params, "max_width", picture.width * 0.9, low=1, high=MAX_SIDE)
    lines = "\n".join(wrapped(_text(params, "text", "Text"), size, width))
    middle = _point(params, "center")
    place = picture.width * middle[0], picture.height * middle[1]
    opacity = round(_number(params, "opacity", 100, low=0, high=100) * 2.55)
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    if params.get("show_background"):
        box = draw.multiline_textbbox(place, lines, font=font(size), anchor="mm", align="center")
        pad = size // 3
        ground = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
        draw.rectangle(ground, fill=(*_colour(params, "background", "#000000"), opacity))
    ink = (*_colour(params, "color", "#ffffff"), opacity)
    draw.multiline_text(place, lines, font=font(size), fill=ink, anchor="mm", align="center")
    picture.paste(layer, mask=layer)
    return [picture_made("image", picture)]


def stitch_videos(inputs: Sequence[InputContent], params: Params) -> list[Made]:
    """Join films one after the other, in the size and at the rate of the first, without sound."""
    films = [
        _film(content, number) for number, content in enumerate(inputs, start=1) if content.kind == "videoUrl"
    ]
    if not films:
        raise UnreadableInputError("There is no video among the inputs.")
    fit = _choice(params, "fit_mode", ("contain", "cover"))
    colour = _colour(params, "background_color", "#000000")
    size, rate = common_size(films), films[0].rate
    frames = [
        _fitted(frame, size, fit, colour)
        for film in films
        for frame in _at_rate(film, round(len(film.frames) * rate / film.rate))
    ]
    return [film_made("video", frames, rate)]


ACTIONS: Mapping[str, Action] = {
    "add-text-to-image-browser": add_text,
    "resize-image-browser": resize_image,
    "stitch-videos": stitch_videos,
}


def perform(action_id: str, inputs: Sequence[InputContent], params: Params) -> list[Made]:
    """Make the outputs of an action; the same inputs and parameters give the same bytes.

    Args:
        inputs: in the order they were sent.
        params: as sent; those left out take the catalogue's defaults, those it does not know are ignored.

    Raises:
        UnreadableInputError: an input is missing or holds something else than its kind says.
        UnusableParamError: a parameter has a value it cannot have.
    """
    return ACTIONS[action_id](inputs, params)


def _only_picture(inputs: Sequence[InputContent]) -> Image.Image:
    pictures = [content for content in inputs if content.kind == "imageUrl"]
    if len(pictures) != 1:
        raise UnreadableInputError(f"There are {len(pictures)} images among the inputs, not one.")
    return picture_of({"image": pictures[0]}, "image", max_side=None)


def _exact(picture: Image.Image, params: Params) -> Image.Image:
    size = (
        round(_number(params, "width", picture.width, low=1, high=MAX_SIDE)),
        round(_number(params, "height", picture.height, low=1, high=MAX_SIDE)),
    )
    fit = _choice(params, "fit", ("contain", "cover", "stretch"))
    if fit == "stretch":
        return picture.resize(size, Image.Resampling.LANCZOS)
    return _fitted(picture, size, fit, _colour(params, "bg_color", "#000000"))


def _fitted(picture: Image.Image, size: tuple[int, int], fit: str, colour: Rgb) -> Image.Image:
    if picture.size == size:
        return picture
    if fit == "cover":
        return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    return ImageOps.pad(picture, size, Image.Resampling.LANCZOS, color=colour)


def _film(content: InputContent, number: int) -> Film:
    return film_from(data_of({"video": content}, "video"), f"Video {number}")


def _at_rate(film: Film, count: int) -> list[Image.Image]:
    """Return the film in `count` pictures, some repeated or left out."""
    return [film.frames[place * len(film.frames) // count] for place in range(count)]


def _choice(params: Params, key: str, choices: Sequence[str]) -> str:
    """Return the parameter's value; the first choice where it is left out."""
    value = params.get(key, choices[0])
    if value not in choices:
        raise UnusableParamError(f"{key}: must be one of {', '.join(choices)}.")
    return str(value)


def _number(params: Params, key: str, default: float, *, low: float, high: float) -> float:
    value = params.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UnusableParamError(f"{key}: must be a number from {low:g} to {high:g}.")
    return value


def _text(params: Params, key: str, default: str) -> str:
    value = params.get(key, default)
    if not isinstance(value, str):
        raise UnusableParamError(f"{key}: must be a text.")
    return value


def _colour(params: Params, key: str, default: str) -> Rgb:
    try:
        red, green, blue = ImageColor.getcolor(_text(params, key, default), "RGB")[:3]  # type: ignore[index]
    except ValueError as error:
        raise UnusableParamError(f"{key}: must be a colour like #ffcc00.") from error
    return red, green, blue


def _point(params: Params, key: Literal["center"]) -> tuple[float, float]:
    value = params.get(key, {"x": 0.5, "y": 0.5})
    if not isinstance(value, Mapping):
        raise UnusableParamError(f"{key}: must have x and y.")
    return _number(value, "x", 0.5, low=0, high=1), _number(value, "y", 0.5, low=0, high=1)
