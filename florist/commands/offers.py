"""What is shown and asked before a flow is run: the plan, and its price."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from florist.amounts import shown_usd
from florist.campaigns.budget.funds import funds_of
from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds
from florist.campaigns.plan.planning import Planned, Wanted, planned_campaign
from florist.campaigns.plan.records import PlanRecords, Purpose
from florist.campaigns.plan.selection import Selection
from florist.campaigns.plan.summary import price_words, summary
from florist.campaigns.taking import OfferedTakes, offered_takes
from florist.client.client import FloraClient
from florist.commands.terminal import PATIENCE, asked, err, print_table, remark
from florist.errors import ConfigurationError
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


def offer(wanted: Wanted, rows: str, archive: str, *, is_run: bool, cap_usd: Decimal | None = None) -> Planned:
    """Look at the prices and at what is paid for; nothing is started.

    Args:
        rows: where a file of rows is; empty for none.
        is_run: it is run next: make sure first that the archive can keep what is made.
        cap_usd: what the campaign may cost from now on; None: what it may as it stands.

    Raises:
        PlanError: the file holds no rows, or no row can be run like this.
        StoreError: the archive cannot be read or, for a run, does not keep what it should.
    """

    async def looked() -> Planned:
        async with _looking(wanted, rows, archive, is_run=is_run, cap_usd=cap_usd) as at:
            return await planned_campaign(at.flora, at.store, at.wanted, funds=at.funds, cap_usd=at.cap_usd)

    return asyncio.run(looked())


def offer_takes(
    wanted: Wanted,
    rows: str,
    archive: str,
    row: str,
    cell: str,
    *,
    more: int,
    inputs: Mapping[str, str],
    cap_usd: Decimal | None,
) -> OfferedTakes:
    """Look at what further takes of a cell cost; nothing is started. See `offer`, and `offered_takes`."""

    async def looked() -> OfferedTakes:
        async with _looking(wanted, rows, archive, is_run=True, cap_usd=cap_usd) as at:
            return await offered_takes(
                at.flora,
                at.store,
                at.wanted,
                row,
                cell,
                more=more,
                inputs=inputs,
                funds=at.funds,
                cap_usd=at.cap_usd,
            )

    return asyncio.run(looked())


class _Looking(NamedTuple):
    """What a plan is made with."""

    flora: FloraClient
    store: Store
    wanted: Wanted
    funds: Funds | None
    cap_usd: Decimal | None


@asynccontextmanager
async def _looking(
    wanted: Wanted, rows: str, archive: str, *, is_run: bool, cap_usd: Decimal | None
) -> AsyncIterator[_Looking]:
    store = store_at(archive)
    if is_run:
        await store.check()
    async with FloraClient(total_timeout=PATIENCE) as flora, rows_of(rows) as own:
        found = wanted._replace(rows=own, rows_location=shown_location(absolute_location(rows)))
        funds = await funds_of(store, wanted.campaign)
        if cap_usd is None and funds is None:  # one that stands is what people have made of the pipeline's
            cap_usd = wanted.pipeline.campaign.budget_usd
        yield _Looking(flora, store, found, funds, cap_usd)


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
        if row.step in cells
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
    price = f"{price_words(plan.totals)}, {shown_usd(plan.most_usd)} at most"
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
