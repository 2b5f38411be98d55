"""A campaign as a flow run: what the flows that run one or many techniques have in common."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from prefect import runtime
from prefect.logging import get_run_logger

from blocks import Archive, FloraWorkspace
from florist.campaigns.endings import CampaignResult, raise_if_failed
from florist.campaigns.events import Tell
from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.planning import Wanted
from florist.campaigns.running import Stage, charges_told, run_campaign
from florist.campaigns.walking import RowToWalk, WalkRow
from florist.gallery.keeping import SheetKeeper
from florist.pipelines import Pipeline
from florist.pipelines.rows import RowPlans, Rows, step_label
from florist.pipelines.walking import WalkResult, walk
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name
from florist.studio.row_runs import RowRun
from florist.studio.steps import CampaignRow, StepResult
from florist.studio.studio import Studio, StudioSteps
from flows.tasks.budgets import tell_if_budget_reached
from flows.tasks.names import tell_in_name
from flows.tasks.predecessors import crash_killed_predecessors
from flows.tasks.progress import progress_artifact, quiet_rows
from flows.tasks.reports import Report
from flows.tasks.runs import StepTasks, row_task
from flows.tasks.stops import noticing_interrupts, tell_stopped
from flows.tasks.studios import shared_studio

WINDOW_OF_ROWS = 120.0
"""Seconds of one attempt of a row: a retry costs Prefect more than a look costs FLORA."""


class PrefectStage(Stage):
    """A flow run: rows and steps are task runs, and what happens is seen in logs, states and artifacts.

    Args:
        window: seconds that one attempt watches a run before it is retried.
        results: filled with the whole result of every cell that is made, by its label, if given.
    """

    def __init__(self, *, window: float, results: dict[str, StepResult] | None = None) -> None:
        super().__init__(get_run_logger(), owner=runtime.flow_run.get_id() or "")
        self._window = window
        self._results = results
        self._report = Report()
        self._sheet = SheetKeeper()
        self._campaign = ""

    def row_walker(self, studio: Studio, campaign: str) -> WalkRow:
        """Return how a row is walked: many rows each in a task run, a pipeline run once with one for each step."""

        async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
            # Without a campaign the flow run is the piece of work: its own retries resume, a fresh one pays anew.
            place = CampaignRow(campaign=campaign or None, key=row.key, flow_run_id=self.owner)
            say = self.lines.waits if row.key else self.log.info
            functions = StudioSteps(studio, place, allowance=row.allowance, say=say)
            if row.key:
                run = RowRun(row.plan, place, functions, guard=row.guard)
                walked = await row_task(run, window=max(self._window, WINDOW_OF_ROWS))
            else:
                # The run graph is the pipeline.
                walked = await walk(row.plan, row.guard(StepTasks(functions, window=self._window).make))
            if self._results is not None:
                self._results.update(
                    {step_label(row.key, step): result for step, result in walked.results.items()}
                )
            return walked

        return walk_row

    async def show_plan(self, plan: CampaignPlan, notes: Sequence[str]) -> None:
        """Log the price, and publish the plan."""
        self._campaign = plan.campaign
        self._sheet.planned(plan)
        await self._report.before(plan, notes)
        await tell_in_name(plan)

    @asynccontextmanager
    async def watched(self, plans: RowPlans) -> AsyncIterator[tuple[Tell, ...]]:
        """Keep a progress artifact, and the log short."""
        async with progress_artifact(plans, self._campaign or plans.pipeline) as artifact:
            with quiet_rows(self.owner):
                yield (artifact,)

    async def report(self, store: Store, scope: str, result: CampaignResult) -> None:
        """Log and publish the bill, and what every cell has come to; write the contact sheet."""
        charges = await charges_told(store, scope, self.log)
        await self._report.after(store, charges, result)
        tell_if_budget_reached(scope, result)
        # At last: it takes longest, and nothing hangs on it.
        await self._sheet.ended(store, result, self.log, charges=charges)

    @asynccontextmanager
    async def told_if_stopped(self, studio: Studio, campaign: str) -> AsyncIterator[None]:
        """Have a flow run that somebody stops say what goes on at FLORA without it."""
        with noticing_interrupts() as is_interrupted:
            try:
                yield
            except BaseException as error:
                if not isinstance(error, Exception):
                    scope = campaign or self.owner
                    await tell_stopped(studio.ledger.store, scope, self._report, is_interrupted=is_interrupted())
                raise


async def run_as_flow(
    wanted: Wanted,
    *,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
    options: CampaignOptions | None = None,
    is_new_campaign: bool = False,
    only_plan: int | None = None,
    agreed_usd: Decimal | None = None,
    results: dict[str, StepResult] | None = None,
) -> CampaignResult:
    """Return how every cell ended, seen in Prefect; see `florist.campaigns.running.run_campaign`.

    Args:
        results: filled with the whole result of every cell that is made, by its label. A campaign of thousands of
            rows had better not keep them.
    """
    stage = PrefectStage(window=window, results=results)
    if campaign := campaign_name(wanted.campaign):
        await crash_killed_predecessors(campaign)
    async with shared_studio(workspace, archive) as studio, stage.told_if_stopped(studio, campaign):
        return await run_campaign(
            studio,
            wanted,
            stage,
            options=options,
            is_new_campaign=is_new_campaign,
            only_plan=only_plan,
            agreed_usd=agreed_usd,
        )


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
    """Return the result of every step by its label; see `run_as_flow`. For flows of one's own.

    Raises:
        StepsFailedError, CampaignFailedError: some steps failed; what does not need them is done and kept.
    """
    results: dict[str, StepResult] = {}
    made = await run_as_flow(
        Wanted(pipeline, params, rows, campaign=campaign),
        workspace=workspace,
        archive=archive,
        window=window,
        is_new_campaign=is_new_campaign,
        results=results,
    )
    raise_if_failed(made, min_success=1)
    return results
