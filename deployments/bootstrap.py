"""Set Prefect's server up for nights that nobody watches: `make bootstrap`.

    FLORA_API_KEY=sk_live_… python -m deployments.bootstrap --archive s3://bucket/prefix

work pool, blocks ─► a limit for each workspace ─► deployments ─► automations

What is deployed is in the folder that it is called in. Safe to repeat: each thing is told as created, changed or
as it was. Nothing here is paid for.

FLORIST_NOTIFY is who is told of failures, gaps and budgets: a saved notification block as in slack-webhook/night,
or the address of a webhook that takes {"text": "…"}, as Slack's and Mattermost's do. It may hold a secret, so it
is no argument.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from prefect.client.orchestration import get_client

from deployments.automations import Windows, apply_automations, expected_automations
from deployments.deploying import Deployed, deploy
from deployments.fleet import STARTS, make_limits
from deployments.notifying import notification_block
from deployments.prepare import make_work_pool, prepare, tell
from deployments.server_advice import server_advice
from deployments.told import Change, Thing
from florist.errors import FloristError


def main() -> int:
    """Read the command line and set everything up; returns the exit code."""
    arguments = argparse.ArgumentParser(
        prog="make bootstrap", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--archive", default="florist-archive", help="a folder, or s3://bucket/prefix")
    arguments.add_argument("--starts", type=int, help=f"starts in flight of a workspace (at first {STARTS})")
    for name, meaning in (
        ("gone", "seconds without a sign of life until a flow run has crashed"),
        ("pending", "seconds in which a worker has to bring a flow run to life"),
        ("again", "seconds from a crash to the next start"),
    ):
        default = getattr(Windows(), name)
        arguments.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} ({default})")
    given = arguments.parse_args()
    windows = Windows(gone=given.gone, pending=given.pending, again=given.again)
    try:
        tell(asyncio.run(_before(given.archive, given.starts)))
        tell(_deployment(each) for each in deploy(Path.cwd()))
        tell(asyncio.run(_automations(windows, os.environ.get("FLORIST_NOTIFY", ""))))
    except FloristError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def standing() -> list[Thing]:
    """Return what the server of this process's profile has and lacks of all this; nothing is changed.

    Deployments are not among it: whether a form is stale, `flows.tasks.form_changes` tells.
    """
    async with get_client() as client:
        return [
            await make_work_pool(client, is_dry=True),
            *await make_limits(client, is_dry=True),
            *await apply_automations(client, expected_automations(), is_dry=True),
            *await server_advice(client),
        ]


async def _before(archive: str, starts: int | None) -> list[Thing]:
    things = await prepare(archive)
    async with get_client() as client:
        return [*things, *await make_limits(client, starts)]


def _deployment(deployed: Deployed) -> Thing:
    changes = deployed.form_changes
    change = Change.CREATED if changes is None else Change.CHANGED if changes else Change.AS_IT_WAS
    return Thing("deployment", deployed.name, change, ", ".join(changes or ()))


async def _automations(windows: Windows, notify: str) -> list[Thing]:
    async with get_client() as client:
        block_id, told = await notification_block(client, notify)
        wanted = expected_automations(windows, notify_by=block_id)
        return [*told, *await apply_automations(client, wanted), *await server_advice(client)]


if __name__ == "__main__":
    sys.exit(main())
