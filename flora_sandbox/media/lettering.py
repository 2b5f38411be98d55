"""Words set in a picture, with the font that Pillow brings along."""

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont, ImageStat

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

TOO_SMALL_TO_SIGN = 160
"""Below this many pixels a line of text would cover the picture."""


@lru_cache(maxsize=32)
def font(size: int) -> Font:
    """Return Pillow's own font at `size` pixels; decoding it takes longer than setting a line."""
    return ImageFont.load_default(size=size)


def shortened(text: str, length: int) -> str:
    """Return the text on one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def wrapped(text: str, font_size: int, width: float) -> list[str]:
    """Return the text broken into lines no wider than `width` pixels; a single longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(font_size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def sign(picture: Image.Image, text: str) -> None:
    """Set the text small in the lower left corner, light on a dark ground and dark on a light one."""
    if not text or min(picture.size) < TOO_SMALL_TO_SIGN:
        return
    size = max(11, round(max(picture.size) / 64))
    left, top = size * 2, picture.height - size * 3
    under = ImageStat.Stat(picture.crop((left, top, picture.width // 2, top + size)).convert("L"))
    ink = (250, 248, 244, 190) if under.mean[0] < 140 else (30, 30, 36, 170)
    layer = Image.new("RGBA", (picture.width - left * 2, size * 2), (*ink[:3], 0))
    ImageDraw.Draw(layer).text((0, 0), shortened(text, 72), font=font(size), fill=ink)
    picture.paste(layer, (left, top), layer)
