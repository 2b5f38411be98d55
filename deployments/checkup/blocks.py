"""Looks at the saved blocks that forms name at first: who pays, and where outputs are kept."""

from deployments.prepare import BLOCK_NAME
from florist.checkup.finding import Finding, ok, warn
from florist.checkup.flora import key_finding
from flows.tasks import archive_named, workspace_named

WORKSPACE = "Prefect workspace block"
ARCHIVE = "Prefect archive block"


async def workspace_block_finding() -> Finding:
    """Return whether FLORA takes the key of the workspace that forms name at first."""
    workspace = await workspace_named(BLOCK_NAME)
    async with workspace.get_client() as flora:
        finding = await key_finding(flora)
    return finding.model_copy(update={"name": WORKSPACE})


async def archive_block_finding(looked_at: str) -> Finding:
    """Return whether the archive that forms name at first is the one that the checkup has looked at.

    Raises:
        ConfigurationError: there is none of this name, or one of each type.
    """
    location = (await archive_named(BLOCK_NAME)).get_store().location
    if location != looked_at:
        told = (
            f"{location}, and this checkup has looked at {looked_at}: what one has paid for, the other buys anew"
        )
        return warn(
            ARCHIVE, told, f"name one archive everywhere, or look there: florist doctor --archive {location}"
        )
    return ok(ARCHIVE, location)
