"""What `florist run` shows and asks before its flow: the price, and what of it is paid for already."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from florist.amounts import shown_usd
from florist.client.client import FloraClient
from florist.commands.terminal import PATIENCE, asked, err, print_table, remark
from florist.errors import ConfigurationError
from florist.ledger import Ledger
from florist.pipelines import Pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans, Rows
from florist.stores.locations import store_at
from florist.studio.campaigns import Campaigns, campaign_name, mistakable
from florist.studio.prices import price_line
from florist.studio.progress import CampaignProgress, campaign_progress


class Offer(NamedTuple):
    """What a run costs, and what of it is paid for already: None where no campaign was named."""

    plans: RowPlans
    progress: CampaignProgress | None
    is_sandbox: bool


def named_campaign(name: str | None, pipeline: str) -> tuple[str, bool]:
    """Return a campaign's name in its one spelling, and whether a person gave it."""
    given = campaign_name(name or "")
    return given or f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}", bool(given)


async def offer(
    pipeline: Pipeline, params: Mapping[str, str], rows: Rows, *, archive: str, campaign: str
) -> Offer:
    """Look at the archive, then at the prices; nothing is started.

    Args:
        campaign: empty if nobody named one.
    """
    store = store_at(archive)
    await store.check()
    async with FloraClient(total_timeout=PATIENCE) as flora:
        plans = await planned_at(flora, pipeline, params, rows)
        is_sandbox = flora.is_sandbox
    if not campaign:
        return Offer(plans, None, is_sandbox)
    is_known = await Campaigns(store).knows(campaign)
    progress = await campaign_progress(plans, campaign, Ledger(store), is_known=is_known)
    return Offer(plans, progress, is_sandbox)


def print_offer(found: Offer) -> None:
    """Print each step's price, the sum, and how much of the campaign is paid for."""
    plans = found.plans
    key, first = next(iter(plans.rows.items()))
    title = plans.pipeline if len(plans.rows) == 1 else f"{plans.pipeline}: row {key}, of {len(plans.rows)}"
    rows = [(row.step, row.technique, row.inputs, shown_usd(row.price_usd)) for row in first.table()]
    print_table(("Step", "Technique", "Takes", "Price"), rows, title=title, right=("Price",), console=err)
    for note in plans.notes:
        remark(note)
    remark(f"{price_line(plans)}")
    for line in found.progress.lines() if found.progress else ():
        remark(line)
    remark("")


def confirm(found: Offer, *, yes: bool) -> None:
    """Go on only if it costs nothing real, or a person has agreed to the price.

    Raises:
        ConfigurationError: nobody has.
    """
    if found.is_sandbox or yes:
        return
    price = price_line(found.plans)
    answer = asked(f"Spend {'at most ' if found.progress else ''}{price} at FLORA?")
    if answer is None:
        raise ConfigurationError(f"this spends {price} at FLORA: agree to it with --yes")
    if not answer:
        raise ConfigurationError("nothing was started, nothing was paid")


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
