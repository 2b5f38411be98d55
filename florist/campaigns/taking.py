"""Another take: a further variation of a cell, priced first, then written down; a rerun of its cells makes it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from florist.api import FloraAPI
from florist.campaigns.picks.errors import TakeRefusedError
from florist.campaigns.picks.takes import add_takes, takes_of
from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds
from florist.campaigns.plan.planning import Planned, Wanted, planned_campaign
from florist.campaigns.plan.records import PlanRecords
from florist.campaigns.plan.selection import selection_of
from florist.pipelines.choices import Take
from florist.pipelines.rows import step_label
from florist.stores.store import Store
from florist.wording import did_you_mean, quoted


class OfferedTakes(NamedTuple):
    """Takes with their price; nothing is written down yet.

    Attributes:
        planned: the campaign with them.
        plan: of them alone: `plan.totals.net_usd` is what they cost.
    """

    row: str
    takes: tuple[Take, ...]
    planned: Planned
    plan: CampaignPlan


async def offered_takes(
    client: FloraAPI,
    store: Store,
    wanted: Wanted,
    row: str,
    cell: str,
    *,
    more: int = 1,
    inputs: Mapping[str, str] = {},
    funds: Funds | None = None,
    cap_usd: Decimal | None = None,
) -> OfferedTakes:
    """Return further takes of a cell of a campaign, with what they cost. Nothing is written, nothing is paid.

    Args:
        wanted: what the campaign was last run with.
        inputs: texts in place of the pipeline's own, by the ids of the step's inputs.
        funds, cap_usd: see `planned_campaign`.

    Raises:
        TakeRefusedError: there is no such cell, or there can be no takes of it like this.
    """
    now = await planned_campaign(client, store, wanted)
    found = next((each for each in now.plan.cells if (each.row, each.cell) == (row, cell)), None)
    if found is None:
        ours = [each.cell for each in now.plan.cells if each.row == row]
        mend = did_you_mean(cell, ours) if ours else f"; it has no row {quoted(row)}"
        raise TakeRefusedError(f"campaign {now.plan.campaign} has no cell {step_label(row, cell)}{mend}")
    known = now.choices.rows[row].takes if row in now.choices.rows else ()
    takes = takes_of(found, wanted.pipeline, known, more=more, inputs=inputs)
    choices = now.choices.with_takes(row, takes)
    planned = await planned_campaign(client, store, wanted, funds=funds, cap_usd=cap_usd, choices=choices)
    names = {take.cell for take in takes}
    plan = planned.plan.of_cells(each for each in planned.plan.cells if each.row == row and each.cell in names)
    return OfferedTakes(row, takes, planned, plan)


async def order_takes(store: Store, offered: OfferedTakes, *, by: str, at: datetime) -> int:
    """Write takes down, and the plan that makes them alone; return its number, for `run_campaign(only_plan=)`.

    Call it once a person has agreed to the price. Should nothing run the plan, the campaign's next run makes them.

    Raises:
        TakeRefusedError: somebody has just asked for other takes of the same names; offer them anew.
        StoreError: they could not be written.
    """
    campaign = offered.plan.campaign
    await add_takes(store, campaign, offered.row, offered.takes, by=by, at=at)
    return await PlanRecords(store, campaign).keep(offered.planned.plan, "rerun", only=selection_of(offered.plan))
