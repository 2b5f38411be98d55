"""Repeated requests whose bodies hold signed URLs, at a FLORA that repeats its answer to an equal body alone."""

import asyncio
from datetime import datetime, timedelta
from itertools import count

import pytest

from florist.api.errors import BadRequestError
from florist.api.models import InputValue
from florist.ledger import Body, How, State
from florist.ledger.bodies import SIGNED_BEFORE
from tests.ledger.fake_flora import Fault
from tests.ledger.world import KilledError, Process, World, work

LOST = Fault(is_answered=False)
BURNT = Fault(refusal=BadRequestError("bad", status=400, code="bad_request"), burns_key=True)


class Signer:
    """Signs a URL as of the moment it is given, with a key that may change; without one, each time anew."""

    def __init__(self, key: str = "static", *, is_repeatable: bool = True) -> None:
        self.key = key
        self.is_repeatable = is_repeatable
        self.asked: list[datetime | None] = []
        self._anew = count()

    async def __call__(self, signed_at: datetime | None) -> Body:
        self.asked.append(signed_at)
        as_of = (
            f"{signed_at} by {self.key}" if signed_at and self.is_repeatable else f"{self.key} {next(self._anew)}"
        )
        value = InputValue(id="image", type="imageUrl", value=f"https://s3/still?{as_of}")
        return Body((value,), is_repeatable=signed_at is not None and self.is_repeatable)


def start(world: World, signer: Signer, process: Process | None = None):
    process = process or world.process()
    return world.run(process.spender.start(work(), signer))


def killed_and_started_again(world: World, signer: Signer, *, after: float = 0.0):
    with pytest.raises(KilledError):
        start(world, signer, world.process(dies_at="after post"))
    world.time.pass_by(after)
    return start(world, signer)


@pytest.mark.parametrize("after", [0.0, 6000.0])
def test_request_signed_as_of_its_first_time_is_equal_and_brings_its_run_at_once(after):
    world = World("replay-equal")
    began = world.time.seconds
    started = killed_and_started_again(world, Signer(), after=after)
    assert (started.how, started.run_id, world.charged()) == (How.ADOPTED, "run_0001", 1)
    assert len(set(world.flora.bodies)) == 1
    assert world.time.seconds - began - after < 120


def test_first_time_of_a_request_is_two_minutes_before_the_store_s():
    world = World("replay-equal")
    world.flora.clock_offset = timedelta(seconds=40)
    start(world, Signer())
    [send] = world.entry().sends
    assert (send.signed_at, SIGNED_BEFORE) == (
        send.sent_at.replace(microsecond=0) - timedelta(minutes=2),
        timedelta(minutes=2),
    )


def test_request_signed_by_another_key_meanwhile_is_found_in_history():
    world = World("replay-equal")
    signer = Signer()
    world.flora.faults = [LOST]

    async def rotated():
        starting = asyncio.ensure_future(world.process().spender.start(work(), signer))
        await asyncio.sleep(10)
        signer.key = "another"
        return await starting

    assert world.run(rotated()).entry.started_by == "adopted by time"
    assert world.charged() == 1


def test_request_after_a_refusal_is_signed_anew():
    world = World("replay-equal")
    signer = Signer()
    world.flora.faults = [BURNT]
    with pytest.raises(BadRequestError):
        start(world, signer)
    world.time.pass_by(86_400)
    start(world, signer)
    first, second = signer.asked
    assert second - first >= timedelta(days=1)


def test_request_that_never_started_and_that_flora_forgot_is_signed_anew():
    world = World("replay-equal")
    signer = Signer()
    with pytest.raises(KilledError):
        start(world, signer, world.process(dies_at="after record sent"))
    world.time.pass_by(86_400)
    assert start(world, signer).how is How.NEW
    assert signer.asked[-1] - signer.asked[0] >= timedelta(days=1)
    assert world.entry().sends[0].signed_at == signer.asked[-1]


@pytest.mark.parametrize("behaviour", ["replay", "duplicate", "neither"])
def test_request_to_a_flora_that_does_not_compare_bodies_is_signed_as_it_comes(behaviour):
    world = World(behaviour)
    signer = Signer()
    start(world, signer)
    assert (signer.asked, world.entry().sends[0].signed_at) == ([None], None)


@pytest.mark.parametrize(("is_repeatable", "at_once"), [(True, 8), (False, 1)])
def test_requests_go_side_by_side_where_their_bodies_can_be_made_again(is_repeatable, at_once):
    world = World("replay-equal")
    process = world.process()
    signer = Signer(is_repeatable=is_repeatable)
    world.flora.faults = [Fault(after=5.0)] * 16

    async def together():
        await asyncio.gather(*(process.spender.start(work(str(row)), signer) for row in range(16)))

    world.run(together())
    moments = [left_at + 0.01 for left_at, _ in world.flora.took]
    assert max(sum(left < at < done for left, done in world.flora.took) for at in moments) == at_once
    assert world.entry(work("0")).state is State.STARTED
