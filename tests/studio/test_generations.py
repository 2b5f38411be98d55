"""Generations are planned with FLORA's own models, and not run yet."""

from pathlib import Path

import pytest

from florist.errors import ConfigurationError
from florist.pipelines import PlanError, parse_pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans
from florist.studio.plain_walk import walk_plainly
from florist.studio.studio import Studio
from tests.studio.conftest import connected

PIPELINE = """
name: start
steps:
  scene:
    generation: {{model: {model}, type: image, prompt: a red barn, params: {{aspect_ratio: "16:9"}}}}
    ceiling_usd: 0.20
  words: {{technique: caption-writer, inputs: {{image: "${{steps.scene.output}}"}}}}
"""


async def planned(client, model: str) -> RowPlans:
    return await planned_at(client, parse_pipeline(PIPELINE.format(model=model), file=Path("start.yaml")), {}, {})


async def test_generation_is_planned_with_the_models_that_flora_has(sandbox):
    async with connected(sandbox) as client:
        steps = (await planned(client, "t2i-flux-2-pro")).rows[""].steps
        assert [step.technique_name for step in steps] == ["Flux 2 Pro (sandbox)", "Caption Writer"]
        with pytest.raises(PlanError, match='no model "t2i-flux-2"; did you mean "t2i-flux-2-pro"'):
            await planned(client, "t2i-flux-2")


async def test_generation_is_refused_before_anything_is_sent(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        walked = await walk_plainly(studio, await planned(client, "t2i-flux-2-pro"), campaign="spring")
    assert isinstance(walked[""].failed["scene"], ConfigurationError)
    assert walked[""].skipped == {"words": ("scene",)}
    assert sandbox.books().total.requests == 0
