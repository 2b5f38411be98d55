"""What nobody planned for: cancelled in the middle, twice at once, odd values."""

import asyncio
from typing import Any

import pytest

from florist.ledger import How
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, FlowRun

pytestmark = ON_A_FLOOR

PRODUCT_LAUNCH = ROOT / "pipelines/product-launch.yaml"
WORDS_TO_PICTURE = """
name: words-to-picture
description: A picture painted from what another step wrote, and one whose prompt is that alone.
steps:
  lines: {technique: headline-writer, inputs: {brief: "50 % off: {all} $5 flowers"}}
  around: {technique: key-visual, inputs: {prompt: "A poster that says ${steps.lines.output}, at dawn"}}
  alone: {technique: key-visual, inputs: {prompt: "${steps.lines.output}"}}
"""


async def test_flow_cancelled_midway_is_finished_by_its_campaign_without_a_second_charge(floor: Floor):
    launching = asyncio.create_task(floor.run_pipeline(PRODUCT_LAUNCH, campaign="spring"))
    while not floor.books.total.runs:
        assert not launching.done(), launching.result().state.message
        await asyncio.sleep(0.02)
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(launching, 30)
    again = await floor.run_pipeline(PRODUCT_LAUNCH, campaign="spring")
    assert again.state.is_completed()
    assert (floor.books.total.runs, floor.books.total.completed) == (4, 4)


async def test_two_flows_at_once_on_one_campaign_pay_once(floor: Floor):
    both = await asyncio.gather(*(floor.headlines(campaign="spring") for _ in range(2)))
    assert all(flow_run.state.is_completed() for flow_run in both)
    # Of one process, the later one may have joined the very call by which the run was started: new to both.
    assert How.NEW in [flow_run.outcome.how for flow_run in both]
    assert len({flow_run.outcome.run.run_id for flow_run in both}) == 1
    assert (floor.books.total.runs, floor.books.total.charged) == (1, 1)


async def test_two_flows_that_share_a_campaign_say_so(still_floor: Floor):
    async def begun(count: int) -> asyncio.Task[FlowRun]:
        flow = asyncio.create_task(still_floor.headlines(campaign="spring"))
        while len(list((still_floor.folder / "ledger/at-work").rglob("*.json"))) < count:
            assert not flow.done()
            await asyncio.sleep(0.02)
        return flow

    flows = [await begun(1), await begun(2)]
    still_floor.sandbox.clock.advance(60)
    lines = [line.message for flow in flows for line in await (await flow).log()]
    assert any(line.startswith("another run of campaign spring is at work") for line in lines)


async def test_text_that_a_step_wrote_becomes_a_prompt_whole_or_in_part(floor: Floor):
    flow_run = await floor.run_pipeline(floor.pipeline(WORDS_TO_PICTURE))
    assert flow_run.state.is_completed()
    assert floor.books.total.completed == 3


@pytest.mark.parametrize(
    ("name", "seconds"), [("window", 0), ("window", float("nan")), ("timeout", -1), ("timeout", 1e12)]
)
async def test_time_that_cannot_be_waited_is_refused_before_paying(floor: Floor, name: str, seconds: float):
    flow_run = await floor.headlines(**{name: seconds})
    assert name in flow_run.state.message
    assert floor.books.total.requests == 0


@pytest.mark.parametrize("campaign", ["a/../../b", "x" * 300])
async def test_campaign_of_odd_letters_is_kept_inside_the_archive(floor: Floor, campaign: str):
    flow_run = await floor.headlines(campaign=campaign)
    assert flow_run.state.is_completed()
    (kept,) = (floor.folder / "campaigns").rglob("*.txt")
    assert kept.is_relative_to(floor.folder.resolve())


async def test_campaign_with_a_blank_behind_it_is_the_same_campaign(floor: Floor):
    await floor.headlines(campaign="spring")
    again = await floor.headlines(campaign="spring ")
    assert again.outcome.how is How.REUSED
    assert floor.books.total.runs == 1


@pytest.mark.parametrize("inputs", [{}, {"brief": "  "}, {"topic": "Spring"}], ids=["none", "blank", "unknown"])
async def test_technique_without_its_input_says_which_and_pays_nothing(floor: Floor, inputs: dict[str, Any]):
    flow_run = await floor.run_technique("headline-writer", inputs)
    assert "brief" in flow_run.state.message
    assert floor.books.total.requests == 0


@pytest.mark.parametrize(
    "value",
    [
        "http://example.com/x.png",
        "https://127.0.0.1:9/x.png",
        "data:image/png;base64,AAAA",
        "/dev/zero",
        "s3://b/k",
    ],
)
async def test_picture_that_cannot_be_one_is_refused_before_paying(floor: Floor, value: str):
    flow_run = await floor.run_technique("caption-writer", {"image": value})
    assert flow_run.state.is_failed()
    assert floor.books.total.requests == 0
