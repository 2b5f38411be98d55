"""The colours and the scenery a prompt asks for."""

import colorsys
import re
from dataclasses import dataclass
from random import Random
from typing import Literal

Rgb = tuple[int, int, int]
Scenery = Literal["ridges", "water", "studio", "night"]


@dataclass(frozen=True, slots=True)
class Mood:
    """What a scene is painted with: two colours of air, one of ground, an accent and the colour of the light."""

    scenery: Scenery
    sky: Rgb
    horizon: Rgb
    ground: Rgb
    accent: Rgb
    light: Rgb


# No colour here comes near pure magenta or pure green: tests plant those in pictures to find them again.
_MOODS: tuple[tuple[str, Mood], ...] = (
    (
        "night midnight neon city urban club dark black",
        Mood("night", (14, 18, 38), (44, 40, 84), (16, 17, 30), (236, 138, 92), (120, 150, 224)),
    ),
    (
        "sunset dusk sunrise dawn golden hour evening warm",
        Mood("ridges", (72, 62, 112), (248, 176, 124), (62, 44, 66), (240, 120, 84), (255, 226, 170)),
    ),
    (
        "sea ocean beach water wave waves coast lake river summer",
        Mood("water", (98, 162, 204), (232, 228, 208), (30, 88, 116), (244, 170, 120), (255, 246, 220)),
    ),
    (
        "forest moss garden botanical leaf leaves jungle meadow spring nature",
        Mood("ridges", (196, 214, 200), (232, 232, 204), (42, 74, 58), (206, 170, 96), (255, 250, 226)),
    ),
    (
        "desert sand dune terracotta clay canyon mountain mountains",
        Mood("ridges", (152, 184, 204), (246, 214, 176), (158, 92, 62), (214, 118, 74), (255, 240, 208)),
    ),
    (
        "snow winter ice frost alpine arctic",
        Mood("ridges", (150, 178, 208), (236, 240, 246), (92, 118, 152), (140, 166, 196), (255, 255, 255)),
    ),
    (
        "pink rose blossom peony romantic blush",
        Mood("studio", (240, 206, 204), (250, 228, 222), (226, 176, 176), (196, 104, 112), (255, 246, 242)),
    ),
    (
        "lavender violet lilac purple dream",
        Mood("studio", (196, 190, 224), (226, 220, 240), (164, 154, 204), (112, 98, 164), (250, 246, 255)),
    ),
    (
        "citrus lemon yellow mustard sunny honey",
        Mood("studio", (248, 214, 122), (252, 234, 176), (232, 182, 82), (216, 122, 60), (255, 252, 232)),
    ),
    (
        "coffee wood autumn oak walnut leather amber",
        Mood("studio", (190, 150, 116), (222, 190, 156), (134, 92, 64), (92, 58, 42), (255, 236, 208)),
    ),
    (
        "marble white studio minimal clean stone concrete grey gray",
        Mood("studio", (214, 214, 212), (238, 237, 234), (196, 194, 190), (150, 146, 140), (255, 255, 252)),
    ),
)


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return re.findall(r"[^\W\d_]+", text.lower())


def mood_of(prompt: str) -> Mood:
    """Return what the prompt's words call for, or, if they call for nothing known, a pastel studio of its own."""
    spoken = set(words_of(prompt))
    best = max(_MOODS, key=lambda entry: len(spoken & set(entry[0].split())))
    if spoken & set(best[0].split()):
        return best[1]
    return _pastel(Random(prompt).random())


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return the colour that lies `share` (0 to 1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _pastel(hue: float) -> Mood:
    def tone(lightness: float, saturation: float, turn: float = 0.0) -> Rgb:
        red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1, lightness, saturation)
        return round(red * 255), round(green * 255), round(blue * 255)

    return Mood(
        "studio", tone(0.78, 0.35), tone(0.88, 0.4), tone(0.68, 0.32), tone(0.5, 0.38, 0.09), tone(0.97, 0.6)
    )
