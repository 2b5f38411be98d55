"""What is remembered of FLORA's promise: a few records a week, each read once."""

from datetime import timedelta

import pytest

from florist.ledger.promises import READ_AGAIN_AFTER, Observation, Promise, Promises
from tests.ledger.world import World

WEEK = timedelta(days=7)


@pytest.fixture
def world() -> World:
    return World(knows_promise=False)


def promises_of(world: World) -> Promises:
    """Return what another process remembers."""
    return Promises(world.store, scope="flora", lasts=WEEK, monotonic=world.time.monotonic)


def see(world: World, promises: Promises, promise: Promise = Promise.REPLAY) -> None:
    seen = Observation(promise=promise, is_same_body=True, seen_at=world.time.now(), age_seconds=1.0)
    world.run(promises.learn(seen))


def records(world: World) -> int:
    return sum("promises/" in key for key in world.store.objects)


def test_promise_that_fifty_processes_see_kept_for_a_day_is_one_record(world):
    for _ in range(50):
        see(world, promises_of(world))
        world.time.pass_by(1800)
    assert records(world) == 1


def test_promise_that_is_half_forgotten_is_noted_anew(world):
    for _ in range(2):
        see(world, promises_of(world))
        world.time.pass_by(WEEK.total_seconds() / 2)
    assert records(world) == 2


def test_promise_that_another_process_contradicted_meanwhile_is_noted_anew(world):
    ours = promises_of(world)
    for promises, promise in (
        (ours, Promise.REPLAY),
        (promises_of(world), Promise.REFUSE),
        (ours, Promise.REPLAY),
    ):
        see(world, promises, promise)
        world.time.pass_by(1)
    belief = world.run(promises_of(world).belief(now=world.time.now()))
    assert (records(world), belief.same_body) == (3, Promise.REPLAY)


def test_records_are_read_once_however_often_they_are_looked_for(world):
    for promise in (Promise.REPLAY, Promise.REFUSE) * 10:
        see(world, promises_of(world), promise)
    ours = promises_of(world)
    asked = []
    for _ in range(3):
        before = world.store.reads
        world.run(ours.belief(now=world.time.now()))
        asked.append(world.store.reads - before)
        world.time.pass_by(READ_AGAIN_AFTER + 1)
    assert asked == [21, 1, 1]


def test_records_of_long_ago_are_not_read(world):
    see(world, promises_of(world))
    world.time.pass_by(WEEK.total_seconds() + 2 * 86400)
    before = world.store.reads
    belief = world.run(promises_of(world).belief(now=world.time.now()))
    assert (belief.same_body, world.store.reads - before) == (Promise.UNKNOWN, 1)
