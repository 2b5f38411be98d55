"""Inputs for the recipes: the sample packshot, and what recipes make of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from flora_sandbox.media import InputContent, render
from tests.flora_sandbox_media.contents import image_input, png, text_input

PACKSHOT = Path(__file__).parents[2] / "pipelines" / "samples" / "packshot.png"


@pytest.fixture(scope="session")
def packshot() -> Image.Image:
    with Image.open(PACKSHOT) as opened:
        return opened.convert("RGB")


@pytest.fixture(scope="session")
def film(packshot: Image.Image) -> bytes:
    still = image_input(png(packshot.resize((256, 256))))
    return render("film-from-still", {"image": still}, seed=1)[0].data


@pytest.fixture(scope="session")
def tune() -> bytes:
    return render("sonic-logo", {"text": text_input("florist")}, seed=1)[0].data


@pytest.fixture(scope="session")
def content_for(packshot: Image.Image, film: bytes, tune: bytes) -> Callable[[str], InputContent]:
    """Return a good value for an input of a kind; small, so that every recipe can be tried."""
    values = {
        "imageUrl": image_input(png(packshot.resize((384, 384)))),
        "videoUrl": InputContent("videoUrl", data=film, media_type="video/mp4"),
        "audioUrl": InputContent("audioUrl", data=tune, media_type="audio/wav"),
        "text": text_input("golden hour over the hills"),
    }
    return values.__getitem__
