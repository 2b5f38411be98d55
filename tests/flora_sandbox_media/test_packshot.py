"""The sample packshot is the one its script draws."""

import runpy
from pathlib import Path

import pytest
from PIL import Image, ImageChops

SAMPLES = Path(__file__).parents[2] / "pipelines" / "samples"


def test_packshot_script_draws_the_picture_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "packshot.png"
    monkeypatch.setattr("sys.argv", ["make_packshot.py", str(target)])

    runpy.run_path(str(SAMPLES / "make_packshot.py"), run_name="__main__")

    with Image.open(target) as drawn, Image.open(SAMPLES / "packshot.png") as shipped:
        assert ImageChops.difference(drawn, shipped).getbbox() is None
    assert (SAMPLES / "packshot.png").stat().st_size < 300_000
