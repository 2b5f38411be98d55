"""A pipeline with axes on the sandbox: what cells share is paid for once, and more cells keep those there are."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from florist.pipelines import definitions_of, load_pipeline, parse_pipeline
from florist.pipelines.models import Pipeline
from florist.pipelines.rows import plan_rows
from florist.stores.folder import FolderStore
from florist.studio.steps import StepResult
from florist.studio.studio import Studio
from tests.studio.conftest import connected, results_of

TWO_TONES = load_pipeline(Path(__file__).parents[2] / "pipelines/two-tones.yaml")

VARIED = """
name: varied
steps:
  scene: {{technique: key-visual, variations: {variations}, inputs: {{prompt: a red barn}}}}
  words: {{technique: caption-writer, inputs: {{image: "${{steps.scene.output}}"}}}}
  critique: {{technique: art-directors-critique, inputs: {{id: "${{steps.words.all}}"}}}}
"""


@pytest.fixture
def made(sandbox: SandboxServer, folder: FolderStore) -> Callable[..., object]:
    async def run(pipeline: Pipeline, **params: object) -> dict[str, StepResult]:
        async with connected(sandbox) as client, Studio(client, folder) as studio:
            plans = plan_rows(pipeline, params, {}, await definitions_of(pipeline, client))
            return await results_of(studio, plans.rows[""], campaign="spring")

    return run


async def test_still_of_two_tones_is_paid_for_once_and_a_third_tone_pays_for_itself_alone(made, sandbox):
    first = await made(TWO_TONES)
    assert list(first) == ["still", "caption@luxury", "caption@playful", "page@luxury", "page@playful"]
    assert sandbox.books().total.charged_usd == Decimal("0.26")
    again = await made(TWO_TONES, tones="playful,minimal,luxury")
    assert {name for name, result in again.items() if result.how == "new"} == {"caption@minimal", "page@minimal"}
    assert sandbox.books().total.charged_usd == Decimal("0.33")


async def test_manifest_tells_the_cell_and_its_axes(made):
    manifest = (await made(TWO_TONES, tones="luxury"))["page@luxury"].manifest
    assert (manifest.step, manifest.axes) == ("page@luxury", {"tone": "luxury"})
    assert manifest.outputs[0].key.startswith("campaigns/spring/single/page-luxury/")
    assert manifest.parents[0].key.startswith("campaigns/spring/single/still/")


async def test_more_variations_keep_the_first_and_the_collector_takes_them_all(made):
    first = await made(parse_pipeline(VARIED.format(variations=1), file=Path("varied.yaml")))
    more = await made(parse_pipeline(VARIED.format(variations=2), file=Path("varied.yaml")))
    new = {name for name, result in more.items() if result.how == "new"}
    assert new == {"scene@v2", "words@scene-v2", "critique"}
    assert more["scene"].run.run_id == first["scene"].run.run_id
    words = [more[name].outputs[0].text for name in ("words", "words@scene-v2")]
    assert more["critique"].manifest.inputs[0].text == "\n\n".join(words)
