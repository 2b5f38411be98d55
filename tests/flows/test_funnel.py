"""A campaign with a gate as Prefect shows it: AwaitingReview, and gone on with by its deployment."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from florist.campaigns.picks import Pick, add_pick
from florist.errors import ConfigurationError
from tests.flows.conftest import ON_A_FLOOR, Floor, FlowRun, floor_in

pytestmark = ON_A_FLOOR

PIPELINE = """
name: funnel
params: {brief: {default: Spring}}
steps:
  head: {technique: headline-writer, variations: 3, gate: {pick: 1}, inputs: {brief: "${params.brief}"}}
  film: {technique: headline-writer, inputs: {brief: "A film of ${steps.head.output}"}}
"""


@pytest.fixture(scope="module")
def floor(workspace_type: type[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with floor_in(tmp_path_factory.mktemp("funnel"), workspace_type, duration_scale=0) as opened:
        yield opened


@pytest.fixture(scope="module")
def waiting(floor: Floor) -> FlowRun:
    """A flow run of two rows, which ended at their gates."""
    rows = floor.folder.parent / "rows.csv"
    rows.write_text("sku,brief\na,Tulips\nb,Roses\n")
    return asyncio.run(floor.run_pipeline(floor.pipeline(PIPELINE), rows=str(rows), campaign="spring"))


async def go_on(floor: Floor, **given: Any) -> FlowRun:
    from flows.continue_campaign import continue_campaign

    return await floor._run(continue_campaign, "spring", **given)


def test_flow_at_a_gate_ends_as_awaiting_review_and_holds_nothing_open(floor: Floor, waiting: FlowRun):
    assert (waiting.state.type.value, waiting.state.name) == ("COMPLETED", "AwaitingReview")
    assert waiting.state.message == "0 of 2 rows, $0.06 of $0.06; 2 of 2 rows wait for a pick"
    assert floor.books.total.charged == 6


async def test_deployment_continues_with_the_picked_ones_once_their_price_is_agreed_to(
    floor: Floor, waiting: FlowRun
):
    pick = Pick(row="a", cell="head@v2", verdict="picked")
    await add_pick(floor.archive.get_store(), "spring", pick, by="Ann", at=datetime.now(UTC))
    asked = await go_on(floor, ask_before_usd=0.0)
    assert (asked.state.name, "would cost $0.01 now" in asked.state.message) == ("NeedsConfirmation", True)
    assert floor.books.total.charged == 6
    done = await go_on(floor, ask_before_usd=0.01)
    assert (done.state.name, floor.books.total.charged) == ("AwaitingReview", 7)
    assert done.state.message.startswith("1 of 2 rows, $0.07 of $0.07 ($0.01 now); 1 of 2 rows waits")


async def test_pipeline_with_a_gate_is_refused_without_a_campaign(floor: Floor):
    refused = await floor.run_pipeline(floor.pipeline(PIPELINE))
    assert isinstance(refused.outcome, ConfigurationError)
    assert "needs a campaign" in str(refused.outcome)
