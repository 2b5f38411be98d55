"""A run that takes its time, or fails, or cannot be looked at: none of it is paid for twice."""

import asyncio
from collections.abc import Callable

from florist.api.errors import RunTimeoutError
from florist.ledger import How, Ledger
from florist.pipelines.errors import StepsFailedError
from florist.stores.folder import FolderStore
from tests.flows.conftest import ON_A_FLOOR, PENDING, ROOT, Floor

pytestmark = ON_A_FLOOR

WINDOW = 4.0
"""Of the hurried client's seconds: 0.2 s."""
AtLine = Callable[[str, int, Callable[[], object]], None]

ONE_REFUSED = """
name: one-refused
description: A refused step, one that needs it, and one beside both.
params: {}
steps:
  portrait: {technique: celebrity-lookalike, inputs: {prompt: a famous singer}}
  caption: {technique: caption-writer, inputs: {image: "${steps.portrait.output}"}}
  headlines: {technique: headline-writer, inputs: {brief: Spring flowers}}
"""


async def test_run_longer_than_two_windows_is_retried_and_paid_once(still_floor: Floor, at_line: AtLine):
    at_line(PENDING, 2, lambda: still_floor.sandbox.clock.advance(60))
    flow_run = await still_floor.headlines(window=WINDOW)
    step = (await flow_run.task_runs(1))["run"]
    states = await flow_run.states(step)
    assert states[-1] == "New"
    assert states.count("AwaitingRetry") >= 2
    assert still_floor.books.total.runs == 1
    assert any("FLORA is still at work on run (run run_" in line.message for line in await flow_run.log())


async def test_run_past_its_deadline_fails_and_the_campaign_again_collects_it(still_floor: Floor):
    late = await still_floor.headlines(campaign="spring", timeout=0.05, window=WINDOW)
    assert late.state.is_failed()
    assert isinstance(late.outcome, StepsFailedError)
    assert late.outcome.failures[0].error == RunTimeoutError.__name__
    assert "at its deadline; it goes on at FLORA" in late.state.message
    still_floor.sandbox.clock.advance(60)
    again = await still_floor.headlines(campaign="spring")
    assert again.outcome.how is How.RESUMED
    assert still_floor.books.total.runs == 1


async def test_flow_run_without_campaign_retried_finds_its_own_run(still_floor: Floor, at_line: AtLine):
    at_line("RunTimeoutError", 1, lambda: still_floor.sandbox.clock.advance(60))
    flow_run = await still_floor.headlines(timeout=0.05, window=WINDOW, flow_retries=1)
    assert flow_run.outcome.how is How.RESUMED
    assert still_floor.books.total.runs == 1


async def test_every_third_poll_failing_four_ways_costs_no_second_run(still_floor: Floor):
    still_floor.sandbox.set_faults("every_third_poll")
    passing = asyncio.create_task(time_passes_after_troubles(still_floor, 4))
    flow_run = await still_floor.run_pipeline(ROOT / "pipelines/product-launch.yaml")
    passing.cancel()
    assert flow_run.state.is_completed()
    assert still_floor.books.faults_struck["poll_trouble"] >= 4
    assert (still_floor.books.total.runs, still_floor.books.total.requests) == (4, 4)


async def time_passes_after_troubles(floor: Floor, count: int) -> None:
    while True:
        await asyncio.sleep(0.05)
        if floor.books.faults_struck.get("poll_trouble", 0) >= count:
            floor.sandbox.clock.advance(30)


async def test_refused_run_fails_its_step_with_the_reason_and_leaves_the_others_be(floor: Floor):
    flow_run = await floor.run_pipeline(floor.pipeline(ONE_REFUSED))
    task_runs = await flow_run.task_runs(2)
    assert "safety_blocked" in flow_run.state.message
    refused = task_runs["portrait"].state
    assert refused.name == "Failed"
    assert "blocked by the safety system" in refused.message
    assert task_runs["headlines"].state.name == "New"
    assert flow_run.outcome.skipped == (("caption", ("portrait",)),)
    assert (floor.books.total.runs, floor.books.total.completed) == (2, 1)


async def test_run_that_fails_twice_in_passing_works_at_the_third_attempt(floor: Floor):
    packshot = str(ROOT / "pipelines/samples/packshot.png")
    flow_run = await floor.run_technique("double-upscale", {"image": packshot}, campaign="spring")
    entries = await Ledger(FolderStore(floor.folder)).entries()
    assert flow_run.state.is_completed()
    assert sorted(entry.work.attempt for entry in entries) == [0, 1, 2]
    assert (floor.books.total.runs, floor.books.total.completed) == (3, 1)


async def test_same_campaign_twice_pays_once_and_says_so(floor: Floor):
    first = await floor.headlines(campaign="spring")
    second = await floor.headlines(campaign="spring")
    assert (first.outcome.how, second.outcome.how) == (How.NEW, How.REUSED)
    assert floor.books.total.runs == 1
    assert "was paid for and archived before" in (await second.task_runs(1))["run"].state.message


async def test_two_flow_runs_without_campaign_are_two_pieces_of_work(floor: Floor):
    first = await floor.headlines()
    second = await floor.headlines()
    assert (first.outcome.how, second.outcome.how) == (How.NEW, How.NEW)
    assert floor.books.total.runs == 2
