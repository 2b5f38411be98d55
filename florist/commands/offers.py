"""What is shown and asked before a flow is run: the plan, and its price."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from florist.amounts import shown_usd
from florist.campaigns.budget import Standing
from florist.campaigns.budget.books import Books
from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds
from florist.campaigns.plan.planning import Planned, Wanted, planned_campaign
from florist.campaigns.plan.records import PlanRecords, Purpose
from florist.campaigns.plan.selection import Selection
from florist.campaigns.plan.summary import price_words, summary
from florist.client.client import FloraClient
from florist.commands.terminal import PATIENCE, asked, err, print_table, remark
from florist.errors import ConfigurationError
from florist.ledger import Ledger
from florist.pipelines import load_pipeline
from florist.stores.locations import store_at
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns, campaign_name, mistakable
from florist.studio.row_locations import absolute_location, rows_of, shown_location


def named_campaign(name: str | None, pipeline: str) -> tuple[str, bool]:
    """Return a campaign's name in its one spelling, and whether a person gave it."""
    given = campaign_name(name or "")
    return given or f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}", bool(given)


def wanted_at(pipeline: Path, param: Sequence[str], *, campaign: str) -> Wanted:
    """Read what is to be planned, save its rows.

    Raises:
        PipelineFileError: the file is no pipeline.
        ConfigurationError: a param was given without a name.
    """
    return Wanted(load_pipeline(pipeline), parsed_params(param), {}, campaign=campaign)


def offer(wanted: Wanted, rows: str, archive: str, *, is_run: bool) -> Planned:
    """Look at the prices and at what is paid for; nothing is started.

    Args:
        rows: where a file of rows is; empty for none.
        is_run: it is run next: make sure first that the archive can keep what is made.

    Raises:
        PlanError: the file holds no rows, or no row can be run like this.
        StoreError: the archive cannot be read or, for a run, does not keep what it should.
    """

    async def looked() -> Planned:
        store = store_at(archive)
        if is_run:
            await store.check()
        async with FloraClient(total_timeout=PATIENCE) as flora, rows_of(rows) as own:
            found = wanted._replace(rows=own, rows_location=shown_location(absolute_location(rows)))
            return await planned_campaign(flora, store, found, funds=await _funds(store, wanted.campaign))

    return asyncio.run(looked())


async def _funds(store: Store, campaign: str) -> Funds | None:
    """Return where the budget of a campaign stands, if it has one."""
    newest = await Books(Ledger(store), campaign_name(campaign)).chain.newest() if campaign else None
    return None if newest is None else Funds.model_validate(Standing.of(campaign, newest.record).model_dump())


def print_offer(planned: Planned) -> None:
    """Print what a run would do, beside the answer."""
    print_steps(planned, console=err)
    for line in (*planned.notes, *summary(planned.plan)):
        remark(line)
    remark("")


def print_steps(planned: Planned, *, console: Console | None = None) -> None:
    """Print the steps of a pipeline that is run once, each with its decision; of many rows the summary does."""
    if planned.plan.materials.row_count > 1:
        return
    cells = {cell.cell: cell for cell in planned.plan.cells}
    lines = [
        (row.step, row.technique, row.inputs, shown_usd(row.price_usd), cells[row.step].decision)
        for row in planned.first.table()
    ]
    headings = ("Step", "Technique", "Takes", "Price", "Decision")
    print_table(headings, lines, title=planned.first.pipeline, right=("Price",), console=console)


def confirm(plan: CampaignPlan, *, yes: bool, ask: bool = False) -> None:
    """Go on only if it costs nothing real, or a person has agreed to the price.

    Args:
        ask: also where the money is a sandbox's.

    Raises:
        ConfigurationError: nobody has.
    """
    if yes or not plan.is_spending or (plan.is_sandbox and not ask):
        return
    totals = plan.totals
    price = f"{price_words(totals)}, {shown_usd(totals.worst_usd)} at most"
    answer = asked(f"Spend {price}, at FLORA?")
    if answer is None:
        raise ConfigurationError(f"this spends {price}, at FLORA: agree to it with --yes")
    if not answer:
        raise ConfigurationError("nothing was started, nothing was paid")


def keep_plan(plan: CampaignPlan, archive: str, purpose: Purpose, *, only: Selection | None = None) -> int:
    """Write a plan down in the archive, and return its number."""
    return asyncio.run(PlanRecords(store_at(archive), plan.campaign).keep(plan, purpose, only=only))


def confirm_new(campaign: str, archive: str) -> bool:
    """Return whether a campaign is said to be another one than those that differ by capital letters alone.

    Raises:
        ConfigurationError: it is not, or nobody can be asked.
    """

    async def similar() -> tuple[str, ...]:
        campaigns = Campaigns(store_at(archive))
        return () if await campaigns.knows(campaign) else await campaigns.similar(campaign)

    found = asyncio.run(similar())
    if not found:
        return False
    answer = asked(f"This archive knows campaign {', '.join(found)}. Begin another one called {campaign}?")
    if answer is None:
        raise mistakable(campaign, found)
    if not answer:
        raise ConfigurationError("nothing was started, nothing was paid")
    return True


def parsed_params(pairs: Sequence[str]) -> dict[str, str]:
    """Return params that were given as name=value.

    Raises:
        ConfigurationError: one of them is not.
    """
    for pair in pairs:
        if "=" not in pair:
            raise ConfigurationError(f"--param {pair!r}: write name=value")
    return dict(pair.partition("=")[::2] for pair in pairs)
