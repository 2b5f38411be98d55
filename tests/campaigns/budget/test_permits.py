"""What the ledger asks of a budget before a request leaves: the protocol's counterexamples, on the code itself."""

import asyncio

import pytest

from florist.ledger import State, restart
from florist.ledger.errors import BudgetRefusedError
from florist.stores.errors import StoreError
from tests.campaigns.budget.desk import LEFTOVERS, PRICE, Desk, work


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_sent_names_the_block_and_the_price_that_was_compared(desk):
    block = desk.block()
    [send] = desk.start(block, price=PRICE - 1).entry.sends
    assert (send.block, send.price_micro) == (block.id, PRICE - 1)


def test_request_dearer_than_what_is_set_aside_is_not_sent(desk):
    with pytest.raises(BudgetRefusedError, match="less than its price"):
        desk.start(desk.block(), price=PRICE + 1)
    assert desk.world.flora.posts == 0


def test_request_of_a_closed_block_is_not_sent(desk):
    block = desk.block()
    desk.close(block)
    with pytest.raises(BudgetRefusedError, match="taken back"):
        desk.start(block)
    assert desk.world.flora.posts == 0


@pytest.mark.parametrize(("put_takes", "posts"), [(11.0, 0), (1.0, 1)])
def test_block_closed_while_sent_is_written_stops_a_request_whose_look_is_too_old(desk, put_takes, posts):
    block = desk.block()

    async def close_it(key: str) -> None:
        if key.startswith("ledger/entries/"):
            await asyncio.sleep(put_takes)
            await desk.books.chain.close(block.id)

    desk.process.store.hinder = close_it
    try:
        desk.start(block)
    except BudgetRefusedError:
        desk.process.store.hinder = None
        assert desk.world.entry().state is State.REFUSED
    assert desk.world.flora.posts == posts


def test_settlement_reads_only_once_no_look_from_before_lets_anything_leave(desk):
    block = desk.block()
    desk.start(block)
    began = desk.world.time.monotonic()
    record = desk.settle(block)
    assert desk.world.time.monotonic() - began >= 12
    assert (record.uncertain, record.free, record.open) == (PRICE, 0, {})


def test_repeat_keeps_its_block_and_is_paid_once_with_the_money_held_for_it(desk):
    block = desk.block()
    desk.lose(block)
    record = desk.settle(block)
    assert [hold.price for hold in record.held.values()] == [PRICE]
    started = desk.start(LEFTOVERS, process=desk.world.process())
    assert {send.block for send in started.entry.sends} == {block.id}
    desk.end(started.entry)
    assert (desk.record().settled, desk.record().held) == (PRICE, {})


def test_repeat_of_a_closed_block_before_it_is_settled_waits(desk):
    block = desk.block()
    desk.lose(block)
    desk.close(block)
    with pytest.raises(BudgetRefusedError, match="being settled"):
        desk.start(LEFTOVERS, process=desk.world.process())
    assert desk.world.flora.posts == 1


def test_repeat_at_a_higher_price_while_its_block_is_open_waits(desk):
    block = desk.block()
    desk.lose(block)
    with pytest.raises(BudgetRefusedError, match="risen"):
        desk.start(block, price=PRICE + 1, process=desk.world.process())
    assert desk.world.entry().state is State.SENT


@pytest.mark.parametrize(("cap", "posts"), [(PRICE + 1, 2), (PRICE, 1)])
def test_repeat_at_a_higher_price_is_held_first_and_sent_only_if_it_fits(cap, posts):
    desk = Desk(cap)
    block = desk.block()
    desk.lose(block)
    desk.settle(block)
    try:
        desk.start(LEFTOVERS, price=PRICE + 1, process=desk.world.process())
    except BudgetRefusedError:
        assert posts == 1
    assert desk.world.flora.posts == posts
    assert [hold.price for hold in desk.record().held.values()] == [min(cap, PRICE + posts - 1)]


def test_hold_is_not_added_for_a_request_that_somebody_has_resolved_meanwhile():
    desk = Desk(4 * PRICE)
    block = desk.block()
    desk.lose(block, is_processed=True)
    stale = desk.world.entry()
    desk.settle(block)
    entry = desk.start(LEFTOVERS, process=desk.world.process()).entry
    desk.end(entry)
    desk.world.run(desk.books.changed(lambda record, _: record))
    desk.world.run(desk.permit(LEFTOVERS, price=2 * PRICE).terms(stale))
    assert (desk.record().settled, desk.record().held) == (PRICE, {})


@pytest.mark.parametrize(("charged", "is_sent"), [("0", True), ("0.12", False)])
def test_attempt_after_a_failure_that_was_charged_is_for_a_later_block(charged, is_sent):
    desk = Desk(2 * PRICE)
    block = desk.block()
    desk.end(desk.start(block).entry, charged=charged, fails=True)
    try:
        desk.start(block, work(attempt=1))
    except BudgetRefusedError:
        desk.settle(block)
        desk.start(desk.block(), work(attempt=1))
        assert not is_sent
    assert desk.world.flora.posts == 2


def test_restart_by_hand_keeps_the_old_request_with_its_price(desk):
    block = desk.block()
    desk.lose(block, is_processed=True)
    desk.world.run(restart(desk.world.ledger, desk.world.entry(), gives_up_run=True))
    record = desk.settle(block)
    [(key, hold)] = record.held.items()
    assert (key, hold.price, hold.is_given_up) == (f"{work().key}-0", PRICE, True)
    assert record.free == 0


def test_charge_beyond_the_price_freezes_the_budget_and_closes_what_is_open():
    desk = Desk(3 * PRICE)
    block, other = desk.block("1"), desk.block("2")
    desk.end(desk.start(block).entry, charged="0.13")
    assert desk.record().frozen
    with pytest.raises(BudgetRefusedError):
        desk.start(other, work("2"))
    record = desk.settle(block)
    assert (record.settled, record.overcharged, record.cap) == (130_000, 10_000, 3 * PRICE)


def test_budget_out_of_reach_after_sent_leaves_a_request_that_is_paid_once_without_it(desk):
    permit = desk.permit(desk.block())

    async def gone(terms) -> bool:
        raise StoreError("gone", location="here")

    permit.stands = gone
    with pytest.raises(StoreError):
        desk.world.run(desk.process.start(work(), permit=permit))
    assert desk.world.entry().is_unresolved
    desk.world.start()
    assert desk.world.charged() == 1


def test_start_without_a_budget_writes_nothing_of_one(desk):
    [send] = desk.world.start().entry.sends
    assert (send.block, send.price_micro) == (None, None)


def test_request_from_before_the_budget_is_held_before_it_is_sent_again():
    desk = Desk(PRICE - 1)
    process = desk.world.process(dies_at="after record sent")
    desk.world.die(process)
    with pytest.raises(BudgetRefusedError, match="more than is left"):
        desk.start(LEFTOVERS, process=desk.world.process())
    assert desk.world.flora.posts == 0
