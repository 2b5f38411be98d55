"""A plain model as a step: paid once, kept, its output handed on, swept if nobody kept it."""

from florist import Studio
from florist.api.models import MediaKind
from florist.ledger import How
from florist.pipelines import PlannedStep, TextSource
from florist.pipelines.fitting import PlannedInput
from florist.studio.steps import CampaignRow, make_step
from florist.studio.studio import StudioSteps
from florist.sweep.workspace import sweep_workspace
from tests.studio.conftest import connected

ROW = CampaignRow(campaign="spring", key="tulip")


def text(name, value):
    return PlannedInput(id=name, type=MediaKind.TEXT, value=TextSource(text=value))


STILL = PlannedStep(
    name="still",
    technique="t2i-flux-2-pro",
    technique_id="t2i-flux-2-pro",
    route="generation",
    inputs=(text("type", "image"), text("prompt", "a red barn"), text("params.aspect_ratio", '"16:9"')),
)


async def made(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        return await make_step(STILL, {}, StudioSteps(studio, ROW))


async def test_generation_is_paid_once_and_kept_under_its_row(sandbox, folder):
    first, again = await made(sandbox, folder), await made(sandbox, folder)
    assert (first.how, again.how, first.run.run_id) == (How.NEW, How.REUSED, again.run.run_id)
    assert first.outputs[0].key.startswith("campaigns/spring/tulip/still/")
    assert sandbox.books().total.charged == 1


async def test_generation_s_manifest_tells_what_was_asked(sandbox, folder):
    manifest = (await made(sandbox, folder)).manifest
    assert (manifest.technique, {one.id: one.text for one in manifest.inputs}["prompt"]) == (
        "t2i-flux-2-pro",
        "a red barn",
    )


async def test_generation_nobody_kept_is_swept_to_its_row(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        await studio.start(STILL, {}, ROW)
        sandbox.clock.advance(60)
        report = await sweep_workspace(studio)
        [kept] = report.runs
        manifest = await studio.archiver.manifest_of(kept.run_id)
    assert manifest.outputs[0].key.startswith("campaigns/spring/tulip/still/")
    assert (await made(sandbox, folder)).how is How.REUSED
