"""How often a flow run may be started by itself: Prefect's automations have no cap, so the flow counts."""

from typing import Any

from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.tasks.unattended import this_flow_run

STARTS_AT_MOST = 5
STARTED_AGAIN = "it crashed and is started again; what is paid is not paid twice"
"""The message of the state by which the automation starts a flow run again; a person's *Retry* has another."""


async def started_too_often() -> State[Any] | None:
    """Return the end of this flow run if it crashed too often; a person may start it once more all the same."""
    flow_run = this_flow_run()
    if flow_run.run_count <= STARTS_AT_MOST:
        return None
    async with get_client() as client:
        states = await client.read_flow_run_states(flow_run.id)
    scheduled = [state for state in states if state.is_scheduled()]
    last = max(scheduled, key=lambda state: state.timestamp, default=None)
    if last is None or last.message != STARTED_AGAIN:
        return None
    return Failed(
        name="GaveUp",
        message=f"this was start {flow_run.run_count} of a flow run that keeps crashing: nothing was begun, and "
        f"nothing was paid by it. After {STARTS_AT_MOST} it is not started by itself. Look at its log; then retry "
        "it, or run its campaign again: what is paid is not paid twice.",
    )
