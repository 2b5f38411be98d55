"""A clock of ours is set while the ledger works: what FLORA's time is reckoned by. The monotonic clock goes on."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from florist.ledger.errors import NeedsReviewError
from tests.ledger.world import Process, World, work

STEPS = pytest.mark.parametrize("hours", [-3, 3])
BEHAVIOURS = pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
DAY_AND_MORE = 26 * 3600.0


def set_clock(process: Process, hours: float) -> None:
    process.clock_error = timedelta(hours=hours)


def is_dated_in_truth(world: World) -> bool:
    """Whether the entry's POSTs are dated as they left."""
    entry = world.entry()
    recorded_at = world.run(world.ledger.recorded_at(entry))
    return all(abs((recorded_at[send.number] - send.sent_at).total_seconds()) < 5 for send in entry.sends)


@BEHAVIOURS
@STEPS
@pytest.mark.parametrize("queue", [1.0, 25.0])
@pytest.mark.parametrize("later", [0, 3, 7])
def test_clock_set_between_the_last_look_at_it_and_departure_pays_once(behaviour, hours, queue, later):
    world = World(behaviour)
    killed_once_sent(world, queue, hours)
    assert is_dated_in_truth(world)
    world.time.pass_by(later * 3600.0)
    with suppress(NeedsReviewError):
        world.start()
    entry, [ours] = world.entry(), world.flora.paid_for[work().key]
    assert ours in {entry.run_id, *(candidate.run_id for candidate in entry.candidates)}


def killed_once_sent(world: World, queue: float, hours: float) -> None:
    """Have a process's clock set while its POST waits for a slot, and the process die with the POST on its way."""
    process = world.process()
    process.flora.queue = queue

    async def killed():
        task = asyncio.ensure_future(process.start(work()))
        await asyncio.sleep(queue / 2)
        set_clock(process, hours)
        while world.flora.posts == 0:
            await asyncio.sleep(0.05)
        process.kill()
        await asyncio.wait({task})
        task.exception()

    world.run(killed())


@pytest.mark.parametrize("hours", [-3.0, 1.5, 3.0])
@pytest.mark.parametrize("later", [3, 7])
def test_request_dated_wrongly_is_looked_for_at_the_store_s_time_and_not_started_anew(hours, later):
    world = World("duplicate")
    world.die(world.process(dies_at="after post"))
    misdate(world, timedelta(hours=hours))
    world.time.pass_by(later * 3600.0)
    with pytest.raises(NeedsReviewError) as review:
        world.start()
    assert (review.value.candidates, world.charged()) == (("run_0001",), 1)


def misdate(world: World, error: timedelta) -> None:
    """Have the newest record say that its request was sent at another time, as an older version might."""
    entry = world.entry()
    sends = tuple(
        send.model_copy(update={"sent_at": send.sent_at + error, "settles_at": send.settles_at + error})
        for send in entry.sends
    )
    path = max(key for key in world.store.objects if "entries" in key)
    told = entry.model_copy(update={"sends": sends}).model_dump_json().encode()
    world.store.objects[path] = told, world.store.objects[path][1]


@STEPS
def test_clock_set_while_a_request_is_waited_for_repeats_nothing_before_it_is_settled(hours):
    world = World()
    world.die(world.process(dies_at="after record sent"))
    second = world.process()

    async def resumed():
        began = world.time.seconds
        task = asyncio.ensure_future(second.start(work()))
        await asyncio.sleep(20)
        set_clock(second, hours)
        while world.flora.posts == 0:
            await asyncio.sleep(0.5)
        await task
        return world.time.seconds - began

    assert 80 < world.run(resumed()) < 120


@STEPS
def test_clock_set_before_a_page_of_the_journal_does_not_misfile_it(hours):
    world = World("duplicate")
    process = world.process()
    world.run(process.start(work("0")))
    world.run(process.spender.aclose())
    set_clock(process, hours)
    process.dies_at = "after post"
    world.die(process, work("1"))
    [page] = [key for key in world.store.objects if key.startswith("ledger/open/")]
    now = int(world.time.now().timestamp() // 600)
    assert int(page.split("/")[3]) in {now - 1, now}


@BEHAVIOURS
def test_run_that_flora_would_replay_after_a_day_is_for_review(behaviour):
    world = World(behaviour)
    world.flora.window = timedelta(days=30)
    world.die(world.process(dies_at="after post"))
    world.time.pass_by(DAY_AND_MORE)
    with pytest.raises(NeedsReviewError) as review:
        world.start()
    assert (review.value.candidates, world.charged(), world.flora.posts) == (("run_0001",), 1, 1)


def test_request_resumed_a_day_later_reads_few_pages_of_the_journal():
    world = World("duplicate")
    world.die(world.process(dies_at="after record sent"))
    world.time.pass_by(DAY_AND_MORE)
    before = world.store.reads
    assert world.start().run_id == "run_0001"
    assert world.store.reads - before < 40
