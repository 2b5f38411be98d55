"""Runs a campaign from its check to its bill, the same under Prefect and without it.

check ─► plan, price ─► begin, keep the plan ─► open the budget ─► walk ─► bill, report

What differs is handed in as a `Stage`: how a row is walked, and where people see what happens.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from uuid import uuid4

from florist.campaigns.alongside import heard_alongside
from florist.campaigns.bill.reading import Charges, read_charges
from florist.campaigns.bill.words import bill_lines
from florist.campaigns.budget import CampaignBudget
from florist.campaigns.budget.funds import funds_of
from florist.campaigns.endings import CampaignResult
from florist.campaigns.events import Tell, listeners
from florist.campaigns.log_lines import Log, LogLines
from florist.campaigns.options import CampaignOptions
from florist.campaigns.picks.sending import PickedSteps
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.planning import Wanted, planned_campaign
from florist.campaigns.plan.pricing import refuse_above
from florist.campaigns.plan.records import PlanRecords
from florist.campaigns.plan.selection import chosen_plan, cut_down, selection_at
from florist.campaigns.walking import WalkRow, plain_walker, walk_campaign
from florist.errors import ConfigurationError
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns, campaign_name
from florist.studio.studio import Studio


class Stage:
    """Where a campaign is run. This one is without Prefect, whose own overrides all that it does otherwise.

    Args:
        log: takes lines for people.
        owner: whose run it is, such as a flow run's id: without a campaign it binds the runs together.
    """

    def __init__(self, log: Log, *, owner: str = "") -> None:
        self.log = log
        self.owner = owner or uuid4().hex
        self.lines = LogLines(log)

    def row_walker(self, studio: Studio, campaign: str) -> WalkRow:
        """Return how a row is walked."""
        return plain_walker(studio, campaign, say=self.lines.waits)

    async def show_plan(self, plan: CampaignPlan, notes: Sequence[str]) -> None:
        """Show what is about to be run, with what a person should know of how the rows were read."""

    @asynccontextmanager
    async def watched(self, plans: RowPlans) -> AsyncIterator[tuple[Tell, ...]]:
        """Show the campaign while the block lasts; yields who is to be told of its events."""
        yield ()

    async def report(self, store: Store, scope: str, result: CampaignResult) -> None:
        """Tell what was spent, and what has come of it."""
        await charges_told(store, scope, self.log)


async def run_campaign(
    studio: Studio,
    wanted: Wanted,
    stage: Stage,
    *,
    options: CampaignOptions | None = None,
    is_new_campaign: bool = False,
    only_plan: int | None = None,
    agreed_usd: Decimal | None = None,
) -> CampaignResult:
    """Return how every cell ended, the price shown before the first run is paid for.

    Args:
        only_plan: the number of a plan of the campaign that names cells: those alone are made.
        agreed_usd: what it may cost now without anybody being asked; None: whatever it costs.

    Raises:
        ConfigurationError: a campaign's name differs from another's by capital letters alone, or a pipeline with
            gates is run without one; nothing was paid.
        PlanError: it cannot be run like this; nothing was paid.
        PriceNotAgreedError: it would cost more than was agreed to; nothing was paid.
        StoreError: outputs could not be kept; nothing was paid.
        BudgetError: the budget's records cannot be relied on, or a step has no price; nothing was paid.
    """
    campaign, options = campaign_name(wanted.campaign), options or CampaignOptions.of(wanted.pipeline.campaign)
    if wanted.pipeline.gates and not campaign:
        raise ConfigurationError("a pipeline with gates needs a campaign: picks are made in it, and gone on with")
    await studio.check()
    store = studio.ledger.store
    selection = None if only_plan is None else await selection_at(store, campaign, only_plan)
    scope = campaign or stage.owner
    funds = await funds_of(store, scope)
    cap_usd = options.budget_usd if funds else options.budget_usd or options.first_budget_usd
    planned = await planned_campaign(studio.client, store, wanted, funds=funds, cap_usd=cap_usd)
    planned.refuse_unusable(selection)
    plans = await planned_at(
        studio.client,
        wanted.pipeline,
        wanted.params,
        wanted.rows,
        only=selection,
        choices=planned.choices.rows,
    )
    if selection is not None:
        plans = cut_down(plans, selection)
    if campaign:
        await Campaigns(store).begin(campaign, is_new=is_new_campaign)
        if selection is None:
            await PlanRecords(store, campaign).keep(planned.plan, "run")
    await stage.show_plan(planned.plan if selection is None else chosen_plan(planned.plan, selection), plans.notes)
    refuse_above(agreed_usd, planned.plan)
    budget = await CampaignBudget.opened(
        studio.ledger, scope, plans, cap_usd=options.budget_usd, first_cap_usd=options.first_budget_usd
    )
    async with _heard(store, campaign, stage), stage.watched(plans) as tell:
        result = await walk_campaign(
            plans,
            stage.row_walker(studio, campaign),
            campaign=campaign,
            budget=budget,
            options=options,
            tell=(stage.lines.hear, *tell, *listeners()),
            expected=studio.client.watcher.expected_seconds,
            admit=PickedSteps(store, campaign, plans).admit,
        )
    await stage.report(store, scope, result)
    return result


async def charges_told(store: Store, scope: str, log: Log) -> Charges | None:
    """Log what a piece of work has cost, and return it; None if nothing was spent. Nothing is asked of FLORA.

    Args:
        scope: the campaign or, lacking that, the id of the flow run.

    Raises:
        StoreError: the archive could not be asked.
    """
    try:
        charges = await read_charges(store, scope)
    except ConfigurationError:  # no entry of it: every step was refused, or found wanting, before anything left
        return None
    for line in bill_lines(charges.bill("step")):
        log.info("%s", line)
    return charges


@asynccontextmanager
async def _heard(store: Store, campaign: str, stage: Stage) -> AsyncIterator[None]:
    """Say it if another run of the campaign is at work."""
    async with AsyncExitStack() as around:
        if campaign:
            await around.enter_async_context(heard_alongside(store, campaign, stage.owner, stage.log.warning))
        yield
