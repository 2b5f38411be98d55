"""Price a pipeline, walk it, report: what the flows that run one or many techniques have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prefect import runtime

from blocks import Archive, FloraWorkspace
from florist.pipelines import Pipeline, definitions_of
from florist.pipelines.planning import Plan
from florist.pipelines.rows import MAX_IN_FLIGHT, Halt, Rows, plan_rows, raise_for_failures, results_of, walk_rows
from florist.pipelines.walking import WalkResult, walk
from florist.studio.campaigns import campaign_name
from florist.studio.row_runs import RowRun
from florist.studio.steps import CampaignRow, StepResult
from florist.studio.studio import StudioSteps
from flows.tasks.reports import report_made, report_price
from flows.tasks.runs import StepTasks, row_task
from flows.tasks.studios import shared_studio

WINDOW_OF_ROWS = 120.0
"""Seconds of one attempt of a row: a retry costs Prefect more than a look costs FLORA."""


async def walk_pipeline(
    pipeline: Pipeline,
    params: Mapping[str, str],
    rows: Rows,
    *,
    campaign: str,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
    max_in_flight: int = MAX_IN_FLIGHT,
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

    async with shared_studio(workspace, archive) as studio:
        plans = plan_rows(pipeline, params, rows, await definitions_of(pipeline, studio.client))
        await report_price(plans)
        await studio.check()
        halt = Halt[StepResult]()

        async def walk_row(key: str, planned: Plan) -> WalkResult[StepResult]:
            row = CampaignRow(campaign=campaign or None, key=key, flow_run_id=flow_run_id)
            functions = StudioSteps(studio, row)
            if not key:
                # A task run for each step: the run graph is the pipeline.
                return await walk(planned, halt.guarded(StepTasks(functions, window=window).make))
            run = RowRun(planned, row, functions, guard=halt.guarded)
            return await row_task(run, window=max(window, WINDOW_OF_ROWS))

        walked = await walk_rows(plans, walk_row, max_in_flight=max_in_flight)
        await report_made(plans, walked)
    raise_for_failures(walked)
    return results_of(walked)


def flow_run_name() -> str:
    """Return what a flow run is called: its campaign, else what it runs and when."""
    parameters = runtime.flow_run.get_parameters()
    what = parameters.get("technique") or parameters.get("pipeline", "")
    name = str(what).rpartition("/")[2].partition(".")[0]
    return parameters.get("campaign") or f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
