"""What a campaign's budget leaves, for whoever plans it."""

from florist.campaigns.budget.books import Books
from florist.campaigns.budget.reports import Standing
from florist.campaigns.plan.campaign_plan import Funds
from florist.ledger import Ledger
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name


async def funds_of(store: Store, campaign: str) -> Funds | None:
    """Return where the budget of a campaign stands; None if it has none."""
    newest = await Books(Ledger(store), campaign_name(campaign)).chain.newest() if campaign else None
    return None if newest is None else Funds.model_validate(Standing.of(campaign, newest.record).model_dump())
