"""Whatever happened to a campaign: what its plan calls new is what is then started, at the price it told."""

import random
from collections.abc import Mapping
from decimal import Decimal

import pytest

from flora_sandbox.faults import Fault, FaultName
from florist.api.errors import RunWithoutOutputsError
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.decisions import Decision
from florist.ledger import How, Ledger, restart
from florist.pipelines import WalkResult
from florist.studio.campaigns import Campaigns
from florist.studio.steps import CampaignRow, StepResult
from florist.studio.studio import Studio
from tests.campaigns.plan.conftest import Shop
from tests.studio.conftest import connected

COLOURS = ("firebrick", "navy", "gold")
BRIEFS = ("Spring", "Summer", "Autumn")
FAILURES = (FaultName.SAFETY_BLOCKED, FaultName.MODEL_TIMEOUT, FaultName.NO_OUTPUTS)
POSSIBLE = {
    Decision.REUSE: {How.REUSED},
    Decision.RESUME: {How.RESUMED, How.REUSED, None},
    Decision.NEW: {How.NEW, None},
    # A text that comes out as it was before makes work that is paid for.
    Decision.FOLLOWS: {How.NEW, How.REUSED, None},
    Decision.BLOCKED: {None},
}
"""What may become of each decision; None is a gap."""


class History:
    """Seeded things that people, FLORA and crashes do to a campaign between two of its runs."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.deeds = (
            self.write,
            self.paint,
            self.add,
            self.drop,
            self.fail,
            self.restart,
            self.start,
            self.reword,
        )

    async def go_on(self) -> None:
        for deed in self.chance.sample(self.deeds, 2):
            await deed()

    @property
    def row(self) -> str:
        return self.chance.choice(sorted(self.shop.briefs))

    async def write(self) -> None:
        self.shop.briefs[self.row] = self.chance.choice(BRIEFS)

    async def paint(self) -> None:
        self.shop.paint(self.row, self.chance.choice(COLOURS))

    async def add(self) -> None:
        key = self.chance.choice("cd")
        self.shop.briefs[key] = self.chance.choice(BRIEFS)
        self.shop.paint(key, self.chance.choice(COLOURS))

    async def drop(self) -> None:
        if len(self.shop.briefs) > 1:
            del self.shop.briefs[self.row]

    async def fail(self) -> None:
        name = self.chance.choice(FAILURES)
        times = self.chance.choice((1, 3))
        self.shop.sandbox.set_faults(Fault(name=name, technique=self.chance.choice(self.techniques), times=times))

    async def restart(self) -> None:
        ledger = Ledger(self.shop.store)
        paid = [entry for entry in await ledger.entries() if entry.has_run]
        if paid:
            paid.sort(key=lambda entry: (entry.work.row, entry.work.step, entry.recorded_at))
            await restart(ledger, self.chance.choice(paid), gives_up_run=True)

    async def start(self) -> None:
        """Start a row's first step, and be killed."""
        row = self.row
        await Campaigns(self.shop.store).begin(self.shop.campaign)
        async with connected(self.shop.sandbox) as client:
            studio = Studio(client, self.shop.store)
            step = (await self.shop.plans(client)).rows[row].steps[0]
            await studio.start(step, {}, CampaignRow(campaign=self.shop.campaign, key=row))
            await studio.aclose()

    async def reword(self) -> None:
        self.shop.text = self.shop.text.replace("}: $", self.chance.choice(("}! $", "}: $")))

    techniques = ("caption-writer", "headline-writer", "look-book-page")


@pytest.mark.parametrize("seed", range(4))
async def test_plan_of_any_history_tells_what_running_it_starts_and_costs(shop: Shop, seed: int):
    history = History(shop, seed)
    for _ in range(4):
        await history.go_on()
        plan, before = (await shop.planned()).plan, shop.charged_usd
        known = {entry.run_id for entry in await Ledger(shop.store).entries()}
        walked = await shop.run()
        how = {f"{row}/{name}": made.how for row, walk in walked.items() for name, made in walk.results.items()}
        wrong = {cell.label: cell for cell in plan.cells if how.get(cell.label) not in POSSIBLE[cell.decision]}
        assert wrong == {}
        paid = {label for label, came in how.items() if came is How.NEW} | charged_for_nothing(walked, known)
        assert shop.charged_usd - before == price_of(plan, paid) <= plan.totals.net_usd
        shop.sandbox.set_faults()


def charged_for_nothing(walked: Mapping[str, WalkResult[StepResult]], known: set[str | None]) -> set[str]:
    """The cells whose new runs brought no outputs: FLORA charges for those."""
    failed = {f"{row}/{name}": error for row, walk in walked.items() for name, error in walk.failed.items()}
    empty = {label: error.run for label, error in failed.items() if isinstance(error, RunWithoutOutputsError)}
    return {label for label, run in empty.items() if run.run_id not in known}


def price_of(plan: CampaignPlan, labels: set[str]) -> Decimal:
    """What the plan said that these cells cost, if they are made now."""
    cells = [cell for cell in plan.cells if cell.label in labels and cell.is_paid_now]
    return sum((cell.price_usd or Decimal(0) for cell in cells), Decimal(0))
