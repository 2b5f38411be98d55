"""The happy path, and what a second asker gets."""

import asyncio
from unittest.mock import AsyncMock

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
        await process.spender.aclose()

    world.run(whole(world.process()))
    # The campaign's note, and pages of up to 16 requests.
    assert world.store.writes - before[0] <= 4 * len(rows) + 1 + 5
    assert world.store.reads - before[1] <= 8
    assert not pages(world)


def pages(world: World) -> list[str]:
    return [key for key in world.store.objects if key.startswith("ledger/open/")]


def started_every(world: World, seconds: float, rows: int) -> float:
    """Have a process start one row after another; return how long the last one took."""
    process = world.process()

    async def one(row: int) -> float:
        await asyncio.sleep(seconds * row)
        began = world.time.seconds
        started = await process.start(work(str(row)))
        took = world.time.seconds - began
        await process.spender.archived(started.entry, completed(started.run_id), "runs/x.json")
        return took

    async def together() -> float:
        return (await asyncio.gather(*map(one, range(rows))))[-1]

    return world.run(together())


@pytest.mark.parametrize(("pace", "calls_a_run"), [(0.0, 4.15), (0.02, 4.2), (0.07, 4.2), (0.2, 4.45)])
def test_rows_that_come_one_by_one_share_pages_of_the_journal_and_requests_to_delete_them(pace, calls_a_run):
    """The archive's own three are to be added: an output, its manifest, its index."""
    world = World()
    world.store.delete = AsyncMock(wraps=world.store.delete)
    before = world.store.writes + world.store.reads
    started_every(world, pace, rows=200)
    calls = world.store.writes + world.store.reads - before + world.store.delete.await_count
    assert calls / 200 <= calls_a_run


def test_row_that_comes_alone_waits_for_nobody():
    world = World()
    alone = started_every(world, 0.0, rows=1)
    assert started_every(world, 2.0, rows=12) <= alone


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
