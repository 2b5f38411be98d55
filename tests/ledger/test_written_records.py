"""What this process has written is not read again."""

import asyncio

from florist.ledger import State
from florist.ledger.ledger import Ledger
from florist.stores import written
from tests.ledger.world import World, completed, work


def told_after_a_night(world: World, rows: int) -> tuple[set[State], int]:
    """Walk rows to their ends; return how their entries stand by one survey, and what it read."""
    process = world.process()

    async def night() -> tuple[set[State], int]:
        async def one(row: str) -> None:
            started = await process.start(work(row))
            await process.spender.archived(started.entry, completed(started.run_id), "runs/x.json")

        await asyncio.gather(*(one(str(number)) for number in range(rows)))
        before = world.store.reads
        entries = await Ledger(process.store).entries()
        assert len(entries) == rows
        return {entry.state for entry in entries}, world.store.reads - before

    return world.run(night())


def test_entries_of_this_process_are_listed_as_they_stand_and_not_read_again():
    assert told_after_a_night(World("duplicate"), rows=5) == ({State.ARCHIVED}, 1)


def test_entries_beyond_what_is_remembered_are_read(monkeypatch):
    monkeypatch.setattr(written, "AT_MOST", 3)
    assert told_after_a_night(World("duplicate"), rows=5) == ({State.ARCHIVED}, 3)


def test_entry_that_somebody_else_went_on_with_is_read():
    world = World()
    first = world.process()
    started = world.run(first.start(work()))
    world.run(world.process().spender.archived(started.entry, completed(started.run_id), "runs/x.json"))
    [entry] = world.run(Ledger(first.store).entries())
    assert entry.state is State.ARCHIVED
