"""Whatever people pick, take back, add and change: what a plan says is what running it pays for, picks alone."""

import random

import pytest

from florist.api import FloraAPI
from florist.campaigns.picks import PickRefusedError
from florist.campaigns.plan.planning import Wanted
from florist.campaigns.taking import offered_takes, order_takes
from tests.campaigns.picks.conftest import CENT, NOW, Funnel
from tests.studio.conftest import connected


class History:
    """Seeded things that happen to a campaign between two of its runs."""

    def __init__(self, funnel: Funnel, seed: int) -> None:
        self.funnel = funnel
        self.chance = random.Random(seed)
        self.deeds = (
            self.pick,
            self.pick,
            self.pick,
            self.take_back,
            self.rewrite,
            self.add,
            self.take,
            self.fail,
        )

    async def go_on(self) -> None:
        for deed in self.chance.sample(self.deeds, 3):
            try:
                await deed()
            except PickRefusedError as refused:  # not there, too many, or at a price
                self.funnel.refused.append(refused)

    @property
    def row(self) -> str:
        return self.chance.choice(self.funnel.rows)

    async def pick(self) -> None:
        await self.funnel.pick(self.row, self.chance.choice(("head", "head@v2", "head@v3", "head@v5")))

    async def take_back(self) -> None:
        picked = [(row, cell) for row, found in (await self.funnel.picks()).rows.items() for cell in found.cells]
        if picked:
            row, cell = self.chance.choice(picked)
            await self.funnel.pick(row, cell, "open", confirm_usd=self.chance.choice((None, CENT)))

    async def rewrite(self) -> None:
        self.funnel.briefs[self.row] = self.chance.choice(("Summer", "Autumn"))

    async def add(self) -> None:
        self.funnel.rows = ("a", "b", "c")

    async def fail(self) -> None:
        self.funnel.sandbox.set_faults("safety_blocked")

    async def take(self) -> None:
        wanted, row = self.funnel.wanted, self.row
        async with connected(self.funnel.sandbox) as client:
            await self._taken(client, wanted, row)

    async def _taken(self, client: FloraAPI, wanted: Wanted, row: str) -> None:
        offered = await offered_takes(client, self.funnel.store, wanted, row, "head", inputs={"brief": "Else"})
        await order_takes(self.funnel.store, offered, by="bo", at=NOW)


@pytest.mark.parametrize("seed", range(2))
async def test_plan_of_any_history_of_picks_is_what_running_it_pays_for(funnel: Funnel, seed: int):
    history = History(funnel, seed)
    await funnel.run()
    for _ in range(4):
        await history.go_on()
        plan, before = await funnel.plan(), funnel.charged
        result = await funnel.run()
        funnel.sandbox.set_faults()
        new = {label for label, cell in result.made.items() if cell.is_new}
        assert new <= {cell.label for cell in plan.cells if cell.is_paid_now}
        assert funnel.charged - before == len(new) <= plan.totals.net_usd / CENT
        assert {label for label in new if "/film" in label} <= await films_of_picks(funnel)


async def films_of_picks(funnel: Funnel) -> set[str]:
    """What may be made of the picks that stand: of the first variation it has no mark."""
    return {
        f"{row}/film" + f"@{cell.replace('@', '-')}" * ("@" in cell)
        for row, found in (await funnel.picks()).rows.items()
        for cell, standing in found.cells.items()
        if standing.is_picked
    }
