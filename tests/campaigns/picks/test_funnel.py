"""What is picked is made, and paid for, and nothing else: by the sandbox's books."""

from decimal import Decimal

import pytest

from florist.campaigns.endings import Ending, end_line
from florist.campaigns.picks.errors import PickRefusedError
from florist.campaigns.plan.again import found_again
from florist.campaigns.plan.comparing import differences_from
from florist.campaigns.plan.decisions import Because, Decision
from florist.errors import ConfigurationError
from florist.gallery import read_sheet
from tests.campaigns.picks.conftest import Funnel, end_of, made


async def test_run_ends_at_the_gate_and_says_how_many_rows_wait(funnel: Funnel):
    result = await funnel.run()
    assert end_of(result) is Ending.AWAITING
    assert end_line(result) == "0 of 2 rows, $0.08 of $0.08; 2 of 2 rows wait for a pick"
    assert (funnel.charged, made(result)) == (8, [])


async def test_exactly_the_picked_ones_are_made_and_charged(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    await funnel.pick("a", "head@v4")
    result = await funnel.run()
    assert (made(result), funnel.charged) == (["a/film@head-v2", "a/film@head-v4"], 10)
    assert end_line(result).endswith("1 of 2 rows waits for a pick")
    await funnel.run()
    assert funnel.charged == 10


async def test_price_after_the_picks_is_known_before_anything_is_paid(funnel: Funnel):
    before = (await funnel.plan()).totals
    assert (before.net_usd, before.after_picks_usd, before.rows_awaiting) == (Decimal("0.08"), Decimal("0.04"), 2)
    assert (before.gross_usd, before.cells[Decision.AWAITS]) == (Decimal("0.08"), 8)
    await funnel.run()
    await funnel.pick("a", "head")
    after = await funnel.plan()
    assert (after.totals.net_usd, after.totals.after_picks_usd) == (Decimal("0.01"), Decimal("0.02"))
    assert (after.picks, after.gates["head"].pick_max) == ({"a": 0}, 2)
    await funnel.pick("b", "head@v2")
    moved = differences_from(after, await funnel.plan())
    assert "b/film@head-v2: it was to be awaits, and is new" in "; ".join(moved)


async def test_budget_holds_over_a_continue(funnel: Funnel):
    await funnel.run(budget_usd=Decimal("0.09"))
    for row in "ab":
        await funnel.pick(row, "head")
    result = await funnel.run()
    assert (made(result), {gap.row for gap in result.gaps}, funnel.charged) == (["a/film"], {"b"}, 9)
    assert end_of(await funnel.run(budget_usd=Decimal(1))) is Ending.COMPLETED
    assert funnel.charged == 10


async def test_pick_changed_before_its_step_was_sent_is_free(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    await funnel.pick("a", "head@v2", "rejected")
    await funnel.pick("a", "head@v3")
    assert made(await funnel.run()) == ["a/film@head-v3"]
    assert funnel.charged == 9


async def test_pick_changed_after_its_step_was_sent_costs_what_was_said(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    await funnel.run()
    refused = await refused_pick(funnel, "a", "head@v2", "open")
    assert refused.price_usd == Decimal("0.01")
    wrong = await refused_pick(funnel, "a", "head@v2", "open", confirm_usd="0.02")
    assert wrong.price_usd == Decimal("0.01")
    await funnel.pick("a", "head@v2", "open", confirm_usd=refused.price_usd)
    await funnel.pick("a", "head@v3")
    assert (await funnel.plan()).totals.net_usd == refused.price_usd
    assert (made(await funnel.run()), funnel.charged) == (["a/film@head-v3"], 10)


async def test_stars_and_note_of_a_spent_pick_are_changed_for_nothing(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    await funnel.run()
    await funnel.pick("a", "head@v2", stars=5, note="the one")
    standing = (await funnel.picks()).rows["a"].cells["head@v2"]
    assert (standing.stars, standing.spent, standing.next_usd) == (5, True, Decimal("0.01"))


async def test_pick_of_a_run_that_was_made_anew_since_is_not_gone_on_with(funnel: Funnel):
    await funnel.run()
    await funnel.pick("a", "head@v2")
    funnel.briefs["a"] = "Autumn"
    plan = await funnel.plan()
    assert {cell.because for cell in plan.cells if cell.label == "a/film@head-v2"} == {Because.PICK_OUTDATED}
    assert (plan.totals.net_usd, plan.totals.rows_awaiting) == (Decimal("0.04"), 2)
    result = await funnel.run()
    assert (made(result), result.awaiting, funnel.charged) == ([], {"a": "head", "b": "head"}, 12)


async def test_row_of_which_every_candidate_is_refused_has_gaps_and_waits_for_nothing(funnel: Funnel):
    funnel.rows = ("a",)
    funnel.sandbox.set_faults("safety_blocked")
    result = await funnel.run()
    funnel.sandbox.set_faults()
    assert (end_of(result), result.awaiting, len(result.gaps)) == (Ending.FAILED, {}, 4)
    blocked = [cell for cell in (await funnel.plan()).cells if cell.step == "film"]
    assert {cell.decision for cell in blocked} == {Decision.BLOCKED}


async def test_rows_that_a_program_gave_are_asked_for_again(funnel: Funnel):
    await funnel.run()
    with pytest.raises(ConfigurationError, match="a program gave the 2 rows"):
        await found_again(funnel.store, funnel.campaign, params={})


async def refused_pick(funnel: Funnel, row: str, cell: str, verdict: str, **more: object) -> PickRefusedError:
    try:
        await funnel.pick(row, cell, verdict, **more)
    except PickRefusedError as error:
        return error
    raise AssertionError("it was taken")


async def test_pick_of_what_is_not_kept_or_by_nobody_is_refused(funnel: Funnel):
    funnel.rows = ("a",)
    await funnel.run()
    refused = [
        await refused_pick(funnel, "a", "head@v9", "picked"),
        await refused_pick(funnel, "z", "head", "picked"),
        await refused_pick(funnel, "a", "head", "picked", run_id="run_of_others"),
        await refused_pick(funnel, "a", "head", "picked", by=" "),
    ]
    assert [each.price_usd for each in refused] == [None] * 4
    await funnel.pick("a", "head", note="so\x1b[31m red\n", by="  Ann  \n Lee ")
    standing = (await funnel.picks()).rows["a"].cells["head"]
    assert (standing.note, standing.by) == ("so[31m red", "Ann Lee")


async def test_pick_of_an_earlier_run_is_not_counted_in_the_sheet_and_named_where_in_the_way(
    funnel: Funnel,
):
    await funnel.run()
    await funnel.pick("a", "head")
    await funnel.pick("a", "head@v2")
    funnel.briefs["a"] = "Autumn"
    await funnel.run()
    row = (await read_sheet(funnel.store, funnel.campaign)).rows[0]
    assert row.gate is not None
    assert (row.gate.picked, row.gate.enough) == (0, False)
    refused = await refused_pick(funnel, "a", "head@v3", "picked")
    assert "has head (of an earlier run), head@v2 (of an earlier run): take one back first" in refused.problem
    await funnel.pick("a", "head@v2")
    row = (await read_sheet(funnel.store, funnel.campaign)).rows[0]
    assert row.gate is not None
    assert (row.gate.picked, row.gate.enough) == (1, True)
