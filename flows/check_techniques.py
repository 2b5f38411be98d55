"""The techniques that pipelines use, held against their lock file before the night's run.

load ─► ask FLORA for each technique ─► compare ─► report        it fails if something has moved
"""

from prefect import flow

from flows.tasks import WorkspaceGiven, chosen_workspace, compare_with_lock, report_drift


@flow(name="check-techniques", persist_result=False)
async def check_techniques(pipelines: str = "pipelines", workspace: WorkspaceGiven = "") -> None:
    """Tell whether prices, inputs or outputs have moved since `florist lock`. Pays for nothing.

    Args:
        pipelines: A folder of pipelines, or one of them; techniques.lock.json stands beside it.
        workspace: The name of the FLORA Workspace block whose API key asks. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
    """
    drifts = await compare_with_lock(await chosen_workspace(workspace), pipelines)
    await report_drift(drifts)
