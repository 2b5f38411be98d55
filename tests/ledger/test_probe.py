"""Finding out on purpose what FLORA does with a repeated idempotency key."""

from decimal import Decimal

import pytest

from florist.ledger import InputIdentity
from florist.ledger.errors import NeedsReviewError, ProbeImpossibleError
from florist.ledger.probe import probe, probe_for
from florist.ledger.promises import Belief, Promise
from tests.ledger.world import World, work


def probed(behaviour: str) -> tuple[World, Belief]:
    """Start a run in a world whose promise is not known, and probe it."""
    world = World(behaviour, knows_promise=False)
    world.start()
    flora = world.process().flora

    async def both() -> Belief:
        return await probe(await probe_for(world.ledger, flora), world.ledger, flora)

    return world, world.run(both())


@pytest.mark.parametrize(
    ("behaviour", "same", "other"),
    [
        ("replay", Promise.REPLAY, Promise.REPLAY),
        ("replay-equal", Promise.REPLAY, Promise.REFUSE),
        ("duplicate", Promise.REFUSE, Promise.REFUSE),
    ],
)
def test_probe_of_a_promise_that_is_kept_costs_nothing(behaviour, same, other):
    world, belief = probed(behaviour)
    assert (belief.same_body, belief.other_body, len(world.flora.runs)) == (same, other, 1)


def test_probe_of_a_flora_that_keeps_no_promise_costs_one_run_at_most():
    world, belief = probed("neither")
    assert (belief.same_body, belief.other_body, len(world.flora.runs)) == (Promise.NEITHER, Promise.NEITHER, 2)


def test_review_for_want_of_a_promise_resolves_by_itself_after_a_probe():
    world = World("replay", knows_promise=False)
    world.die(world.process(dies_at="after post"), work("1"))
    with pytest.raises(NeedsReviewError, match="--probe-idempotency"):
        world.start(work("1"))
    world.start(work("2"))
    flora = world.process().flora

    async def find_out() -> None:
        await probe(await probe_for(world.ledger, flora), world.ledger, flora)

    world.run(find_out())
    assert (world.start(work("1")).run_id, world.charged(work("1"))) == ("run_0001", 1)


def test_probe_takes_the_cheapest_request_it_can_make_again():
    world = World("replay", knows_promise=False)
    for row, price in (("1", "0.40"), ("2", "0.02"), ("3", "0.10")):
        world.run(world.process().start(work(row), price_usd=Decimal(price)))
    found = world.run(probe_for(world.ledger, world.process().flora))
    assert (found.entry.work.row, found.price_usd) == ("2", Decimal("0.02"))


def test_probe_needs_a_request_of_texts_that_flora_still_knows():
    world = World("replay", knows_promise=False)
    world.start(work(inputs=(InputIdentity.of_content("prompt", "0" * 64, source="a.png"),)))
    world.start(work("old"))
    world.time.pass_by(2 * 3600)
    with pytest.raises(ProbeImpossibleError, match="last two hours"):
        world.run(probe_for(world.ledger, world.process().flora))
