"""Price a pipeline, walk it, report: what the flows that run one or many techniques have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prefect import runtime

from blocks import Archive, FloraWorkspace
from florist.pipelines import Pipeline, PlannedStep, definitions_of
from florist.pipelines.rows import Rows, plan_rows, raise_for_failures, results_of, walk_rows
from florist.studio.campaigns import campaign_name
from florist.studio.steps import CampaignRow, StepResult, make_step
from flows.tasks.reports import report_made, report_price
from flows.tasks.runs import TaskSteps
from flows.tasks.studios import shared_studio


async def walk_pipeline(
    pipeline: Pipeline,
    params: Mapping[str, str],
    rows: Rows,
    *,
    campaign: str,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
) -> dict[str, StepResult]:
    """Return the result of every step by its label, the price shown before the first run is paid for.

    Raises:
        PlanError: it cannot be run like this; nothing was paid.
        StoreError: outputs could not be kept; nothing was paid.
        StepsFailedError: some steps failed; what does not need them is done and kept.
    """
    campaign = campaign_name(campaign)
    # Without a campaign, the flow run is the piece of work: its own retries resume, a fresh one makes anew.
    flow_run_id = runtime.flow_run.get_id()

    async def run_step(key: str, step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
        row = CampaignRow(campaign=campaign or None, key=key, flow_run_id=flow_run_id)
        return await make_step(step, upstream, TaskSteps(workspace, archive, row, window=window))

    async with shared_studio(workspace, archive) as studio:
        plans = plan_rows(pipeline, params, rows, await definitions_of(pipeline, studio.client))
        await report_price(plans)
        await studio.check()
        walked = await walk_rows(plans, run_step)
        await report_made(plans, walked)
    raise_for_failures(walked)
    return results_of(walked)


def flow_run_name() -> str:
    """Return what a flow run is called: its campaign, else what it runs and when."""
    parameters = runtime.flow_run.get_parameters()
    what = parameters.get("technique") or parameters.get("pipeline", "")
    name = str(what).rpartition("/")[2].partition(".")[0]
    return parameters.get("campaign") or f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
