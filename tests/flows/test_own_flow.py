"""The example of a flow of one's own, on a floor like Florist's flows."""

import runpy
from decimal import Decimal
from pathlib import Path

from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_own_flow_started_again_in_its_campaign_pays_once_for_headline_and_pictures(floor: Floor):
    flow = runpy.run_path(str(EXAMPLES / "own_flow.py"))["illustrated_headlines"]
    for _ in range(2):
        await flow("Spring flowers", "spring", workspace=floor.workspace, archive=floor.archive)
    assert len([path for path in floor.files if path.suffix == ".png"]) == 2
    assert floor.books.total.charged_usd == Decimal("0.17")


async def test_studio_in_a_campaign_of_the_flow_takes_up_its_run(floor: Floor):
    from florist import FloraClient, Studio, store_at

    flow_run = await floor.headlines(campaign="spring")
    client = FloraClient(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url)
    async with client, Studio(client, store_at(floor.folder)) as studio:
        again = await studio.run("headline-writer", {"brief": "Spring flowers"}, campaign="spring")
    assert (again.how, again.run.run_id) == ("reused", flow_run.outcome.run.run_id)
    assert floor.books.total.runs == 1
