"""Which recipe a name stands for."""

from collections.abc import Callable, Mapping
from random import Random

from flora_sandbox.media import documents, films, sounds, stills, words
from flora_sandbox.media.content import InputContent, Inputs, Made, text_of

Recipe = Callable[[Inputs, Random], list[Made]]

RECIPES: Mapping[str, Recipe] = {
    "boomerang": films.boomerang,
    "caption": words.caption,
    "cctv": stills.cctv,
    "cleaned-voice": sounds.cleaned_voice,
    "critique": words.critique,
    "film-from-prompt": films.film_from_prompt,
    "film-from-still": films.film_from_still,
    "headlines": words.headlines,
    "headlines-from-prompt": words.headlines_from_prompt,
    "look-book-page": documents.look_book_page,
    "portrait": stills.portrait,
    "poster-frame": films.poster_frame,
    "product-in-scene": stills.product_in_scene,
    "scene-still": stills.scene_still,
    "sonic-logo": sounds.sonic_logo,
    "square-crop": stills.square_crop,
    "styled-still": stills.styled_still,
    "tune-from-prompt": sounds.tune_from_prompt,
    "upscale": stills.upscale,
    "variations": stills.variations,
}


def render(recipe: str, inputs: Mapping[str, InputContent], *, seed: int) -> list[Made]:
    """Make the outputs of a recipe; the same inputs and seed give the same bytes.

    Args:
        inputs: the values by input id; optional ones may be left out. A text under `seed`, the parameter
            of generations, is used instead of `seed`.

    Raises:
        UnreadableInputError: an input that is needed is missing or holds something else than its kind says.
    """
    return RECIPES[recipe](inputs, Random(f"{recipe} {text_of(inputs, 'seed', str(seed))}"))
