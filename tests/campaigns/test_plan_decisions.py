"""What a plan says of each cell is what running it then does."""

from decimal import Decimal

from tests.campaigns.conftest import Shop, cell_of, told


async def test_plan_of_a_campaign_nobody_has_begun_is_new_throughout(shop: Shop):
    planned = await shop.planned()
    assert told(planned) == {
        "a/caption": "new: no-run",
        "a/lines": "follows: upstream-new",
        "a/page": "follows: upstream-new",
        "b/caption": "new: no-run",
        "b/lines": "follows: upstream-new",
        "b/page": "follows: upstream-new",
    }
    assert planned.plan.totals.net_usd == Decimal("0.16")
    assert shop.runs == 0


async def test_plan_of_a_finished_campaign_is_reuse_throughout(shop: Shop):
    await shop.run()
    planned = await shop.planned()
    assert set(told(planned).values()) == {"reuse: kept"}
    totals = planned.plan.totals
    assert (totals.net_usd, totals.worst_usd, totals.gross_usd) == (0, 0, Decimal("0.16"))


async def test_plan_of_a_row_whose_text_changed_names_the_input_and_the_run(shop: Shop):
    await shop.run()
    shop.briefs["a"] = "Summer"
    planned = await shop.planned()
    assert [label for label, why in told(planned).items() if why != "reuse: kept"] == ["a/lines", "a/page"]
    lines = cell_of(planned, "a/lines")
    assert (lines.decision, lines.reason, lines.changed) == ("new", "its brief changed", ("brief",))
    assert lines.run_id in lines.detail
    assert told(planned)["a/page"] == "follows: upstream-new"


async def test_plan_of_a_row_whose_picture_was_painted_over_hashes_it(shop: Shop):
    await shop.run()
    shop.paint("b", "gold")
    planned = await shop.planned()
    assert cell_of(planned, "b/caption").reason == "its image changed"
    assert told(planned)["b/lines"] == "follows: upstream-new"
