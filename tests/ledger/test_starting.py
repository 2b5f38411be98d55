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


def test_run_that_goes_well_costs_four_records_and_its_share_of_a_journal_page():
    world = World("duplicate")
    rows = [str(number) for number in range(40)]
    before = world.store.writes, world.store.reads

    async def whole(process):
        async def one(row):
            started = await process.start(work(row))
            await process.spender.archived(started.entry, completed(started.run_id), "runs/x.json")

        await asyncio.gather(*map(one, rows))

    world.run(whole(world.process()))
    # The campaign's note, and pages of up to 16 requests.
    assert world.store.writes - before[0] <= 4 * len(rows) + 1 + 5
    assert world.store.reads - before[1] <= 8
    assert not any("ledger/open/" in key for key in world.store.objects)


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

    first, second = world.run(together())
    assert first == second
    assert (world.flora.posts, world.entry().state) == (1, State.STARTED)
