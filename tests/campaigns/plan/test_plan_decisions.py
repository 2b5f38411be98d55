"""What a plan says of each cell is what running it then does."""

from decimal import Decimal

import pytest

from florist.pipelines.errors import PlanError
from tests.campaigns.plan.conftest import Shop, cell_of, told
from tests.studio.conftest import connected


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


async def signed_url(shop: Shop, key: str) -> str:
    """A URL of a row's picture, signed anew each time."""
    async with connected(shop.sandbox) as client:
        asset = await client.assets.upload(shop.pictures / f"{key}.png")
        assert asset.url
        return asset.url.reveal()


async def test_url_that_is_another_one_each_day_is_fetched_to_see_what_it_leads_to(shop: Shop):
    shop.pictured["a"] = await signed_url(shop, "a")
    await shop.run()
    shop.pictured["a"] = await signed_url(shop, "a")
    assert told(await shop.planned())["a/caption"] == "reuse: kept"
    shop.paint("a", "gold")
    shop.pictured["a"] = await signed_url(shop, "a")
    assert told(await shop.planned())["a/caption"] == "new: inputs-changed"


async def test_url_in_a_row_that_was_never_tried_is_not_fetched(shop: Shop):
    await shop.run()
    shop.briefs["c"] = "Winter"
    shop.pictured["c"] = "http://127.0.0.1:9/nobody.png"
    assert told(await shop.planned())["c/caption"] == "new: no-run"


async def test_row_that_cannot_be_planned_is_blocked_and_leaves_the_others_be(shop: Shop):
    await shop.run()
    (shop.pictures / "b.png").unlink()
    planned = await shop.planned()
    assert told(planned)["b/caption"] == "blocked: row-unusable"
    assert told(planned)["a/caption"] == "reuse: kept"
    assert "does not exist" in cell_of(planned, "b/caption").detail


async def test_plan_whose_rows_are_all_unusable_tells_all_problems(shop: Shop):
    for key in shop.briefs:
        (shop.pictures / f"{key}.png").unlink()
    with pytest.raises(PlanError) as caught:
        await shop.planned()
    assert len(caught.value.problems) == 2


async def test_plan_of_a_kept_run_without_its_manifest_lets_the_rest_follow(shop: Shop):
    await shop.run()
    async for item in shop.store.list("index/"):
        await shop.store.delete(item.key)
    planned = await shop.planned()
    assert [cell.decision for cell in planned.plan.cells if cell.row == "a"] == ["reuse", "follows", "follows"]
