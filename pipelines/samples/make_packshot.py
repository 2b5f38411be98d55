"""Draw `packshot.png`, the studio product shot that the sample pipelines start from.

Run it as `python pipelines/samples/make_packshot.py [FILE]`; it draws the same bytes every time.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 1024
FINER = 3
"""Drawn three times as large and scaled down: Pillow's own edges are jagged."""

Rgb = tuple[int, int, int]
Shade = Callable[[float], Rgb]

PAPER: Rgb = (236, 233, 228)
CREAM: Rgb = (246, 240, 226)
INK: Rgb = (40, 58, 52)

FOOT, SHOULDER, NECK, RIM, CAP = 860, 420, 330, 300, 170
"""The heights at which the bottle changes its shape, in pixels of the finished picture."""

BODY_HALF, NECK_HALF, CAP_HALF = 150, 50, 64
LABEL_TOP, LABEL_FOOT = 500, 770


def packshot() -> Image.Image:
    """Return the picture, `SIDE` pixels square."""
    picture = studio()
    turn(picture, RIM, FOOT, bottle_half, glass_shade)
    turn(picture, CAP, RIM + 6, lambda _: CAP_HALF, cap_shade)
    turn(picture, LABEL_TOP, LABEL_FOOT, lambda _: BODY_HALF, label_shade)
    letter(picture)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def studio() -> Image.Image:
    """Return plain paper with the soft shadow of the bottle; light enough to be told from the bottle."""
    side = SIDE * FINER
    small = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(small)
    draw.ellipse((SIDE / 2 - 190, FOOT - 26, SIDE / 2 + 230, FOOT + 30), fill=70)
    shadow = small.filter(ImageFilter.GaussianBlur(26))
    paper = Image.new("RGB", (SIDE, SIDE), PAPER)
    light = Image.radial_gradient("L").resize((SIDE * 2, SIDE * 2), Image.Resampling.BICUBIC)
    window = light.crop((SIDE // 2, SIDE // 2 + 60, SIDE * 3 // 2, SIDE * 3 // 2 + 60))
    paper.paste((250, 249, 247), mask=window.point([round((255 - v) * 0.8) for v in range(256)]))
    paper.paste((120, 112, 104), mask=shadow)
    return paper.resize((side, side), Image.Resampling.BICUBIC)


def turn(picture: Image.Image, top: int, foot: int, half: Callable[[float], float], shade: Shade) -> None:
    """Draw a turned body row by row: `half` is its half width at a height, `shade` its colour from -1 to 1."""
    strip = Image.new("RGB", (512, 1))
    for column in range(512):
        strip.putpixel((column, 0), shade(column / 255.5 - 1))
    for row in range(top * FINER, foot * FINER):
        wide = round(half(row / FINER) * FINER)
        line = strip.resize((wide * 2, 1), Image.Resampling.BILINEAR)
        picture.paste(line, (SIDE * FINER // 2 - wide, row))


def bottle_half(height: float) -> float:
    """Return the bottle's half width at a height: neck, round shoulder, body, rounded foot."""
    if height < NECK:
        return NECK_HALF
    if height < SHOULDER:
        share = (height - NECK) / (SHOULDER - NECK)
        return NECK_HALF + (BODY_HALF - NECK_HALF) * math.sin(share * math.pi / 2) ** 0.9
    rounding = 26
    if height > FOOT - rounding:
        deep = (height - FOOT + rounding) / rounding
        return BODY_HALF - rounding * (1 - math.sqrt(max(0.0, 1 - deep * deep)))
    return BODY_HALF


def glass_shade(across: float) -> Rgb:
    """Return amber glass: dark at the edges, glowing inside, with two upright reflections."""
    depth = math.sqrt(max(0.0, 1 - across * across))
    colour = mixed((58, 28, 12), (158, 84, 30), depth**1.4)
    colour = mixed(colour, (255, 236, 206), 0.6 * peak(across, -0.62, 0.075))
    colour = mixed(colour, (255, 222, 178), 0.3 * peak(across, 0.7, 0.05))
    return mixed(colour, (214, 132, 58), 0.35 * peak(across, 0.3, 0.22))


def cap_shade(across: float) -> Rgb:
    """Return a matt black cap with fine grooves."""
    depth = math.sqrt(max(0.0, 1 - across * across))
    groove = 0.88 + 0.12 * math.cos(math.asin(across) * 44)
    base = 18 + 42 * depth * groove + 60 * peak(across, -0.5, 0.16)
    return round(base), round(base), round(base * 1.04)


def label_shade(across: float) -> Rgb:
    """Return paper around the glass: darker where it turns away from the light."""
    depth = math.sqrt(max(0.0, 1 - across * across))
    lit = 0.62 + 0.38 * depth**0.7 + 0.04 * peak(across, -0.4, 0.2)
    red, green, blue = (min(255, round(part * lit)) for part in CREAM)
    return red, green, blue


def letter(picture: Image.Image) -> None:
    """Print the label."""
    draw = ImageDraw.Draw(picture)
    middle = SIDE // 2
    draw.rectangle(scaled(middle - 96, LABEL_TOP + 22, middle + 96, LABEL_FOOT - 22), outline=INK, width=FINER * 2)
    lines = (
        (548, 18, "No. 1"),
        (604, 40, "FLORIST"),
        (650, 17, "BOTANICAL TONIC"),
        (724, 15, "50 ml  ·  1.7 fl oz"),
    )
    for height, size, text in lines:
        place = (middle * FINER, height * FINER)
        draw.text(place, text, font=ImageFont.load_default(size=size * FINER), fill=INK, anchor="mm")
    draw.line(scaled(middle - 26, 683, middle + 26, 683), fill=(176, 128, 60), width=FINER * 3)


def scaled(*places: int) -> list[int]:
    """Return places of the finished picture on the larger canvas."""
    return [place * FINER for place in places]


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return the colour that lies `share` (0 to 1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def peak(place: float, centre: float, width: float) -> float:
    """Return a bell curve, 1 at the centre."""
    return math.exp(-(((place - centre) / width) ** 2))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("packshot.png")
    packshot().save(target, optimize=True)
