"""Price a pipeline, walk it, report: what the flows that run one or many techniques have in common."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from prefect import runtime
from prefect.logging import get_run_logger

from blocks import Archive, FloraWorkspace
from florist.campaigns.plan.selection import selected_plans
from florist.pipelines import Pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.planning import Plan
from florist.pipelines.rows import MAX_IN_FLIGHT, Halt, Rows, raise_for_failures, results_of, walk_rows
from florist.pipelines.walking import WalkResult, walk
from florist.studio.campaigns import Campaigns, campaign_name
from florist.studio.row_runs import RowRun
from florist.studio.steps import CampaignRow, StepResult
from florist.studio.studio import StudioSteps
from flows.tasks.predecessors import crash_killed_predecessors
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
    is_new_campaign: bool = False,
    only_plan: int | None = None,
) -> dict[str, StepResult]:
    """Return the result of every step by its label, the price shown before the first run is paid for.

    Raises:
        ConfigurationError: a campaign's name differs from another's by capital letters alone; nothing was paid.
        PlanError: it cannot be run like this; nothing was paid.
        StoreError: outputs could not be kept; nothing was paid.
        StepsFailedError: some steps failed; what does not need them is done and kept.
    """
    campaign = campaign_name(campaign)
    # Without a campaign, the flow run is the piece of work: its own retries resume, a fresh one makes anew.
    flow_run_id = runtime.flow_run.get_id()

    say = get_run_logger().info
    if campaign:
        await crash_killed_predecessors(campaign)
    async with shared_studio(workspace, archive) as studio:
        await studio.check()
        plans = await planned_at(studio.client, pipeline, params, rows)
        store = studio.ledger.store
        is_known = not campaign or await Campaigns(store).begin(campaign, is_new=is_new_campaign)
        if only_plan is not None:
            plans = await selected_plans(plans, store, campaign, only_plan)
        note = "" if is_known else f"; campaign {campaign} is new in {store.location}: all of it is to be paid for"
        await report_price(plans, note=note)
        halt = Halt[StepResult]()

        async def walk_row(key: str, planned: Plan) -> WalkResult[StepResult]:
            row = CampaignRow(campaign=campaign or None, key=key, flow_run_id=flow_run_id)
            functions = StudioSteps(studio, row, say=say)
            if not key:
                # A task run for each step: the run graph is the pipeline.
                return await walk(planned, halt.guarded(StepTasks(functions, window=window).make))
            run = RowRun(planned, row, functions, guard=halt.guarded)
            return await row_task(run, window=max(window, WINDOW_OF_ROWS))

        walked = await walk_rows(plans, walk_row, max_in_flight=max_in_flight)
        await report_made(plans, walked)
    raise_for_failures(walked)
    return results_of(walked)


_GENERATED = re.compile(r"[A-Za-z]+-[A-Za-z]+")
"""How Prefect's server and its UI name a flow run that nobody has named: an adjective and a noun."""


def flow_run_name() -> str:
    """Return what a flow run is called: what a person typed, else its campaign, else what it runs and when."""
    typed = runtime.flow_run.name or ""
    if typed and not _GENERATED.fullmatch(typed):
        return typed
    parameters = runtime.flow_run.get_parameters()
    what = parameters.get("technique") or parameters.get("pipeline", "")
    name = str(what).rpartition("/")[2].partition(".")[0]
    return campaign_name(parameters.get("campaign") or "") or f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
