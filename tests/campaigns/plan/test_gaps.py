"""What a rerun fills: the gaps of the kinds that were named, with what waits for them, and nothing else."""

import pytest

from flora_sandbox.faults import Fault, FaultName
from florist.campaigns.plan.campaign_plan import Funds
from florist.campaigns.plan.decisions import Because, Cell, Decision
from florist.campaigns.plan.gaps import GapKind, filling_plan, to_restart
from florist.campaigns.plan.selection import cut_down, selection_of
from florist.ledger import How, Ledger, restart
from florist.studio.studio import Studio
from tests.campaigns.plan.conftest import Shop, walked_rows
from tests.studio.conftest import connected

FUNDS = Funds(cap_usd=1, charged_usd=0, uncertain_usd=0, reserved_usd=0, free_usd=1)


@pytest.fixture
async def gappy(shop: Shop) -> Shop:
    """Row a's headlines failed for good; row b was never begun; row c was made with another brief."""
    shop.briefs = {"a": "Spring", "c": "Winter"}
    shop.paint("c", "teal")
    await shop.run()
    shop.briefs = {"a": "Summer"}
    shop.sandbox.set_faults(Fault(name=FaultName.SAFETY_BLOCKED, technique="headline-writer", times=1))
    await shop.run()
    shop.sandbox.set_faults()
    shop.briefs = {"a": "Summer", "b": "Autumn", "c": "Rain"}
    return shop


async def filled(shop: Shop, *kinds: GapKind, funds: Funds | None = None) -> dict[str, str]:
    plan = filling_plan((await shop.planned(funds=funds)).plan, kinds)
    return {cell.label: str(cell.decision) for cell in plan.cells}


async def test_rerun_of_what_failed_touches_it_and_what_waits_for_it(gappy: Shop):
    assert await filled(gappy, GapKind.FAILED) == {"a/lines": "new", "a/page": "follows"}


async def test_rerun_of_what_is_missing_leaves_failures_and_changes_alone(gappy: Shop):
    assert await filled(gappy, GapKind.MISSING) == {"b/caption": "new", "b/lines": "follows", "b/page": "follows"}


async def test_rerun_of_what_a_budget_left_is_what_was_never_started(gappy: Shop):
    assert await filled(gappy, GapKind.BUDGET) == {}
    left = {"b/caption": "new", "b/lines": "follows", "b/page": "follows"}
    assert await filled(gappy, GapKind.BUDGET, funds=FUNDS) == left
    assert await filled(gappy, GapKind.MISSING, funds=FUNDS) == left


async def test_rerun_pays_what_it_said_for_what_it_named(gappy: Shop):
    planned = await gappy.planned()
    plan = filling_plan(planned.plan, [GapKind.FAILED])
    before = gappy.charged_usd
    async with connected(gappy.sandbox) as client:
        studio = Studio(client, gappy.store)
        ledger = Ledger(gappy.store)
        for cell in to_restart(plan):
            entry = await ledger.entry(cell.key, cell.technique_id)
            assert entry
            await restart(ledger, entry, gives_up_run=True)
        walked = await walked_rows(studio, cut_down(await gappy.plans(client), selection_of(plan)), "spring")
        await studio.aclose()
    assert {name: made.how for name, made in walked["a"].results.items()} == {
        "caption": How.REUSED,
        "lines": How.NEW,
        "page": How.NEW,
    }
    assert list(walked) == ["a"]
    assert gappy.charged_usd - before == plan.totals.net_usd


def cell(name: str, because: Because, needs: tuple[str, ...] = ()) -> Cell:
    decision = Decision.BLOCKED if because in (Because.NEEDS_REVIEW, Because.UPSTREAM_BLOCKED) else Decision.NEW
    place = {"row": "a", "cell": name, "step": name, "technique": "x", "technique_id": "tech_x"}
    return Cell(**place, needs=needs, decision=decision, because=because, reason="")


async def test_cell_that_also_takes_what_a_person_has_to_decide_on_is_left_alone(shop: Shop):
    cells = (
        cell("film", Because.FAILED_FOR_GOOD),
        cell("still", Because.NEEDS_REVIEW),
        cell("page", Because.UPSTREAM_BLOCKED, ("film", "still")),
    )
    plan = (await shop.planned()).plan.model_copy(update={"cells": cells})
    assert [each.cell for each in filling_plan(plan, tuple(GapKind)).cells] == ["film"]
