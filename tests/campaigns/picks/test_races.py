"""Two reviewers at once; a reviewer and a campaign at once, in either order; and deaths between any two writes."""

import asyncio

import pytest

from florist.campaigns.picks import PickRefusedError
from florist.campaigns.picks.takes import TakeRecord, add_takes
from florist.pipelines.choices import Take
from tests.campaigns.picks.conftest import NOW, Funnel, PowerCut, made


async def test_reviewers_at_once_lose_nothing_and_pick_no_more_than_allowed(funnel: Funnel):
    await funnel.run()
    cells = ("head", "head@v2", "head@v3", "head@v4")
    each = [
        funnel.pick("a", cell, by=by, stars=number) for number, by in enumerate(("ann", "bo")) for cell in cells
    ]
    done = await asyncio.gather(*each, return_exceptions=True)
    row = (await funnel.picks()).rows["a"]
    assert row.gate is not None
    assert (row.gate.picked, row.gate.enough) == (2, True)
    taken = [pick.number for pick in done if not isinstance(pick, BaseException)]
    assert sorted(taken) == list(range(row.number + 1))
    assert all(isinstance(pick, PickRefusedError) for pick in done if isinstance(pick, BaseException))


async def test_pick_taken_back_between_plan_and_request_is_not_paid_for(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    await funnel.pick("a", "head@v3")

    async def take_back() -> None:
        await funnel.pick("a", "head@v2", "open")

    result = await funnel.run(meanwhile=take_back)
    assert (made(result), funnel.charged, result.gaps) == (["a/film@head-v3"], 9, ())
    assert result.awaiting.keys() == {"a", "b"}
    assert made(await funnel.run()) == ["a/film@head-v3"]


async def test_pick_taken_back_in_the_moment_of_sending_is_not_paid_for(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")

    async def take_back() -> None:
        await funnel.pick("a", "head@v2", "open")

    async def arm() -> None:
        funnel.store.before = take_back  # the campaign has read the row, and is about to say that it sends

    assert made(await funnel.run(meanwhile=arm)) == []
    assert funnel.charged == 8


async def test_campaign_that_goes_first_makes_the_change_tell_its_price(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")

    async def go_on() -> None:
        await funnel.run()

    funnel.store.before = go_on  # the reviewer has read the row, and is about to take the pick back
    with pytest.raises(PickRefusedError) as refused:
        await funnel.pick("a", "head@v2", "open")
    assert (str(refused.value.price_usd), funnel.charged) == ("0.01", 9)
    assert (await funnel.picks()).rows["a"].cells["head@v2"].is_picked


async def test_pick_that_was_about_to_be_sent_when_the_campaign_died_counts_as_sent(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")

    async def die() -> None:
        raise PowerCut

    async def arm() -> None:
        funnel.store.after = die

    with pytest.raises((PowerCut, BaseExceptionGroup)):
        await funnel.run(meanwhile=arm)
    with pytest.raises(PickRefusedError):
        await funnel.pick("a", "head@v2", "open")
    assert funnel.charged == 8
    assert made(await funnel.run()) == ["a/film@head-v2"]
    assert funnel.charged == 9


async def test_of_two_who_ask_for_the_same_take_at_once_one_is_to_look_again(funnel: Funnel):
    take = Take(cell="head@v5", step="head", axes={"variation": "5"})
    asked = [add_takes(funnel.store, funnel.campaign, "a", [take], by=who, at=NOW) for who in ("ann", "bo")]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["TakeRecord", "TakeRefusedError"]
    written = next(each for each in found if isinstance(each, TakeRecord))
    again = await add_takes(funnel.store, funnel.campaign, "a", [take], by=written.by, at=NOW)
    assert again == written
