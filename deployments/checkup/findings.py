"""Puts the checks of Prefect in order: those that need a deployment only where there is one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse

from deployments.automations import TAG
from deployments.checkup.automations import AUTOMATIONS, SETTINGS, automations_finding, settings_finding
from deployments.checkup.blocks import ARCHIVE, WORKSPACE, archive_block_finding, workspace_block_finding
from deployments.checkup.forms import BUDGETS, FORMS, budgets_finding, forms_finding
from deployments.checkup.server import (
    LIMITS,
    POOL,
    SERVER,
    WORKERS,
    limits_finding,
    pool_finding,
    server_finding,
    workers_finding,
)
from florist.checkup.finding import Finding, Status, found_by, ok
from flows.pipelines import FOLDER

DEPLOYMENTS = "Prefect deployments"
_PAGE = 200


async def prefect_findings(folder: Path, archive: str) -> tuple[Finding, ...]:
    """Return what is found on Prefect's server.

    Args:
        folder: the checkout or project, whose pipelines the forms are held against.
        archive: where the rest of the checkup has looked.
    """
    reached = await found_by(SERVER, server_finding)
    if reached.status is Status.FAIL:
        return (reached,)
    async with get_client() as client:
        deployed = await deployments_of(client)
        if not deployed:
            return (reached, ok(DEPLOYMENTS, "none of ours: florist deploy makes them"))
        checks = (
            (WORKERS, partial(workers_finding, client, deployed)),
            (POOL, partial(pool_finding, client)),
            (WORKSPACE, workspace_block_finding),
            (ARCHIVE, partial(archive_block_finding, archive)),
            (LIMITS, partial(limits_finding, client)),
            (AUTOMATIONS, partial(automations_finding, client)),
            (SETTINGS, partial(settings_finding, client)),
            (BUDGETS, partial(budgets_finding, deployed, folder / FOLDER)),
            (FORMS, partial(forms_finding, deployed, folder / FOLDER)),
        )
        return (reached, *[await found_by(*each) for each in checks])


async def deployments_of(client: PrefectClient) -> Sequence[DeploymentResponse]:
    """Return the deployments that are Florist's."""
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(limit=_PAGE, offset=len(found)):
        found += page
    return [each for each in found if TAG in each.tags or (each.entrypoint or "").startswith("flows.")]
