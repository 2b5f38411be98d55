"""The bill of a campaign with failures, a retry and lost answers, judged by the sandbox's books."""

from decimal import Decimal

from florist.api.models import Run
from florist.ledger import RunFacts, State
from florist.ledger.by_hand import restart
from florist.sweep.failures import Failure, note_failure
from tests.bill.conftest import LOST_ANSWER, PRICE, Spending


def by_reason(charges) -> dict[str, tuple[int, Decimal]]:
    return {group.name: (group.runs, group.charged_usd) for group in charges.bill("reason").groups}


async def test_bill_equals_the_books_to_the_cent_and_names_what_was_wasted(campaign: Spending):
    charges = await campaign.charges("spring")
    assert by_reason(charges) == {
        "kept": (3, 3 * PRICE),
        "failed and retried: provider_error": (1, PRICE),
        "failed: safety_blocked": (1, PRICE),
        "no outputs": (1, PRICE),
    }
    total = charges.bill("step").total
    assert total.charged_usd == total.most_usd == campaign.booked_usd == 6 * PRICE
    assert (total.wasted, total.wasted_usd) == (3, 3 * PRICE)


async def test_adopted_run_is_billed_once_and_says_how_it_came(campaign: Spending):
    lines = [charge for charge in (await campaign.charges()).charges if charge.row == "adopted"]
    assert [(line.came, line.charged_usd) for line in lines] == [("adopted", PRICE)]


async def test_run_in_flight_is_told_with_its_quote_and_its_books_lie_within(campaign: Spending):
    await campaign.row("flying", dies_at="after record started")
    total = (await campaign.charges()).bill("row").total
    assert (total.in_flight, total.in_flight_usd, total.in_doubt) == (1, PRICE, 0)
    assert (total.charged_usd, total.most_usd) == (campaign.booked_usd - PRICE, campaign.booked_usd)


async def test_request_in_doubt_is_a_range_that_the_books_lie_within(campaign: Spending):
    await campaign.row("doubtful", dies_at="after post")
    total = (await campaign.charges()).bill("row").total
    assert (total.in_doubt, total.in_doubt_usd, total.in_flight) == (1, PRICE, 0)
    assert total.charged_usd < campaign.booked_usd <= total.most_usd


async def test_run_given_up_by_hand_stays_on_the_bill(campaign: Spending):
    [entry] = [one for one in await campaign.ledger.entries() if one.work.row == "kept"]
    await restart(campaign.ledger, entry, gives_up_run=True)
    assert by_reason(await campaign.charges())["given up"] == (1, PRICE)
    await campaign.row("kept")
    charges = await campaign.charges()
    assert by_reason(charges)["kept"] == (3, 3 * PRICE)
    assert charges.bill("row").total.charged_usd == campaign.booked_usd == 7 * PRICE


async def test_request_given_up_in_doubt_stays_in_doubt(spending: Spending):
    await spending.row("doubtful", dies_at="after post")
    [entry] = await spending.ledger.entries()
    await restart(spending.ledger, entry, gives_up_run=True)
    await spending.row("doubtful", LOST_ANSWER)
    total = (await spending.charges()).bill("reason").total
    assert (total.charged_usd, total.in_doubt_usd, spending.booked_usd) == (PRICE, PRICE, 2 * PRICE)


async def test_campaigns_are_told_apart_and_added_up(campaign: Spending):
    await campaign.row("kept", campaign="autumn")
    bill = (await campaign.charges()).bill("campaign")
    assert [(group.name, group.charged_usd) for group in bill.groups] == [
        ("autumn", PRICE),
        ("spring", 6 * PRICE),
    ]
    assert (await campaign.charges("autumn")).bill("row").total.charged_usd == PRICE


async def test_cells_of_one_step_are_added_up_under_its_name(spending: Spending):
    for cell in ("still@playful", "still@luxury@v2", "caption@playful"):
        await spending.row("sku-1", step=cell)
    charges = await spending.charges()
    assert [(group.name, group.runs) for group in charges.bill("step").groups] == [("caption", 1), ("still", 2)]
    assert {charge.cell for charge in charges.charges} >= {"still@luxury@v2"}


async def test_techniques_go_by_the_names_that_pipelines_use(campaign: Spending):
    [group] = (await campaign.charges()).bill("technique").groups
    assert (group.name, group.runs) == ("headline-writer", 6)


async def test_days_are_those_of_the_time_zone(spending: Spending):
    await spending.row("kept")
    charges = await spending.charges()
    days = [charges.bill("day", timezone=zone).groups[0].name for zone in ("UTC", "Pacific/Kiritimati")]
    assert days == ["2027-01-15", "2027-01-15"]
    spending.sandbox.clock.advance(4 * 3600)
    await spending.row("late")
    charges = await spending.charges()
    assert [group.name for group in charges.bill("day", timezone="Pacific/Kiritimati").groups] == [
        "2027-01-15",
        "2027-01-16",
    ]


async def test_entry_that_cannot_be_read_is_named_and_in_no_sum(campaign: Spending):
    damaged = "ledger/entries/tech_1/abcdef/0000.json"
    await campaign.store.create(damaged, b"{}")
    bill = (await campaign.charges("spring")).bill("row")
    assert (bill.unreadable, bill.total.charged_usd) == ((damaged,), 6 * PRICE)


async def test_run_whose_outputs_are_lost_is_wasted(spending: Spending):
    await spending.row("flying", dies_at="after record started")
    [entry] = await spending.ledger.entries()
    run = Run(run_id=entry.run_id, status="completed", charged_usd=PRICE, completed_at=spending.now())
    await spending.ledger.append(
        entry.next(
            State.FINISHED,
            owner="one",
            now=spending.now(),
            ended=RunFacts.of(run).model_copy(update={"outputs": 1}),
        )
    )
    assert by_reason(await spending.charges()) == {"not kept yet": (1, PRICE)}
    failure = Failure(run=run, reason="its URL has ended", is_conclusive=True, seen_at=spending.now())
    await note_failure(spending.store, None, failure)
    charges = await spending.charges()
    assert by_reason(charges) == {"lost": (1, PRICE)}
    assert charges.bill("row").total.wasted_usd == PRICE
