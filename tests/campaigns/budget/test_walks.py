"""A campaign walked under a budget, end to end at a sandbox."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from florist.campaigns.budget import BudgetDamagedError, UnpricedStepsError
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.opening import lift, rebuild, set_cap
from florist.campaigns.endings import CampaignResult, Made
from florist.ledger import Entry, InputIdentity, Send, State, Timing
from florist.studio.steps import CampaignRow
from florist.studio.studio import Studio
from tests.campaigns.budget.conftest import PRICE, Campaign, hurried

NOTHING_OPEN = ({}, {})


def done(walked: CampaignResult) -> list[str]:
    return [key for key, cells in walked.rows.items() if all(isinstance(cell, Made) for cell in cells)]


def books_of(campaign: Campaign) -> Books:
    return Books(campaign.ledger(), campaign.name, sleep=hurried)


async def objects(campaign: Campaign, folder: str) -> list[str]:
    return sorted([item.key async for item in campaign.store.list(folder)])


async def left_open(campaign: Campaign, cap_usd: Decimal = PRICE * 4) -> None:
    """Have a process take all there is, and die."""
    async with campaign.client() as client:
        await (await campaign.budget(Studio(client, campaign.store), cap_usd)).authorise()


async def test_walk_under_a_cap_does_what_fits_and_says_what_was_not_started(campaign: Campaign):
    walked = await campaign.walked(PRICE * 5)
    assert done(walked) == ["row-0", "row-1"]
    assert {gap.reason for gap in walked.gaps} == {"not_started: budget"}
    assert campaign.books().total.charged_usd == PRICE * 4
    record = await campaign.record()
    assert (record.settled, record.held, record.open) == (40_000, *NOTHING_OPEN)


async def test_walk_without_a_cap_writes_no_object_of_a_budget(campaign: Campaign):
    assert len(done(await campaign.walked())) == 4
    assert await objects(campaign, "budgets/") == []


async def test_cap_of_another_day_stands_until_it_is_raised_and_counts_what_was_paid(campaign: Campaign):
    await campaign.walked(PRICE * 2)
    assert done(await campaign.walked()) == ["row-0"]
    assert done(await campaign.walked(PRICE * 4)) == ["row-0", "row-1"]
    assert campaign.books().total.charged_usd == PRICE * 4


async def test_cap_that_is_lowered_starts_nothing_new(campaign: Campaign):
    await campaign.walked(PRICE * 4)
    assert done(await campaign.walked(PRICE)) == ["row-0", "row-1"]
    assert ((await campaign.record()).wanted, (await campaign.record()).cap) == (10_000, 40_000)


async def test_cap_on_a_campaign_that_was_run_without_one_counts_what_it_has_cost(campaign: Campaign):
    campaign.rows = 2
    await campaign.walked()
    campaign.rows = 4
    assert len(done(await campaign.walked(PRICE * 6))) == 3
    assert (await campaign.record()).settled == 60_000


async def test_second_walk_costs_nothing_and_waits_for_nothing(campaign: Campaign):
    await campaign.walked(PRICE * 8)
    number = (await books_of(campaign).chain.newest()).number
    assert len(done(await campaign.walked(PRICE * 8))) == 4
    assert campaign.slept == []
    assert (await books_of(campaign).chain.newest()).number == number


async def test_two_walks_at_once_share_the_rows_and_the_cap(campaign: Campaign):
    both = await asyncio.gather(*(campaign.walked(PRICE * 5, rows_per_block=1) for _ in range(2)))
    assert [len(done(walked)) for walked in both] == [2, 2]
    assert campaign.books().total.charged_usd == PRICE * 4
    record = await campaign.record()
    assert (record.settled, record.held, record.open) == (40_000, *NOTHING_OPEN)


async def test_block_that_a_dead_process_left_is_walked_and_settled_by_the_next(campaign: Campaign):
    await left_open(campaign)
    assert (await campaign.record()).free == 0
    assert done(await campaign.walked(PRICE * 4)) == ["row-0", "row-1"]
    assert (await campaign.record()).open == {}


async def test_block_of_another_plan_is_closed_once_it_has_stood_long_enough(campaign: Campaign):
    text = campaign.text
    campaign.text = text.replace("More:", "Again:")
    await left_open(campaign)
    campaign.text = text
    assert len(done(await campaign.walked(PRICE * 4))) == 2
    assert len(campaign.slept) > 2


async def test_request_recorded_after_its_block_was_settled_is_held_before_its_row_takes_money_anew(
    campaign: Campaign,
):
    campaign.rows = 1
    await left_open(campaign, PRICE * 2)
    await books_of(campaign).settle_by_scanning(1, ())
    await campaign.ledger().append(await late_request(campaign))
    hasty = Timing(patience=0.1, look_again=0.1, poll=0.1)
    assert done(await campaign.walked(PRICE * 2, timing=hasty)) == ["row-0"]
    record = await campaign.record()
    assert (record.settled, record.held, record.open) == (20_000, *NOTHING_OPEN)


async def late_request(campaign: Campaign) -> Entry:
    """The first step's entry, as a process leaves it that dies right after `sent`, which its block did not see."""
    async with campaign.client() as client:
        await client.techniques.runs.list(limit=1).page()
        step = (await campaign.plans(Studio(client, campaign.store))).rows["row-0"].steps[0]
        sent_at = client.server_now() - timedelta(seconds=120)
        fingerprint = client.key_fingerprint
    brief = InputIdentity.of_text("brief", "number 0")
    work = CampaignRow(campaign=campaign.name, key="row-0").work(step, (brief,))
    send = Send(
        sent_at=sent_at,
        settles_at=sent_at + timedelta(seconds=90),
        fingerprint=fingerprint,
        owner="dead",
        block=1,
        price_micro=10_000,
    )
    return Entry(key=work.key, work=work, state=State.SENT, recorded_at=sent_at, owner="dead", sends=(send,))


