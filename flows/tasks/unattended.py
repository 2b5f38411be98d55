"""Flow runs that nobody watches: made by a schedule or an automation, they spend only within a budget."""

from typing import Any

from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Failed


def this_flow_run() -> FlowRun:
    """Return the flow run that asks."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("only a flow run can ask which it is")
    return context.flow_run


def is_unattended(flow_run: FlowRun) -> bool:
    """Whether a schedule or an automation made it."""
    maker = flow_run.created_by.type if flow_run.created_by else None
    return flow_run.auto_scheduled or maker in ("SCHEDULE", "AUTOMATION")


def unbudgeted(mend: str) -> State[Any] | None:
    """Return the end of this flow run if it is unattended; for flows that spend, and that nobody gave a budget.

    Args:
        mend: what to do about it.
    """
    if not is_unattended(this_flow_run()):
        return None
    return Failed(
        name="NoBudget",
        message=f"what spends does not run by itself without a budget. Nothing was paid. {mend}",
    )
