"""Charges that FLORA corrects later: noted by a sweep, counted in by the bill, and never by rewriting an entry."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from florist.campaigns.bill.words import bill_lines
from florist.ledger import State
from florist.ledger.by_hand import restart
from florist.sweep.report import CorrectedRun, SweepReport, sweep_lines
from florist.sweep.workspace import sweep_workspace
from tests.bill.conftest import PRICE, RETRIED, Spending


async def swept(spending: Spending, **options: bool) -> SweepReport:
    async with spending.studio() as studio:
        return await sweep_workspace(studio, **options)


async def corrections(spending: Spending) -> list[str]:
    return sorted([item.key async for item in spending.store.list("ledger/corrections/")])


async def test_sweep_of_charges_that_agree_notes_nothing(campaign: Spending):
    report = await swept(campaign)
    assert (report.corrections, await corrections(campaign)) == ((), [])


@pytest.mark.parametrize("price", ["0.03", "0"])
async def test_corrected_charge_is_on_the_bill_as_a_correction_and_equals_the_books(campaign: Spending, price):
    await campaign.correct("kept", price)
    report = await swept(campaign)
    bill = (await campaign.charges()).bill("row")
    [corrected] = bill.corrections
    assert [(one.was_usd, one.charged_usd) for one in report.corrections] == [(PRICE, Decimal(price))]
    assert (corrected.row, corrected.was_usd, corrected.charged_usd) == ("kept", PRICE, Decimal(price))
    assert bill.total.charged_usd == campaign.booked_usd == 5 * PRICE + Decimal(price)
    assert bill.total.corrected_usd == Decimal(price) - PRICE
    assert any("corrected by FLORA later" in line for line in bill_lines(bill))


async def test_entry_that_was_corrected_stays_as_it_was(campaign: Spending):
    before = await campaign.ledger.entries()
    await campaign.correct("kept", "0.03")
    await swept(campaign)
    assert await campaign.ledger.entries() == before


async def test_charge_corrected_twice_and_back_counts_as_it_is_now(campaign: Spending):
    for price in ("0.03", "0.02", "0.01"):
        await campaign.correct("kept", price)
        await swept(campaign)
        await swept(campaign)
    bill = (await campaign.charges()).bill("row")
    assert (len(await corrections(campaign)), bill.corrections) == (3, ())
    assert bill.total.charged_usd == campaign.booked_usd


async def test_two_sweeps_at_once_note_a_correction_once(campaign: Spending):
    await campaign.correct("kept", "0.03")
    await asyncio.gather(swept(campaign), swept(campaign))
    assert len(await corrections(campaign)) == 1


async def test_end_that_nobody_recorded_is_left_to_who_waits_for_it_for_an_hour(spending: Spending):
    await spending.row("flying", RETRIED, dies_at="after record started")
    assert not (await swept(spending)).corrections
    spending.sandbox.clock.advance(timedelta(hours=2).total_seconds())
    [noted] = (await swept(spending, full=True)).corrections
    assert (noted.was_usd, noted.charged_usd) == (None, PRICE)
    bill = (await spending.charges()).bill("reason")
    assert [group.name for group in bill.groups] == ["failed: provider_error"]
    assert (bill.total.charged_usd, bill.corrections) == (spending.booked_usd, ())
    [entry] = await spending.ledger.entries()
    assert entry.state is State.STARTED


async def test_run_given_up_before_it_ended_is_billed_once_a_sweep_has_seen_it(spending: Spending):
    await spending.row("flying", dies_at="after record started")
    [entry] = await spending.ledger.entries()
    await restart(spending.ledger, entry, gives_up_run=True)
    await spending.row("flying")
    before = (await spending.charges()).bill("row").total
    await swept(spending)
    after = (await spending.charges()).bill("row").total
    assert (before.charged_usd, before.in_doubt_usd) == (PRICE, PRICE)
    assert (after.charged_usd, after.in_doubt_usd, after.wasted_usd) == (spending.booked_usd, 0, PRICE)


async def test_run_of_two_months_ago_is_not_looked_at_again(campaign: Spending):
    await campaign.correct("kept", "0.03")
    campaign.sandbox.clock.advance(timedelta(days=60).total_seconds())
    assert not (await swept(campaign, full=True)).corrections


def test_sweep_says_in_words_that_charges_were_corrected():
    corrected = CorrectedRun(run_id="run_1", was_usd=Decimal("0.1"), charged_usd=Decimal("0.125"))
    lines = sweep_lines(SweepReport(location="here", corrections=(corrected,)))
    assert "such as run_1 from $0.10 to $0.125" in lines[-1]
