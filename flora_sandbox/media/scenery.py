"""Scenes painted from a prompt: air, light and ground in the colours and shapes its words call for."""

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from flora_sandbox.media.palette import Mood, Rgb, Scenery, mixed, mood_of

Size = tuple[int, int]
Painter = Callable[[Size, Mood, Random], Image.Image]

FINER = 2
"""How much finer than the picture shapes are drawn: Pillow's own edges are jagged."""


def scene(prompt: str, size: Size, chance: Random) -> Image.Image:
    """Return the scene as the subject of a picture, sharp."""
    mood = mood_of(prompt)
    return _PAINTERS[mood.scenery](size, mood, chance)


def backdrop(prompt: str, size: Size, chance: Random) -> Image.Image:
    """Return the scene as the ground behind something else: without objects of its own, out of focus."""
    mood = mood_of(prompt)
    small = (max(8, size[0] // 4), max(8, size[1] // 4))
    painter = _sweep if mood.scenery == "studio" else _PAINTERS[mood.scenery]
    softened = painter(small, mood, chance).filter(ImageFilter.GaussianBlur(min(small) / 90))
    return softened.resize(size, Image.Resampling.BICUBIC)


def gradient(size: Size, *stops: Rgb) -> Image.Image:
    """Return a picture that runs from the first colour at the top through the others, evenly spaced."""
    rows = bytearray()
    for row in range(256):
        place = row / 255 * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        rows.extend(mixed(stops[index], stops[index + 1], place - index))
    return Image.frombytes("RGB", (1, 256), bytes(rows)).resize(size, Image.Resampling.BICUBIC)


def glow(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Rgb, strength: float) -> None:
    """Brighten the picture softly around a point."""
    side = max(2, round(radius * 2))
    # Pillow's gradient is 179 where the disc ends; squaring the fall-off makes that rim invisible.
    levels = [round(max(0.0, 1 - value / 179) ** 2 * 255 * strength) for value in range(256)]
    fall = Image.radial_gradient("L").point(levels)
    mask = fall.resize((side, side), Image.Resampling.BICUBIC)
    picture.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def shape(size: Size, draw: Callable[[ImageDraw.ImageDraw, int], None]) -> Image.Image:
    """Return a mask with smooth edges; `draw` is told how much larger than the picture its canvas is."""
    canvas = Image.new("L", (size[0] * FINER, size[1] * FINER))
    draw(ImageDraw.Draw(canvas), FINER)
    return canvas.reduce(FINER)


def _ridges(size: Size, mood: Mood, chance: Random) -> Image.Image:
    width, height = size
    picture = gradient(size, mood.sky, mixed(mood.sky, mood.horizon, 0.6), mood.horizon)
    sun = (width * chance.uniform(0.25, 0.75), height * chance.uniform(0.32, 0.46))
    glow(picture, sun, width * 0.75, mood.light, 0.85)
    picture.paste(mood.light, mask=_disc(size, sun, width * 0.06))
    layers = 4
    for layer in range(layers):
        share = (layer + 1) / layers
        crest = height * (0.5 + 0.13 * layer)
        colour = mixed(mixed(mood.horizon, mood.accent, 0.25), mood.ground, share)
        mist = mixed(colour, mood.horizon, 0.35 * (1 - share))
        picture.paste(
            gradient(size, colour, mist), mask=_ridge(size, crest, height * (0.05 + 0.02 * layer), chance)
        )
    return picture


def _ridge(size: Size, crest: float, rise: float, chance: Random) -> Image.Image:
    width, height = size
    waves = [
        (chance.uniform(0.6, 1.4) * 2**octave, chance.uniform(0, math.tau), 0.55**octave) for octave in range(5)
    ]

    def line(x: float) -> float:
        return crest - rise * sum(
            high * math.sin(math.tau * often * x / width + turn) for often, turn, high in waves
        )

    def draw(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        step = max(1, width // 256)
        points = [(x * finer, line(x) * finer) for x in range(0, width + step, step)]
        canvas.polygon([*points, (width * finer, height * finer), (0, height * finer)], fill=255)

    return shape(size, draw)


def _water(size: Size, mood: Mood, chance: Random) -> Image.Image:
    width, height = size
    shore = round(height * 0.56)
    picture = gradient(size, mood.sky, mixed(mood.sky, mood.horizon, 0.7), mood.horizon)
    sun = (width * chance.uniform(0.35, 0.65), shore - height * chance.uniform(0.08, 0.16))
    glow(picture, sun, width * 0.75, mood.light, 0.9)
    picture.paste(mood.light, mask=_disc(size, sun, width * 0.055))
    sea = gradient((width, height - shore), mixed(mood.horizon, mood.ground, 0.45), mood.ground)
    picture.paste(sea, (0, shore))
    picture.paste(
        mood.light, mask=_glitter(size, shore, sun[0], chance).filter(ImageFilter.GaussianBlur(width / 900))
    )
    return picture


def _glitter(size: Size, shore: int, centre: float, chance: Random) -> Image.Image:
    width, height = size
    streaks = [(chance.random() ** 1.6, chance.gauss(0, 1), chance.uniform(0.4, 1)) for _ in range(220)]

    def draw(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        for depth, aside, bright in streaks:
            y = shore + depth * (height - shore)
            spread = width * (0.04 + 0.16 * depth)
            middle, half = centre + aside * spread, width * (0.006 + 0.03 * depth)
            thick = height * (0.0012 + 0.003 * depth)
            box = [v * finer for v in (middle - half, y - thick, middle + half, y + thick)]
            canvas.ellipse(box, fill=round(bright * 170))

    return shape(size, draw)


def _night(size: Size, mood: Mood, chance: Random) -> Image.Image:
    width, height = size
    picture = gradient(size, mood.sky, mood.horizon, mood.ground)
    glow(picture, (width * chance.uniform(0.2, 0.8), height * 0.6), width * 0.8, mood.light, 0.35)
    for _ in range(46):
        centre = (width * chance.random(), height * (0.5 + chance.gauss(0, 0.17)))
        radius = width * chance.uniform(0.008, 0.045)
        colour = mixed(mood.accent, mood.light, chance.random())
        _lamp(picture, centre, radius, colour, chance.uniform(0.2, 0.65))
    return picture


def _lamp(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Rgb, strength: float) -> None:
    side = max(4, round(radius * 2))
    disc = _disc((side, side), (side / 2, side / 2), side / 2 - 1).point([round(v * strength) for v in range(256)])
    rim = _disc((side, side), (side / 2, side / 2), side * 0.42).point(
        [round(v * strength * 0.25) for v in range(256)]
    )
    picture.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), ImageChops.subtract(disc, rim))


def _sweep(size: Size, mood: Mood, chance: Random) -> Image.Image:
    width, height = size
    floor = round(height * 0.7)
    picture = gradient(size, mood.sky, mood.horizon)
    picture.paste(
        gradient((width, height - floor), mixed(mood.horizon, mood.ground, 0.5), mood.ground), (0, floor)
    )
    arch = chance.uniform(0.16, 0.84) * width

    def draw(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        half = min(width * 0.2, height * 0.25)
        box = [v * finer for v in (arch - half, height * 0.2, arch + half, floor + half)]
        canvas.ellipse([box[0], box[1], box[2], box[1] + half * 2 * finer], fill=255)
        canvas.rectangle([box[0], box[1] + half * finer, box[2], floor * finer], fill=255)

    panel = gradient(size, mixed(mood.horizon, mood.accent, 0.28), mixed(mood.ground, mood.accent, 0.3))
    picture.paste(panel, mask=shape(size, draw))
    glow(picture, (width * 0.5, height * 0.36), width * 0.85, mood.light, 0.6)
    return picture


def _studio(size: Size, mood: Mood, chance: Random) -> Image.Image:
    width, height = size
    picture = _sweep(size, mood, chance)
    centre, top = width * 0.5, height * 0.72
    tones = mixed(mood.ground, mood.light, 0.45), mood.ground
    _cylinder(picture, (centre, top), width * 0.3, height * 0.15, tones)
    radius = width * chance.uniform(0.13, 0.17)
    _ball(picture, (centre - width * 0.05, top - radius * 0.86), radius, mood.accent)
    _ball(picture, (centre + width * 0.16, top - radius * 0.22), radius * 0.42, mixed(mood.light, mood.sky, 0.6))
    return picture


def _cylinder(
    picture: Image.Image, lid_centre: tuple[float, float], half: float, high: float, tones: tuple[Rgb, Rgb]
) -> None:
    centre, top = lid_centre
    light, dark = tones
    flat = half * 0.2

    def side(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        canvas.rectangle([v * finer for v in (centre - half, top, centre + half, top + high)], fill=255)
        rim = (centre - half, top + high - flat, centre + half, top + high + flat)
        canvas.ellipse([v * finer for v in rim], fill=255)

    def lid(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        canvas.ellipse([v * finer for v in (centre - half, top - flat, centre + half, top + flat)], fill=255)

    shading = gradient(
        (picture.height, picture.width), light, mixed(light, dark, 0.4), dark, mixed(dark, (0, 0, 0), 0.15)
    )
    picture.paste(shading.transpose(Image.Transpose.ROTATE_90), mask=shape(picture.size, side))
    picture.paste(mixed(light, (255, 255, 255), 0.3), mask=shape(picture.size, lid))


def _ball(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Rgb) -> None:
    shadow = Image.new("L", picture.size)
    foot = centre[1] + radius * 0.98
    low, wide = radius * 0.16, radius * 1.05
    ImageDraw.Draw(shadow).ellipse((centre[0] - wide, foot - low, centre[0] + wide * 1.2, foot + low), fill=110)
    picture.paste(mixed(colour, (0, 0, 0), 0.7), mask=shadow.filter(ImageFilter.GaussianBlur(radius * 0.1)))
    side = round(radius * 2)
    # The lit side is where the gradient's dark centre lies: a window of it, moved up and to the left.
    light = Image.radial_gradient("L").crop((74, 82, 238, 246)).resize((side, side), Image.Resampling.BICUBIC)
    shaded = ImageOps.colorize(
        light, mixed(colour, (255, 255, 255), 0.55), mixed(colour, (0, 0, 0), 0.45), mid=colour
    )
    mask = _disc((side, side), (side / 2, side / 2), side / 2 - 1)
    picture.paste(shaded, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def _disc(size: Size, centre: tuple[float, float], radius: float) -> Image.Image:
    x, y = centre

    def draw(canvas: ImageDraw.ImageDraw, finer: int) -> None:
        canvas.ellipse([v * finer for v in (x - radius, y - radius, x + radius, y + radius)], fill=255)

    return shape(size, draw)


_PAINTERS: dict[Scenery, Painter] = {"ridges": _ridges, "water": _water, "studio": _studio, "night": _night}
