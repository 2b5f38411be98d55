"""One technique run by the studio alone: paid once, however often it is asked for."""

import asyncio

import pytest

from florist import Studio
from florist.errors import ConfigurationError
from florist.ledger import How
from florist.pipelines import PlanError
from florist.studio.campaigns import Campaigns
from tests.studio.conftest import connected

BRIEF = {"brief": "Spring flowers"}


async def made(sandbox, folder, campaign="spring", **options):
    """What one process does: it knows nothing of the others but the folder."""
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        return await studio.run("headline-writer", BRIEF, campaign=campaign, **options)


async def test_run_is_kept_under_its_campaign_row_and_step(sandbox, folder):
    result = await made(sandbox, folder, row="tulip", step="headline")
    [output] = result.outputs
    assert output.key.startswith("campaigns/spring/tulip/headline/")
    assert (folder.path / output.key).read_text() == output.text


async def test_run_asked_for_again_by_another_process_is_paid_once(sandbox, folder):
    first, again = await made(sandbox, folder), await made(sandbox, folder, campaign="spring ")
    assert (first.how, again.how) == (How.NEW, How.REUSED)
    assert sandbox.books().total.charged == 1


async def test_two_processes_at_once_pay_once(sandbox, folder):
    both = await asyncio.gather(made(sandbox, folder), made(sandbox, folder))
    assert both[0].run.run_id == both[1].run.run_id
    assert sandbox.books().total.charged == 1


async def test_another_row_is_other_work(sandbox, folder):
    await made(sandbox, folder, row="tulip")
    await made(sandbox, folder, row="rose")
    assert sandbox.books().total.charged == 2


async def test_campaign_that_differs_by_case_alone_is_refused_until_it_is_said_to_be_new(sandbox, folder):
    await made(sandbox, folder)
    with pytest.raises(ConfigurationError, match="new_campaign"):
        await made(sandbox, folder, campaign="Spring")
    assert sandbox.books().total.charged == 1
    await made(sandbox, folder, campaign="Spring", new_campaign=True)
    assert sandbox.books().total.charged == 2


async def test_inputs_that_do_not_fit_are_refused_before_paying(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        with pytest.raises(PlanError, match="did you mean"):
            await studio.run("headline-writer", {"brie": "x"}, campaign="spring")
    assert sandbox.books().total.requests == 0
    assert not await Campaigns(folder).knows("spring")


async def test_run_adopted_by_time_says_so_in_its_manifest_and_ever_after(sandbox, folder):
    result = await made(sandbox, folder)
    assert (result.came, result.manifest.started_by) == ("new", "new")
    manifest = result.manifest.model_copy(update={"started_by": "adopted by time"})
    ways = [result.model_copy(update={"manifest": manifest, "how": how}).came for how in (How.ADOPTED, How.REUSED)]
    assert ways == ["adopted by time", "reused (adopted by time)"]
