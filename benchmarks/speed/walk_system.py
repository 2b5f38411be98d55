"""Florist without Prefect: a pipeline's rows walked with `StudioSteps`."""

from collections.abc import Callable, Coroutine, Mapping

from benchmarks.speed.tally import Tally
from benchmarks.speed.task import API_KEY, CAMPAIGN, Task
from florist.api import FloraAPI
from florist.pipelines import PlannedStep, definitions_of, load_pipeline
from florist.pipelines.rows import plan_rows, raise_for_failures, walk_rows
from florist.stores.locations import store_at
from florist.studio import Studio, StudioSteps
from florist.studio.steps import Assignment, StepResult, make_step


def prepared(task: Task, tally: Tally) -> Callable[[], Coroutine[None, None, None]]:
    """Return the work."""
    pipeline = load_pipeline(task.work.write_pipeline(task.folder))

    async def walk_all() -> None:
        async with FloraAPI(api_key=API_KEY, base_url=task.flora) as client:
            studio = Studio(client, tally.counted(store_at(task.archive)))

            async def run_step(row: str, step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
                steps = StudioSteps(studio, Assignment(campaign=CAMPAIGN, row=row))
                return await make_step(step, upstream, steps)

            plans = plan_rows(pipeline, {}, task.rows, await definitions_of(pipeline, client))
            await studio.check()
            walked = await walk_rows(plans, run_step, **task.options_of(walk_rows))
            await studio.aclose()
        raise_for_failures(walked)

    return walk_all
