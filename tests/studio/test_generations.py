"""A plain model as a step: paid once, kept, its output handed on, swept if nobody kept it."""

from pathlib import Path

import pytest

from florist import Studio
from florist.ledger import How
from florist.pipelines import PlanError, parse_pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans
from florist.studio.steps import CampaignRow
from florist.sweep.workspace import sweep_workspace
from tests.studio.conftest import connected, results_of

PIPELINE = """
name: start
steps:
  scene:
    generation: {{model: {model}, type: image, prompt: a red barn, params: {{aspect_ratio: "16:9"}}}}
    ceiling_usd: 0.20
  words: {{technique: caption-writer, inputs: {{image: "${{steps.scene.output}}"}}}}
"""


async def planned(client, model: str = "t2i-flux-2-pro") -> RowPlans:
    pipeline = parse_pipeline(PIPELINE.format(model=model), file=Path("start.yaml"))
    return await planned_at(client, pipeline, {}, {"tulip": {}})


async def made(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        plans = await planned(client)
        return await results_of(studio, plans.rows["tulip"], campaign="spring", row="tulip")


async def test_generation_is_planned_with_the_models_that_flora_has(sandbox):
    async with connected(sandbox) as client:
        steps = (await planned(client)).rows["tulip"].steps
        assert [step.technique_name for step in steps] == ["Flux 2 Pro (sandbox)", "Caption Writer"]
        with pytest.raises(PlanError, match='no model "t2i-flux-2"; did you mean "t2i-flux-2-pro"'):
            await planned(client, "t2i-flux-2")


async def test_generation_is_paid_once_and_kept_under_its_row(sandbox, folder):
    first, again = await made(sandbox, folder), await made(sandbox, folder)
    assert (first["scene"].how, again["scene"].how) == (How.NEW, How.REUSED)
    assert first["scene"].outputs[0].key.startswith("campaigns/spring/tulip/scene/")
    assert sandbox.books().total.charged == 2


async def test_generation_s_output_feeds_the_step_that_takes_it(sandbox, folder):
    results = await made(sandbox, folder)
    assert results["words"].manifest.parents[0].run_id == results["scene"].run.run_id


async def test_generation_s_manifest_tells_what_was_asked(sandbox, folder):
    manifest = (await made(sandbox, folder))["scene"].manifest
    asked = {one.id: one.text for one in manifest.inputs}
    assert (manifest.technique, asked) == ("t2i-flux-2-pro", {"prompt": "a red barn", "aspect_ratio": "16:9"})


async def test_generation_nobody_kept_is_swept_to_its_row(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        scene = (await planned(client)).rows["tulip"].steps[0]
        await studio.start(scene, {}, CampaignRow(campaign="spring", key="tulip"))
        sandbox.clock.advance(60)
        [kept] = (await sweep_workspace(studio)).runs
        manifest = await studio.archiver.manifest_of(kept.run_id)
    assert manifest.outputs[0].key.startswith("campaigns/spring/tulip/scene/")
    assert (await made(sandbox, folder))["scene"].how is How.REUSED
