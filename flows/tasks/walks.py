"""Price a pipeline, walk it, report: what the flows that run one or many techniques have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prefect import runtime

from blocks import Archive, FloraWorkspace
from florist.pipelines import Pipeline, definitions_of, plan, walk
from florist.pipelines.making import Assignment, StepResult, make_step
from flows.tasks.reports import report_made, report_price
from flows.tasks.runs import TaskSteps
from flows.tasks.studios import shared_studio


async def walk_pipeline(
    pipeline: Pipeline,
    params: Mapping[str, str],
    *,
    campaign: str,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float,
) -> dict[str, StepResult]:
    """Return the result of every step, the price shown before the first run is paid for.

    Raises:
        PlanError: it cannot be run like this; nothing was paid.
        StoreError: outputs could not be kept; nothing was paid.
        StepsFailedError: some steps failed; what does not need them is done and kept.
    """
    async with shared_studio(workspace, archive) as studio:
        planned = plan(pipeline, params, await definitions_of(pipeline, studio.client))
        await report_price(planned)
        await studio.check()
        # Without a campaign, the flow run is the piece of work: its own retries resume, a fresh one makes anew.
        assignment = Assignment(campaign=campaign or None, flow_run_id=runtime.flow_run.get_id())
        steps = TaskSteps(workspace, archive, assignment, window=window)
        walked = await walk(planned, lambda step, upstream: make_step(step, upstream, steps))
        await report_made(planned, walked)
    walked.raise_for_failures()
    return walked.results


def flow_run_name() -> str:
    """Return what a flow run is called: its campaign, else what it runs and when."""
    parameters = runtime.flow_run.get_parameters()
    what = parameters.get("technique") or parameters.get("pipeline", "")
    name = str(what).rpartition("/")[2].partition(".")[0]
    return parameters.get("campaign") or f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
