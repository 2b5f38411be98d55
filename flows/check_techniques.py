"""The techniques that pipelines use, held against their lock file before the night's run.

load ─► ask FLORA for each technique ─► compare ─► report        it fails if something has moved
"""

from typing import Any

from prefect import flow

from flows.tasks import WorkspaceGiven, chosen_workspace, compare_with_lock, report_drift, started_too_often


@flow(name="check-techniques", persist_result=False, retries=0)
async def check_techniques(
    pipelines: str = "pipelines", workspace: WorkspaceGiven = ""
) -> Any:  # None, or the state that it is refused in
    """Tell whether prices, inputs or outputs have moved since `florist lock`. Pays for nothing.

    Args:
        pipelines: A folder of pipelines, or one of them; techniques.lock.json stands beside it.
        workspace: The name of the FLORA Workspace block whose API key asks. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
    """
    if (given_up := await started_too_often()) is not None:
        return given_up
    drifts = await compare_with_lock(await chosen_workspace(workspace), pipelines)
    await report_drift(drifts)
    return None
