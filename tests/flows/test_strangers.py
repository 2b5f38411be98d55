"""What nobody planned for: cancelled in the middle, twice at once, odd values."""

import asyncio

import pytest

from florist.ledger import How
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor

pytestmark = ON_A_FLOOR

WORDS_TO_PICTURE = """
name: words-to-picture
description: A picture painted from what another step wrote.
steps:
  lines: {technique: headline-writer, inputs: {brief: "50 % off; ${unclosed"}}
"""


async def test_flow_cancelled_midway_is_finished_by_its_campaign_without_a_second_charge(floor: Floor):
    launching = asyncio.create_task(floor.run_pipeline(ROOT / "pipelines/product-launch.yaml", campaign="spring"))
    while not floor.books.total.runs:
        await asyncio.sleep(0.02)
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launching
    again = await floor.run_pipeline(ROOT / "pipelines/product-launch.yaml", campaign="spring")
    assert again.state.is_completed()
    assert (floor.books.total.runs, floor.books.total.completed) == (4, 4)


async def test_two_flows_at_once_on_one_campaign_pay_once(floor: Floor):
    both = await asyncio.gather(*(floor.headlines(campaign="spring") for _ in range(2)))
    assert all(flow_run.state.is_completed() for flow_run in both)
    assert sorted(flow_run.outcome.how for flow_run in both)[0] == How.NEW
    assert floor.books.total.runs == 1


@pytest.mark.parametrize("window", [0, -1, float("nan")])
async def test_window_of_no_length_is_refused_before_paying(floor: Floor, window: float):
    flow_run = await floor.headlines(window=window)
    assert flow_run.state.is_failed()
    print("WINDOW", flow_run.state.message)
    assert floor.books.total.requests == 0


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e12, 1e300])
async def test_timeout_of_no_length_is_refused_before_paying(floor: Floor, timeout: float):
    flow_run = await floor.headlines(timeout=timeout)
    print("TIMEOUT", timeout, flow_run.state.message)
    assert flow_run.state.is_failed()
    assert floor.books.total.requests == 0


@pytest.mark.parametrize("campaign", ["a/../../b", "x" * 300, "ünï 💐\n", "..", " "])
async def test_odd_campaign(floor: Floor, campaign: str):
    flow_run = await floor.headlines(campaign=campaign)
    print("CAMPAIGN", repr(campaign), flow_run.state.name, flow_run.state.message)
    print([str(p.relative_to(floor.folder)) for p in floor.files])
    assert floor.books.total.runs == 1
    assert flow_run.state.is_completed()


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"brief": ""},
        {"brief": "  "},
        {"brief": "x" * 100_000},
        {"brief": "a ${steps.x.output}"},
        {"brief": "${"},
    ],
)
async def test_odd_inputs(floor: Floor, inputs: dict[str, str]):
    flow_run = await floor.run_technique("headline-writer", inputs)
    print("INPUTS", repr(inputs)[:60], flow_run.state.name, (flow_run.state.message or "")[:300])
    assert floor.books.total.runs == 0


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:9/x.png",
        "http://example.com/x.png",
        "https://127.0.0.1:9/x.png",
        "data:image/png;base64,AAAA",
        "/etc",
        "/dev/zero",
        "~/x.png",
        "s3://b/k",
    ],
)
async def test_odd_pictures(floor: Floor, value: str):
    flow_run = await floor.run_technique("caption-writer", {"image": value})
    print("PICTURE", value, flow_run.state.name, (flow_run.state.message or "")[:400])
    assert floor.books.total.runs == 0


async def test_empty_params(floor: Floor):
    flow_run = await floor.run_pipeline(ROOT / "pipelines/moodboard.yaml", {})
    print("EMPTY", flow_run.state.name, (flow_run.state.message or "")[:400])
