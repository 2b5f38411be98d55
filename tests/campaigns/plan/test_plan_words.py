"""A plan in words and as JSON, at any size; what has changed; what has moved since somebody agreed."""

from decimal import Decimal

import pytest

from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds, Totals, grouped
from florist.campaigns.plan.comparing import differences_from
from florist.campaigns.plan.decisions import Because, Cell, Decision
from florist.campaigns.plan.materials import materials_of
from florist.campaigns.plan.records import PlanRecords
from florist.campaigns.plan.summary import summary
from florist.ledger import Ledger, restart
from tests.campaigns.plan.conftest import Shop


def some_cell(number: int, **changes: object) -> Cell:
    cell = Cell(
        row=f"row-{number}",
        cell="still",
        step="still",
        technique="key-visual",
        technique_id="tech_1",
        decision=Decision.NEW,
        because=Because.NO_RUN,
        reason=f"reason {number}",
        price_usd=Decimal("0.08"),
        runs_at_most=3,
    )
    return cell.model_copy(update=changes)


async def test_summary_of_a_thousand_reasons_is_some_twenty_lines(shop: Shop):
    plan = (await shop.planned()).plan
    cells = [some_cell(number) for number in range(1000)]
    changed = {"cells": cells, "groups": grouped(cells), "totals": Totals.of(cells), "changes": ("x",) * 100}
    funds = Funds(cap_usd=9, charged_usd=1, uncertain_usd=0, reserved_usd=0, free_usd=8)
    lines = summary(plan.model_copy(update={**changed, "funds": funds}))
    assert len(lines) <= 25
    assert "988 more, for 988 other reasons" in "\n".join(lines)
    assert "$72.00 of the price does not fit" in "\n".join(lines)


async def test_summary_of_a_new_campaign_says_that_all_of_it_is_to_be_paid_for(shop: Shop):
    said = "\n".join(summary((await shop.planned()).plan))
    assert "Campaign spring is new there: all of it is to be paid for" in said
    assert "To pay now: 6 runs for $0.16, at most $0.48 with retries. All cells together: $0.16." in said


async def test_summary_tells_reused_new_and_blocked_apart(shop: Shop):
    await shop.run()
    shop.briefs["a"] = "Summer"
    (shop.pictures / "b.png").unlink()
    said = "\n".join(summary((await shop.planned()).plan))
    assert "1 reused: paid for and kept (run" in said
    assert "1 new: its brief changed" in said
    assert "3 blocked: its picture cannot be used (the file " in said


async def test_json_of_a_plan_reads_back_as_it_was(shop: Shop):
    plan = (await shop.planned()).plan
    assert CampaignPlan.model_validate_json(plan.model_dump_json()) == plan


async def test_plan_after_a_kept_one_tells_what_changed(shop: Shop):
    await shop.run()
    await PlanRecords(shop.store, "spring").keep((await shop.planned()).plan, "run")
    (unchanged,) = (await shop.planned()).plan.changes
    assert unchanged.endswith("nothing it is made of has changed.")
    shop.briefs["c"] = "Winter"
    shop.paint("c", "gold")
    shop.text += "# a remark\n"
    changes = (await shop.planned()).plan.changes
    assert [change.partition(": ")[2] for change in changes] == [
        "the pipeline's file has changed.",
        "there were 2 rows, and are 3.",
        "all cells cost $0.16 then, and $0.24 now.",
    ]


async def test_kept_plan_holds_no_signed_url(shop: Shop):
    wanted = shop.wanted._replace(params={"picture": "https://x.amazonaws.com/a.png?X-Amz-Signature=f00"})
    made_of = materials_of(wanted, {}, row_count=2)
    assert (made_of.params, made_of.withheld) == ({}, ("picture",))


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda shop: shop.briefs.update(a="Summer"), "a/lines: its brief changed"),
        (lambda shop: shop.briefs.pop("a"), "a/page is not in it any more"),
        (lambda shop: shop.paint("b", "gold"), "b/page: its image changed"),
    ],
    ids=["text", "row", "file"],
)
async def test_agreed_plan_that_would_be_another_thing_is_told_so(shop: Shop, change, moved):
    agreed = (await shop.planned()).plan
    assert differences_from(agreed, (await shop.planned()).plan) == ()
    change(shop)
    assert moved in differences_from(agreed, (await shop.planned()).plan)


async def test_agreed_plan_that_became_cheaper_is_still_what_was_agreed(shop: Shop):
    agreed = (await shop.planned()).plan
    await shop.run()
    assert differences_from(agreed, (await shop.planned()).plan) == ()


async def test_agreed_plan_of_which_something_has_to_be_paid_for_again_is_refused(shop: Shop):
    await shop.run()
    agreed = (await shop.planned()).plan
    ledger = Ledger(shop.store)
    entry = next(entry for entry in await ledger.entries() if (entry.work.row, entry.work.step) == ("b", "page"))
    await restart(ledger, entry, gives_up_run=True)
    (found,) = differences_from(agreed, (await shop.planned()).plan)
    assert found == "b/page: it was to be reuse, and is new: a person had it paid for anew"


async def test_price_that_moved_is_a_difference(shop: Shop):
    agreed = (await shop.planned()).plan
    facts = agreed.materials.techniques["caption-writer"].model_copy(update={"price_usd": Decimal("0.03")})
    techniques = {**agreed.materials.techniques, "caption-writer": facts}
    now = agreed.model_copy(update={"materials": agreed.materials.model_copy(update={"techniques": techniques})})
    assert differences_from(agreed, now) == ("caption-writer cost $0.02, and costs $0.03",)
