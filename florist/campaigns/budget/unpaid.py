"""Which cells of a campaign may still have to be paid for, as the ledger has it."""

from collections.abc import AsyncGenerator, Mapping, Sequence

from florist.campaigns.plan.deciding import decided_cells
from florist.campaigns.plan.decisions import Decision
from florist.campaigns.plan.input_facts import InputFacts
from florist.campaigns.plan.reading import campaign_work
from florist.ledger import Ledger
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.planning import PlannedStep
from florist.pipelines.rows import RowPlans
from florist.secrets import SignedUrl
from florist.studio.campaigns import Campaigns

PAID = frozenset({Decision.REUSE, Decision.RESUME})


async def unpaid_cells(plans: RowPlans, scope: str, ledger: Ledger) -> Mapping[str, Sequence[PlannedStep]]:
    """Return the cells of each row that may have to be paid for: all save those that have a paid run.

    Nothing is fetched: a cell whose input is a URL that the campaign does not remember may have to be.

    Args:
        scope: the campaign's name or, lacking one, the flow run's id.
    """
    if not await ledger.has_begun(scope):
        return {key: planned.steps for key, planned in plans.rows.items()}
    is_campaign = await Campaigns(ledger.store).knows(scope)
    paid = await (_paid_work if is_campaign else _paid_places)(plans, scope, ledger)
    return {
        key: tuple(step for step in planned.steps if (key, step.name) not in paid)
        for key, planned in plans.rows.items()
    }


async def _paid_work(plans: RowPlans, campaign: str, ledger: Ledger) -> set[tuple[str, str]]:
    async with campaign_work(ledger, campaign, _techniques(plans)) as known:
        facts = InputFacts(ledger, campaign, known, fetch=_not_fetched)
        decided = await decided_cells(plans.rows.items(), campaign, known, facts)
    return {(cell.row, cell.cell) for cells in decided.values() for cell in cells if cell.decision in PAID}


async def _paid_places(plans: RowPlans, scope: str, ledger: Ledger) -> set[tuple[str, str]]:
    """Return the cells that have a run, whatever its inputs were: within one flow run those do not change."""
    paid: set[tuple[str, str]] = set()
    for technique_id in _techniques(plans):
        for entry in await ledger.entries(technique_id):
            is_ours = (entry.work.campaign or entry.work.flow_run_id) == scope
            if is_ours and entry.has_run and not (entry.ended and entry.ended.is_failed):
                paid.add((entry.work.row, entry.work.step))
    return paid


def _techniques(plans: RowPlans) -> set[str]:
    return {step.technique_id for planned in plans.rows.values() for step in planned.steps}


async def _not_fetched(url: SignedUrl) -> AsyncGenerator[bytes, None]:
    raise UnusableValueError("not fetched for a budget")
    yield b""
