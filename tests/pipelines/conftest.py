from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from florist.api.models import Technique
from florist.pipelines import Pipeline, PipelineFileError, load_pipeline

CATALOGUE: dict[str, dict[str, Any]] = {
    "still": {
        "run_cost": 0.1,
        "inputs": [
            {"id": "image", "type": "imageUrl"},
            {"id": "prompt", "type": "text"},
            {"id": "mask", "type": "imageUrl", "optional": True},
        ],
        "outputs": [{"id": "still", "type": "imageUrl"}],
    },
    "film": {
        "run_cost": 0.25,
        "inputs": [{"id": "image", "type": "imageUrl"}, {"id": "prompt", "type": "text", "optional": True}],
        "outputs": [{"id": "film", "type": "videoUrl"}],
    },
    "caption": {
        "run_cost": "0.02",
        "inputs": [{"id": "image", "type": "imageUrl"}],
        "outputs": [{"id": "caption", "type": "text"}],
    },
    "write": {"inputs": [{"id": "prompt", "type": "text"}], "outputs": [{"id": "text", "type": "text"}]},
    "pair": {
        "run_cost": 1,
        "inputs": [{"id": "images", "type": "imageUrl", "allow_multiple": True}],
        "outputs": [{"id": "left", "type": "imageUrl"}, {"id": "right", "type": "imageUrl"}],
    },
    "cast": {"inputs": [{"id": "hero", "type": "imageUrl", "accepts_element": True}]},
    "dub": {
        "inputs": [{"id": "prompt", "type": "text"}, {"id": "voice", "type": "audioUrl", "optional": True}],
        "outputs": [],
    },
}


@pytest.fixture
def definitions() -> dict[str, Technique]:
    return {
        slug: Technique.model_validate({"technique_id": f"tech_{slug}", "name": slug.title(), **fields})
        for slug, fields in CATALOGUE.items()
    }


@pytest.fixture
def pipeline_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Return a function that writes a pipeline file, beside which `shot.png` stands."""
    (tmp_path / "shot.png").write_bytes(b"\x89PNG")

    def write(content: str | bytes) -> Path:
        file = tmp_path / "tried.yaml"
        file.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return file

    return write


@pytest.fixture
def loaded(pipeline_file: Callable[[str], Path]) -> Callable[[str], Pipeline]:
    return lambda content: load_pipeline(pipeline_file(content))


@pytest.fixture
def problems_of(
    pipeline_file: Callable[[str | bytes], Path], tmp_path: Path
) -> Callable[[str | bytes], list[str]]:
    """Return a function that loads what must not load, and returns its problems without the folder."""

    def load(content: str | bytes) -> list[str]:
        with pytest.raises(PipelineFileError) as caught:
            load_pipeline(pipeline_file(content))
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]

    return load
