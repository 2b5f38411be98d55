"""A process killed at every boundary of the spending path, and what the next one makes of it."""

import asyncio

import pytest

from florist.ledger import State, adopt
from florist.ledger.effects import POINTS
from florist.ledger.errors import NeedsReviewError
from tests.ledger.dated_folder import UnthreadedFolder
from tests.ledger.fake_flora import Fault
from tests.ledger.virtual_time import VirtualTime
from tests.ledger.world import World, completed, work

ON_THE_HAPPY_PATH = (
    "check",
    "note scope",
    "make inputs",
    "read belief",
    "open journal",
    "post",
    "record sent",
    "claim",
    "record started",
    "close journal",
    "record archived",
)
HAPPY_POINTS = [f"{moment} {call}" for call in ON_THE_HAPPY_PATH for moment in ("before", "after")]
RESOLVING_POINTS = [
    point for point in POINTS if point not in HAPPY_POINTS or "started" in point or "sent" in point
]
ROWS = ("1", "2", "3")


@pytest.fixture(params=["memory", "folder"])
def make_world(request, tmp_path):
    def make(behaviour: str) -> World:
        if request.param == "memory":
            return World(behaviour)
        time = VirtualTime()
        return World(behaviour, time=time, store=UnthreadedFolder(tmp_path, time.now))

    return make


async def campaign(process, rows=ROWS):
    """Make every row side by side, archived."""

    async def one(row):
        started = await process.start(work(row))
        await process.spender.archived(started.entry, completed(started.run_id), f"{row}.json")

    results = await asyncio.gather(*map(one, rows), return_exceptions=True)
    results += await asyncio.gather(process.spender.aclose(), return_exceptions=True)
    return [result for result in results if result is not None]


def carried_through(world: World, rows=ROWS) -> None:
    """Resume until every row is archived, a person adopting what two requests open together leave in doubt.

    A review shows the run that is ours among its candidates, and no run is adopted for another row.
    """
    for _ in range(2):
        errors = world.run(campaign(world.process(), rows))
        assert all(isinstance(error, NeedsReviewError) for error in errors), errors
        for row in rows:
            entry = world.entry(work(row))
            if entry.state is State.NEEDS_REVIEW:
                [ours] = world.flora.paid_for[entry.key]
                assert ours in {candidate.run_id for candidate in entry.candidates}
                world.run(adopt(world.ledger, entry, ours))
        if world.behaviour == "replay":
            assert errors == []
    assert world.run(campaign(world.process(), rows)) == []


def assert_paid_once(world: World, rows=ROWS) -> None:
    assert [world.charged(work(row)) for row in rows] == [1] * len(rows)
    entries = [world.entry(work(row)) for row in rows]
    assert {entry.state for entry in entries} == {State.ARCHIVED}
    assert [world.flora.paid_for[entry.key] for entry in entries] == [[entry.run_id] for entry in entries]
    assert world.claims() == {entry.run_id: entry.key for entry in entries}


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("point", HAPPY_POINTS)
def test_process_killed_at_any_point_is_taken_over_without_a_second_charge(make_world, behaviour, point):
    world = make_world(behaviour)
    victim = world.process(dies_at=point)
    world.run(campaign(victim))
    assert victim.is_dead
    carried_through(world)
    assert_paid_once(world)


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("point", RESOLVING_POINTS)
def test_process_killed_while_resolving_is_taken_over_without_a_second_charge(make_world, behaviour, point):
    world = make_world(behaviour)
    world.run(campaign(world.process(dies_at="after post")))
    second = world.process(dies_at=point)
    world.run(campaign(second))
    carried_through(world)
    assert_paid_once(world)


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("dies_after", range(3))
@pytest.mark.parametrize("is_processed", [True, False])
def test_process_killed_while_its_request_is_at_flora_never_pays_twice(behaviour, dies_after, is_processed):
    world = World(behaviour)
    world.flora.faults = [Fault()] * dies_after + [Fault(is_processed=is_processed)]
    victim = world.process()

    async def killed_in_a_post():
        walking = asyncio.ensure_future(campaign(victim))
        while world.flora.posts <= dies_after:
            await asyncio.sleep(0.01)
        victim.kill()
        return await walking

    world.run(killed_in_a_post())
    carried_through(world)
    assert_paid_once(world)


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_processes_killed_one_after_another_in_their_posts_pay_once(behaviour):
    world = World(behaviour)
    for _ in range(4):
        world.run(campaign(world.process(dies_at="after post")))
    carried_through(world)
    assert_paid_once(world)
