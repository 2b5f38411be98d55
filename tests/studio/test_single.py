"""One technique run by the studio alone: paid once, however often it is asked for."""

import asyncio

import pytest

from florist import Studio
from florist.ledger import How
from florist.pipelines import PlanError
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


async def test_inputs_that_do_not_fit_are_refused_before_paying(sandbox, folder):
    async with connected(sandbox) as client, Studio(client, folder) as studio:
        with pytest.raises(PlanError, match="did you mean"):
            await studio.run("headline-writer", {"brie": "x"}, campaign="spring")
    assert sandbox.books().total.requests == 0
