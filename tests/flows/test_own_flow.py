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
