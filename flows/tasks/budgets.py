"""Tell Prefect's automations that a budget held something back, which no state of a flow run says by its name."""

from prefect.events import emit_event

from florist.campaigns.endings import CampaignResult
from florist.campaigns.gaps import BUDGET

BUDGET_REACHED = "florist.budget-reached"


def tell_if_budget_reached(scope: str, result: CampaignResult) -> None:
    """Emit an event, related to this flow run, if cells were not begun because of the budget."""
    held_back = sum(gap.code == BUDGET for gap in result.gaps)
    if held_back:
        resource = {"prefect.resource.id": f"florist.campaign.{scope}", "prefect.resource.name": scope}
        emit_event(BUDGET_REACHED, resource=resource, payload={"cells": held_back})
