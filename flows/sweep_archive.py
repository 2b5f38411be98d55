"""What was paid for and is not kept, found and kept.

list what is kept ─► history, page by page ─► keep what is missing ─► remove stale uploads ─► report
"""

from typing import Any

from prefect import flow

from flows.tasks import (
    ArchiveGiven,
    WorkspaceGiven,
    chosen_archive,
    chosen_workspace,
    report_sweep,
    started_too_often,
    sweep_history,
)


@flow(name="sweep-archive", persist_result=False, retries=0)
async def sweep_archive(
    full: bool = False,
    stale_after_hours: float = 24,
    workspace: WorkspaceGiven = "",
    archive: ArchiveGiven = "",
) -> Any:  # a SweepReport, or the state that it is refused in
    """Keep every completed run that the API key can see and the archive has not, also those made by hand.

    Args:
        full: Go through all of history, also what an earlier sweep has covered.
        stale_after_hours: Unfinished uploads of ours older than this are aborted.
        workspace: The name of the FLORA Workspace block that pays. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
        archive: The name of the S3 Archive or Local Archive block where outputs are kept; with its type before
            it, as in s3-archive/default, where there is one of each. Empty: the block named default, S3 first.
    """
    if (given_up := await started_too_often()) is not None:
        return given_up
    report = await sweep_history(
        await chosen_workspace(workspace),
        await chosen_archive(archive),
        full=full,
        stale_after_hours=stale_after_hours,
    )
    await report_sweep(report)
    report.raise_for_failures()
    return report
