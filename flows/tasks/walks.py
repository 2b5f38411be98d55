"""Price a pipeline, walk it, report: what the flows that run one or many techniques have in common."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

from prefect import runtime
from prefect.logging import get_run_logger

from blocks import Archive, FloraWorkspace
from florist.campaigns.alongside import heard_alongside
from florist.campaigns.budget import CampaignBudget
from florist.campaigns.endings import CampaignResult, raise_if_failed
from florist.campaigns.events import Tell, listeners
from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.planning import Wanted, planned_campaign
from florist.campaigns.plan.pricing import refuse_above
from florist.campaigns.plan.records import PlanRecords
from florist.campaigns.plan.selection import cut_down, selection_at
from florist.campaigns.walking import RowToWalk, WalkRow, walk_campaign
from florist.pipelines import Pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans, Rows, step_label
from florist.pipelines.walking import WalkResult, walk
from florist.studio.campaigns import Campaigns, campaign_name
from florist.studio.row_runs import RowRun
from florist.studio.steps import CampaignRow, StepResult
from florist.studio.studio import Studio, StudioSteps
from flows.tasks.bills import report_bill
from flows.tasks.names import tell_in_name
from flows.tasks.predecessors import crash_killed_predecessors
from flows.tasks.progress import LogLines, progress_artifact, quiet_rows
from flows.tasks.reports import report_made, report_plan
from flows.tasks.runs import StepTasks, row_task
from flows.tasks.studios import shared_studio

WINDOW_OF_ROWS = 120.0
"""Seconds of one attempt of a row: a retry costs Prefect more than a look costs FLORA."""


async def run_campaign(
    pipeline: Pipeline,
    params: Mapping[str, str],
    rows: Rows,
    *,
    campaign: str,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
    options: CampaignOptions | None = None,
    is_new_campaign: bool = False,
    only_plan: int | None = None,
    rows_location: str = "",
    agreed_usd: Decimal | None = None,
    results: dict[str, StepResult] | None = None,
) -> CampaignResult:
    """Return how every cell ended, the price shown before the first run is paid for.

    Args:
        only_plan: the number of a plan of the campaign that names cells: those alone are made.
        rows_location: where the rows were read, as it may be shown and found again.
        agreed_usd: what it may cost now without anybody being asked; None: whatever it costs.
        results: filled with the whole result of every cell that is made, by its label. A campaign of thousands of
            rows had better not keep them.

    Raises:
        ConfigurationError: a campaign's name differs from another's by capital letters alone; nothing was paid.
        PlanError: it cannot be run like this; nothing was paid.
        PriceNotAgreedError: it would cost more than was agreed to; nothing was paid.
        StoreError: outputs could not be kept; nothing was paid.
        BudgetError: the budget's records cannot be relied on, or a step has no price; nothing was paid.
    """
    campaign = campaign_name(campaign)
    lines = LogLines(get_run_logger())
    if campaign:
        await crash_killed_predecessors(campaign)
    async with shared_studio(workspace, archive) as studio:
        await studio.check()
        store = studio.ledger.store
        selection = None if only_plan is None else await selection_at(store, campaign, only_plan)
        wanted = Wanted(pipeline, params, rows, rows_location, campaign)
        planned = await planned_campaign(studio.client, store, wanted)
        planned.refuse_unusable(selection)
        plans = await planned_at(studio.client, pipeline, params, rows, only=selection)
        if selection is not None:
            plans = cut_down(plans, selection)
        for line in plans.notes:
            get_run_logger().info(line)
        if campaign:
            await Campaigns(store).begin(campaign, is_new=is_new_campaign)
            if selection is None:
                await PlanRecords(store, campaign).keep(planned.plan, "run")
        await report_plan(planned.plan)
        await tell_in_name(planned.plan)
        refuse_above(agreed_usd, planned.plan)
        options = options or CampaignOptions()
        scope = campaign or runtime.flow_run.get_id() or ""
        budget = await CampaignBudget.opened(studio.ledger, scope, plans, cap_usd=options.budget_usd)
        walk_row = _row_walker(studio, campaign, window=window, lines=lines, results=results)
        async with _watched(studio, plans, campaign, lines) as tell:
            result = await walk_campaign(
                plans,
                walk_row,
                campaign=campaign,
                budget=budget,
                options=options,
                tell=tell,
                expected=studio.client.watcher.expected_seconds,
            )
        await report_bill(store, scope=scope, name=plans.pipeline)
        await report_made(result)
    return result


async def walk_pipeline(
    pipeline: Pipeline,
    params: Mapping[str, str],
    rows: Rows,
    *,
    campaign: str,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
    is_new_campaign: bool = False,
) -> dict[str, StepResult]:
    """Return the result of every step by its label; see `run_campaign`. For flows of one's own.

    Raises:
        StepsFailedError, CampaignFailedError: some steps failed; what does not need them is done and kept.
    """
    results: dict[str, StepResult] = {}
    made = await run_campaign(
        pipeline,
        params,
        rows,
        campaign=campaign,
        workspace=workspace,
        archive=archive,
        window=window,
        is_new_campaign=is_new_campaign,
        results=results,
    )
    raise_if_failed(made, min_success=1)
    return results


def _row_walker(
    studio: Studio, campaign: str, *, window: float, lines: LogLines, results: dict[str, StepResult] | None
) -> WalkRow:
    """Return how a row is walked: many rows each in a task run, a pipeline run once with one for each step."""
    # Without a campaign, the flow run is the piece of work: its own retries resume, a fresh one makes anew.
    flow_run_id = runtime.flow_run.get_id()

    async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
        place = CampaignRow(campaign=campaign or None, key=row.key, flow_run_id=flow_run_id)
        say = lines.waits if row.key else get_run_logger().info
        functions = StudioSteps(studio, place, allowance=row.allowance, say=say)
        if row.key:
            run = RowRun(row.plan, place, functions, guard=row.guard)
            walked = await row_task(run, window=max(window, WINDOW_OF_ROWS))
        else:
            # The run graph is the pipeline.
            walked = await walk(row.plan, row.guard(StepTasks(functions, window=window).make))
        if results is not None:
            results.update({step_label(row.key, step): result for step, result in walked.results.items()})
        return walked

    return walk_row


@asynccontextmanager
async def _watched(
    studio: Studio, plans: RowPlans, campaign: str, lines: LogLines
) -> AsyncIterator[tuple[Tell, ...]]:
    """Show a campaign in Prefect while the block lasts; yields all who are to be told of its events."""
    flow_run_id = runtime.flow_run.get_id() or ""
    store = studio.ledger.store
    async with AsyncExitStack() as around:
        if campaign:
            alarm = heard_alongside(store, campaign, flow_run_id, get_run_logger().warning)
            await around.enter_async_context(alarm)
        artifact = await around.enter_async_context(progress_artifact(plans))
        around.enter_context(quiet_rows(flow_run_id))
        yield lines.hear, artifact, *listeners()
