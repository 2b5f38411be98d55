"""The happy path, and what a second asker gets."""

import asyncio

import pytest

from florist.ledger import How, State
from tests.ledger.world import World, completed, work


def test_start_of_new_work_posts_once():
    world = World()
    started = world.start()
    assert (started.how, started.run_id, world.flora.posts) == (How.NEW, "run_0001", 1)


def test_start_of_started_work_resumes_its_run():
    world = World()
    first = world.start()
    again = world.start()
    assert (again.how, again.run_id, world.flora.posts) == (How.RESUMED, first.run_id, 1)


def test_start_of_archived_work_reuses_it_and_names_the_manifest():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    world.run(process.spender.archived(started.entry, completed(started.run_id), "runs/x.json"))
    again = world.start()
    assert (again.how, again.entry.manifest_key, again.entry.ended.outputs) == (How.REUSED, "runs/x.json", 1)
    assert "runs/x.json" in again.reason


def test_happy_path_costs_five_writes_and_three_reads():
    world = World()

    async def whole(process):
        started = await process.start(work())
        await process.spender.archived(started.entry, completed(started.run_id), "runs/x.json")

    world.run(whole(world.process()))
    assert world.store.writes == 5
    assert world.store.reads <= 3


@pytest.mark.parametrize("count", [2, 5])
def test_many_at_once_asking_for_the_same_work_share_one_run(count):
    world = World()

    async def together():
        return await asyncio.gather(*(world.process().start(work()) for _ in range(count)))

    started = world.run(together())
    assert {each.run_id for each in started} == {"run_0001"}
    assert sorted(each.how for each in started) == [How.NEW] + [How.RESUMED] * (count - 1)
    assert world.flora.posts == 1


def test_one_process_asking_twice_at_once_posts_once():
    world = World()
    process = world.process()

    async def together():
        return await asyncio.gather(process.start(work()), process.start(work()))

    world.run(together())
    assert (world.flora.posts, world.entry().state) == (1, State.STARTED)
