"""Looks at what the server does by itself: without it a flow run whose process died stays Running for ever."""

from prefect.client.orchestration import PrefectClient

from deployments.automations import apply_automations, expected_automations
from deployments.server_advice import server_advice
from deployments.told import Change
from florist.checkup.finding import Finding, ok, warn

AUTOMATIONS = "Prefect automations"
SETTINGS = "Prefect server settings"


async def automations_finding(client: PrefectClient) -> Finding:
    """Return whether the automations that end dead flow runs, and start them again, are as ours."""
    things = await apply_automations(client, expected_automations(), is_dry=True)
    wrong = [f"{thing.name} ({thing.change})" for thing in things if thing.change is not Change.AS_IT_WAS]
    if wrong:
        return warn(
            AUTOMATIONS,
            f"dead runs may stay Running or Pending: {', '.join(wrong)}",
            "python -m deployments.bootstrap",
        )
    asleep = [thing.name for thing in things if thing.note]
    if asleep:
        return warn(AUTOMATIONS, f"switched off: {', '.join(asleep)}", "switch them on in Prefect's UI")
    return ok(AUTOMATIONS, f"all {len(things)} as they are in deployments/")


async def settings_finding(client: PrefectClient) -> Finding:
    """Return whether the server keeps over its next start what it needs to mend flow runs."""
    lacking = await server_advice(client)
    if lacking:
        mend = "set them where the server starts: docs/deployments.md"
        return warn(SETTINGS, "; ".join(f"{thing.name}: {thing.note}" for thing in lacking), mend)
    return ok(SETTINGS, "as they should be")