async def test_block_that_another_process_has_joined_is_settled_with_its_requests_too(campaign: Campaign):
    campaign.rows = 1
    async with campaign.client() as client:
        studio = Studio(client, campaign.store)
        first, second = [await campaign.budget(studio, PRICE * 2) for _ in range(2)]
        ours, theirs = await first.authorise(), await second.authorise()
        assert (ours.id, theirs.id) == (1, 1)
        entry = await late_request(campaign)
        await campaign.ledger().append(entry)
        await first.settle(ours)
    assert list((await campaign.record()).held) == [entry.idempotency_key]


@pytest.mark.parametrize("settings", [{"balance_usd": Decimal("0.02")}])
async def test_empty_balance_settles_and_ends(campaign: Campaign):
    walked = await campaign.walked(PRICE * 8, rows_per_block=1)
    assert done(walked) == ["row-0"]
    record = await campaign.record()
    assert (record.settled, record.held, record.open) == (20_000, *NOTHING_OPEN)


async def test_price_below_what_is_charged_freezes_the_budget_until_a_person_lifts_it(campaign: Campaign):
    campaign.told_price = PRICE / 2
    await campaign.walked(PRICE * 8, rows_per_block=1)
    record = await campaign.record()
    assert record.frozen
    assert record.overcharged == 5_000 * campaign.books().total.charged
    assert campaign.books().total.charged < 8
    await lift(books_of(campaign))
    campaign.told_price = PRICE
    assert len(done(await campaign.walked())) == 4


async def test_step_without_price_or_ceiling_is_refused_under_a_cap_alone(campaign: Campaign):
    campaign.told_price = None
    with pytest.raises(UnpricedStepsError, match="words"):
        await campaign.walked(PRICE * 8)
    assert campaign.books().total.requests == 0
    assert len(done(await campaign.walked())) == 4


async def test_step_without_a_price_is_held_to_its_ceiling(campaign: Campaign):
    campaign.told_price, campaign.ceiling = None, PRICE * 2
    assert len(done(await campaign.walked(PRICE * 7, rows_per_block=1))) == 2
    assert (await campaign.record()).settled == 40_000


@pytest.mark.parametrize(
    "settings", [{"faults": ({"name": "provider_error", "times": 1},), "charge_failed_runs": True}]
)
async def test_retry_of_a_failure_that_was_charged_is_paid_by_a_later_block(campaign: Campaign):
    campaign.rows = 1
    assert done(await campaign.walked(PRICE * 3)) == ["row-0"]
    assert campaign.books().total.charged_usd == PRICE * 3
    assert (await campaign.record()).settled == 30_000


async def test_records_that_are_gone_refuse_to_spend_until_they_are_rebuilt(campaign: Campaign):
    await campaign.walked(PRICE * 5)
    for key in await objects(campaign, "budgets/"):
        await campaign.store.delete(key)
    with pytest.raises(BudgetDamagedError, match="is gone"):
        await campaign.walked()
    await rebuild(books_of(campaign), 80_000)
    assert len(done(await campaign.walked())) == 4
    assert (await campaign.record()).settled == 80_000


@pytest.mark.parametrize("damaged", ["gap", "hash", "unreadable"])
async def test_chain_that_is_broken_refuses_to_spend_until_it_is_rebuilt(campaign: Campaign, damaged):
    await campaign.walked(PRICE * 5)
    records = await objects(campaign, "budgets/spring")
    last = [key for key in records if "/records/" in key][-1]
    broken = last.replace("0002", "0001") if damaged != "unreadable" else last
    data = await campaign.store.read(broken)
    await campaign.store.delete(broken)
    if damaged != "gap":
        await campaign.store.create(
            broken, data.replace(b"wanted", b"wonted" if broken == last else b"wanted ", 1)
        )
    with pytest.raises(BudgetDamagedError, match="rebuild"):
        await campaign.walked()
    await rebuild(books_of(campaign), None)
    assert len(done(await campaign.walked())) == 2
    assert (await campaign.record()).settled == 40_000


async def test_walk_under_way_stops_at_a_cap_that_is_lowered_meanwhile(campaign: Campaign):
    async with campaign.client() as client:
        budget = await campaign.budget(Studio(client, campaign.store), PRICE * 8, rows_per_block=1)
        block = await budget.authorise()
        await set_cap(books_of(campaign), 10_000)
        await budget.settle(block)
        assert await budget.authorise() is None
        assert len(budget.unstarted) == 3
