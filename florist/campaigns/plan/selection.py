"""Some cells of a campaign, named by a plan that was kept: a rerun runs those, and what they take, alone."""

from collections.abc import Collection, Mapping

from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.errors import PlanMissingError
from florist.campaigns.plan.records import PlanRecords
from florist.pipelines.planning import Plan
from florist.pipelines.rows import RowPlans
from florist.stores.store import Store

Selection = Mapping[str, tuple[str, ...]]
"""The names of the selected cells of each row, by its key; a row without any is left out."""


def selection_of(plan: CampaignPlan) -> Selection:
    """Return the cells of a plan."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in plan.cells:
        found[cell.row] = (*found.get(cell.row, ()), cell.cell)
    return found


async def selection_at(store: Store, campaign: str, number: int) -> Selection:
    """Return the cells that a kept plan names.

    Raises:
        PlanMissingError: there is no such plan, or it names no cells.
    """
    record = await PlanRecords(store, campaign).read(number)
    if record is None or record.only is None:
        raise PlanMissingError(f"campaign {campaign} has no plan {number} that names cells, in {store.location}")
    return record.only


def cut_down(plans: RowPlans, selection: Selection) -> RowPlans:
    """Return the plans of the selected cells, and of what they take."""
    rows = {key: _cut(plans.rows[key], names) for key, names in selection.items() if key in plans.rows}
    return plans.model_copy(update={"rows": rows})


def _cut(plan: Plan, names: Collection[str]) -> Plan:
    wanted = set(names)
    for step in reversed(plan.steps):  # each stands after all it needs
        if step.name in wanted:
            wanted.update(step.needs)
    return plan.model_copy(update={"steps": tuple(step for step in plan.steps if step.name in wanted)})
