"""Recipes that make text."""

import math
from collections import Counter
from random import Random

from PIL import Image, ImageStat

from flora_sandbox.media.content import Inputs, Made, text_made, text_of
from flora_sandbox.media.palette import Rgb, words_of
from flora_sandbox.media.pictures import picture_of

COLOURS: dict[str, Rgb] = {
    "black": (16, 16, 18),
    "charcoal": (58, 58, 62),
    "grey": (128, 128, 128),
    "silver": (190, 190, 192),
    "white": (250, 250, 248),
    "cream": (245, 236, 214),
    "sand": (214, 188, 150),
    "terracotta": (190, 110, 76),
    "amber": (168, 92, 32),
    "brown": (92, 54, 32),
    "red": (196, 40, 40),
    "coral": (240, 128, 104),
    "blush": (240, 208, 204),
    "rose": (206, 110, 124),
    "magenta": (255, 0, 255),
    "plum": (92, 54, 92),
    "lavender": (190, 182, 220),
    "navy": (24, 28, 60),
    "indigo": (64, 60, 120),
    "blue": (44, 96, 190),
    "sky blue": (140, 190, 220),
    "teal": (30, 104, 116),
    "mint": (178, 222, 200),
    "moss": (66, 96, 66),
    "sage": (168, 186, 160),
    "green": (0, 200, 40),
    "gold": (222, 178, 76),
    "yellow": (248, 222, 90),
}

TONES: dict[str, str] = {
    "playful": "Say hello to {subject}, and yes, it knows how good it looks.",
    "luxury": "{Subject}, with nothing to prove and nothing left out.",
    "minimal": "{Subject}. That is all.",
    "technical": "Technically speaking: {subject}.",
}

LITTLE_WORDS = frozenset(
    words_of("a an and are as at be by for from in into is it its of on or our that the to we with")
)


def caption(inputs: Inputs, _: Random) -> list[Made]:
    """Describe a picture by its pixels, in a tone: image (and text) → text."""
    return [text_made("caption", caption_of(picture_of(inputs, "image", max_side=None), text_of(inputs, "tone")))]


def headlines(inputs: Inputs, chance: Random) -> list[Made]:
    """Turn a brief into five headlines: text → text."""
    return [text_made("headlines", five_headlines(text_of(inputs, "brief"), chance))]


def headlines_from_prompt(inputs: Inputs, chance: Random) -> list[Made]:
    """Turn a prompt into five headlines: text → text."""
    return [text_made("headlines", five_headlines(text_of(inputs, "prompt"), chance))]


def five_headlines(brief: str, chance: Random) -> str:
    """Return five numbered lines about what the brief speaks of most."""
    first, second, third = _subjects(brief, 3)
    lines = (
        f"{first.capitalize()}, at last.",
        f"More {second}. Less of everything else.",
        f"Made for {third}, kept for {first}.",
        f"The quiet side of {second}.",
        f"What {first} was meant to be.",
        f"Begin with {third}.",
        f"{second.capitalize()} has a new address.",
    )
    return "\n".join(f"{number}. {line}" for number, line in enumerate(chance.sample(lines, 5), start=1))


def critique(inputs: Inputs, chance: Random) -> list[Made]:
    """Judge a text as an art director would: text → text."""
    text = text_of(inputs, "id")
    words = words_of(text)
    subject, *_ = _subjects(text, 1)
    colours = [name for name in COLOURS if name in words]
    length = "It says it once, which is right" if len(words) < 25 else "It says too much; cut a third"
    colour = f"{', '.join(colours)} will carry it" if colours else "no colour is named, so name one"
    close = chance.choice(("Give it more air.", "Let the light do the work.", "Lose one idea and keep the other."))
    report = (
        f"Concept: everything hangs on “{subject}”; make that unmistakable.\n"
        f"Length: {len(words)} words. {length}.\n"
        f"Colour: {colour}.\n"
        f"Verdict: {close}"
    )
    return [text_made("critique", report)]


def caption_of(picture: Image.Image, tone: str = "") -> str:
    """Return what can be said of a picture from its pixels alone."""
    width, height = picture.size
    subject = f"{_light(picture)} {_shape(width, height)} in {_listed(dominant_colours(picture))}"
    spoken = words_of(tone)
    template = next((TONES[word] for word in spoken if word in TONES), "{Subject}.")
    sentence = template.format(subject=f"a {subject}", Subject=f"A {subject}")
    return f"{sentence} {width} × {height} px."


def dominant_colours(picture: Image.Image, count: int = 3) -> list[str]:
    """Return the names of the colours that cover most of a picture, the widest first."""
    small = picture.resize((48, 48), Image.Resampling.BOX).convert("RGB")
    values = small.tobytes()
    shares = Counter(map(_name, zip(values[::3], values[1::3], values[2::3], strict=True)))
    (first, widest), *others = shares.most_common(count)
    return [first, *(name for name, share in others if share > widest / 20)]


def _name(colour: Rgb) -> str:
    return min(COLOURS, key=lambda name: math.dist(COLOURS[name], colour))


def _light(picture: Image.Image) -> str:
    light = ImageStat.Stat(picture.convert("L"))
    if light.mean[0] > 165:
        return "bright"
    if light.mean[0] < 80:
        return "dark"
    return "high-contrast" if light.stddev[0] > 62 else "soft"


def _shape(width: int, height: int) -> str:
    if width > height * 1.1:
        return "landscape"
    return "portrait" if height > width * 1.1 else "square"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _subjects(text: str, count: int) -> list[str]:
    """Return the words a text speaks of most; filled up where it has too few."""
    counted = Counter(word for word in words_of(text) if word not in LITTLE_WORDS)
    found = [word for word, _ in counted.most_common(count)]
    return [*found, *("beauty", "light", "time")][:count]
