"""Looks at automations: without them a flow run whose process died stays Running or Pending for ever."""

from collections.abc import Iterator

from prefect.client.orchestration import PrefectClient
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import Automation, EventTrigger, Posture

from florist.checkup.finding import Finding, ok, warn

AUTOMATIONS = "Prefect automations"
WANTED = {
    "prefect.flow-run.heartbeat": "what has died stays Running",
    "prefect.flow-run.Pending": "what never starts stays Pending, and holds its slot",
}
"""Events after which an automation has to act if nothing follows, and what happens without."""
_ANY_STATE = "prefect.flow-run.*"


async def automations_finding(client: PrefectClient) -> Finding:
    """Return whether dead flow runs are ended by automations that take no healthy ones for dead."""
    automations = [each for each in await client.read_automations(limit=200) if each.enabled]
    missing = [told for event, told in WANTED.items() if not any(_acts_after(event, each) for each in automations)]
    if missing:
        return warn(
            AUTOMATIONS, f"none is switched on that ends dead runs: {'; '.join(missing)}", "make bootstrap"
        )
    narrow = list(_narrow(automations))
    if narrow:
        mend = f"let it expect {_ANY_STATE}, or: make bootstrap"
        return warn(AUTOMATIONS, f"takes runs in states of ours for dead: {', '.join(narrow)}", mend)
    return ok(AUTOMATIONS, f"{len(automations)} switched on; dead runs are ended")


def _acts_after(event: str, automation: Automation) -> bool:
    trigger = automation.trigger
    waits = isinstance(trigger, EventTrigger) and trigger.posture is Posture.Proactive and event in trigger.after
    return waits and any(isinstance(action, ChangeFlowRunState) for action in automation.actions)


def _narrow(automations: list[Automation]) -> Iterator[str]:
    for each in automations:
        acts = _acts_after("prefect.flow-run.heartbeat", each)
        if acts and isinstance(each.trigger, EventTrigger) and _ANY_STATE not in each.trigger.expect:
            yield each.name
