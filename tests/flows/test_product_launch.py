"""The main job: a packshot in, four things out, each kept, each made of the one before."""

import re
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from florist.archive.manifest import Manifest
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, FlowRun
from tests.sandbox_media.marker import find, plant

pytestmark = ON_A_FLOOR

PRODUCT_LAUNCH = ROOT / "pipelines/product-launch.yaml"
SIGNED = re.compile(rb"signature|expires=|sk_test_|token=", re.IGNORECASE)


@pytest.fixture
def packshot(tmp_path: Path) -> str:
    """A packshot with a marker in its pixels."""
    path = tmp_path / "my packshot (1) – größer.png"
    with Image.open(ROOT / "pipelines/samples/packshot.png") as image:
        plant(image).save(path)
    return str(path)


@pytest.fixture
async def launched(floor: Floor, packshot: str) -> FlowRun:
    return await floor.run_pipeline(PRODUCT_LAUNCH, {"packshot": packshot}, campaign="spring")


def kept(floor: Floor, flow_run: FlowRun, step: str) -> Path:
    return floor.folder / flow_run.results[step].outputs[0].key


async def test_launch_of_a_marked_packshot_shows_the_marker_in_still_and_film(floor: Floor, launched: FlowRun):
    assert launched.state.is_completed()
    with Image.open(kept(floor, launched, "still")) as still:
        assert find(still)
    with av.open(kept(floor, launched, "film")) as film:
        assert find(next(film.decode(video=0)).to_image())
    assert kept(floor, launched, "page").read_bytes().startswith(b"%PDF")
    assert kept(floor, launched, "caption").read_text()
    assert (floor.books.total.runs, floor.books.total.completed) == (4, 4)

