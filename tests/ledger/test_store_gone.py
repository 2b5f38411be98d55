"""A store that is gone for a while, and records that cannot be read."""

import asyncio
import json

import pytest

from florist.ledger import How, State
from florist.ledger.errors import NeedsReviewError, UnreadableRecordError
from florist.stores.errors import StoreUnavailableError
from tests.ledger.fake_flora import Fault
from tests.ledger.memory_store import MemoryStore
from tests.ledger.world import World, completed, work

ROWS = [str(number) for number in range(24)]


class GoneStore(MemoryStore):
    """Out of reach between two moments; what was asked for then did not happen."""

    gone = (0.0, 0.0)

    def check_reach(self) -> None:
        seconds = (self.now() - self.began).total_seconds()
        if self.gone[0] <= seconds < self.gone[1]:
            raise StoreUnavailableError("no route")

    async def read(self, key):
        self.check_reach()
        return await super().read(key)

    async def create(self, key, data, **options):
        self.check_reach()
        return await super().create(key, data, **options)

    async def list(self, prefix, **options):
        self.check_reach()
        async for found in super().list(prefix, **options):
            yield found


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("knows_promise", [True, False])
@pytest.mark.parametrize(("since", "until"), [(0.05, 30), (0.55, 60), (3, 63), (3, 290)])
def test_store_gone_for_a_while_fails_no_row(behaviour, knows_promise, since, until):
    world = World(behaviour, knows_promise=knows_promise)
    world.store.__class__ = GoneStore
    world.store.began, world.store.gone = world.flora.now(), (since, until)
    world.flora.faults = [Fault(after=0.5)] * 60
    process = world.process()

    async def whole():
        async def one(row):
            started = await process.start(work(row))
            await process.spender.archived(started.entry, completed(started.run_id), f"{row}.json")

        return await asyncio.gather(*map(one, ROWS), return_exceptions=True)

    assert world.run(whole()) == [None] * len(ROWS)
    assert [world.charged(work(row)) for row in ROWS] == [1] * len(ROWS)
    assert world.flora.posts == len(ROWS)


def newest(world: World, row: str) -> str:
    return max(key for key in world.store.objects if work(row).key in key)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"schema_version": 2}', b"[" * 100_000])
@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_record_that_cannot_be_read_stops_its_row_alone_and_is_listed(behaviour, damage):
    world = World(behaviour)
    world.start(work("1"))
    world.store.objects[newest(world, "1")] = damage, world.time.now()
    process = world.process()

    async def together():
        return await asyncio.gather(*(process.start(work(row)) for row in ("1", "2", "3")), return_exceptions=True)

    first, *others = world.run(together())
    assert isinstance(first, UnreadableRecordError)
    assert [each.how for each in others] == [How.NEW] * 2
    survey = world.run(world.ledger.survey())
    [unreadable] = survey.unreadable
    assert (unreadable.key, unreadable.recorded_at) == (work("1").key, world.store.objects[newest(world, "1")][1])
    assert {entry.key for entry in survey.entries} == {work("2").key, work("3").key}


def test_fields_of_a_newer_minor_version_are_kept_in_the_next_record():
    world = World()
    world.die(world.process(dies_at="after post"))
    path = newest(world, "1")
    told = json.loads(world.store.objects[path][0])
    told["told_to"] = {"nobody": [1, 2]}
    told["sends"][0]["path_taken"] = "sea"
    world.store.objects[path] = json.dumps(told).encode(), world.store.objects[path][1]
    assert world.start().entry.state is State.STARTED
    following = json.loads(world.store.objects[newest(world, "1")][0])
    assert following["told_to"] == {"nobody": [1, 2]}
    assert following["sends"][0]["path_taken"] == "sea"


def test_rival_that_cannot_be_read_counts_as_one():
    world = World("duplicate")
    process = world.process()
    world.die(world.process(dies_at="after post"), work("1"))
    world.store.objects[newest(world, "1")] = b"{", world.time.now()
    world.flora.faults = [Fault(is_answered=False)]
    with pytest.raises(NeedsReviewError):
        world.run(process.start(work("2")))
    assert world.charged(work("2")) == 1
