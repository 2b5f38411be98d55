"""A store that fails in the middle of spending."""

import pytest

from florist.ledger import How, State
from florist.ledger.errors import RunUnrecordedError, UnreadableRecordError
from florist.stores.errors import StoreDeniedError, StoreUnavailableError, StoreUnsafeError
from tests.ledger.world import World, work

WRITES = ["scopes", "open", "entries", "claims", "0001.json"]


def hindered(world: World, part: str, times: int, error: Exception):
    """Return a process whose writes to matching keys come about, and whose answers are lost."""
    process = world.process()
    left = [times]

    async def hinder(key: str) -> None:
        if part in key and left[0] > 0:
            left[0] -= 1
            raise error

    process.store.hinder = hinder
    return process


@pytest.mark.parametrize("part", WRITES)
def test_write_whose_answer_is_lost_is_repeated_and_recognised_as_our_own(part):
    world = World()
    process = hindered(world, part, 3, StoreUnavailableError("no answer"))
    assert world.run(process.start(work())).how is How.NEW
    assert world.flora.posts == 1
    assert sum("entries" in key for key in world.store.objects) == 2


def test_read_that_fails_for_a_while_is_repeated():
    world = World()
    whole, left = world.store.list, [3]

    def sometimes(prefix: str):
        if left[0] > 0:
            left[0] -= 1
            raise StoreUnavailableError("no answer")
        return whole(prefix)

    world.store.list = sometimes
    assert (world.start().how, left) == (How.NEW, [0])


@pytest.mark.parametrize("part", ["scopes", "open", "entries"])
def test_store_out_of_reach_before_the_post_spends_nothing(part):
    world = World()
    process = hindered(world, part, 99, StoreUnavailableError("no answer"))
    with pytest.raises(StoreUnavailableError):
        world.run(process.start(work()))
    assert world.flora.posts == 0
    assert (world.start().run_id, world.charged()) == ("run_0001", 1)


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("part", ["claims", "0001.json"])
@pytest.mark.parametrize("error", [StoreUnavailableError("no answer"), StoreDeniedError("no rights")])
def test_run_that_cannot_be_recorded_is_named_and_found_again(behaviour, part, error):
    world = World(behaviour)
    process = hindered(world, part, 99, error)
    with pytest.raises(RunUnrecordedError) as raised:
        world.run(process.start(work()))
    assert (raised.value.run_id, raised.value.key) == ("run_0001", work().key)
    assert (world.start().run_id, world.charged()) == ("run_0001", 1)


def test_store_that_overwrites_is_refused_before_anything_is_sent():
    world = World()

    async def unsafe():
        raise StoreUnsafeError("it overwrites")

    world.store.check = unsafe
    before = world.store.writes
    with pytest.raises(StoreUnsafeError):
        world.start()
    assert (world.flora.posts, world.store.writes) == (0, before)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"schema_version": 2}'])
def test_record_that_is_damaged_or_newer_stops_spending(damage):
    world = World()
    world.start()
    newest = max(key for key in world.store.objects if "entries" in key)
    world.store.objects[newest] = (damage, world.time.now())
    with pytest.raises(UnreadableRecordError, match=r"0001\.json"):
        world.start()
    assert world.flora.posts == 1


def test_records_of_an_entry_are_kept_in_order_and_hold_no_url():
    world = World()
    entry = world.start().entry
    records = world.run(world.ledger.records(entry))
    assert [record.state for record in records] == [State.SENT, State.STARTED]
    assert not any(b"https://" in data for data, _ in world.store.objects.values())
