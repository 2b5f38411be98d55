"""Florist without Prefect: a pipeline's rows walked by `walk_plainly`."""

from collections.abc import Callable, Coroutine

from benchmarks.speed.tally import Tally
from benchmarks.speed.task import API_KEY, CAMPAIGN, Task
from florist.api import FloraAPI
from florist.campaigns.endings import raise_if_failed
from florist.campaigns.options import CampaignOptions
from florist.campaigns.walking import walk_plainly
from florist.pipelines import definitions_of, load_pipeline
from florist.pipelines.rows import plan_rows
from florist.stores.locations import store_at
from florist.studio import Studio


def prepared(task: Task, tally: Tally) -> Callable[[], Coroutine[None, None, None]]:
    """Return the work."""
    pipeline = load_pipeline(task.work.write_pipeline(task.folder))

    async def walk_all() -> None:
        async with FloraAPI(api_key=API_KEY, base_url=task.flora) as client:
            studio = Studio(client, tally.counted(store_at(task.archive)))

            plans = plan_rows(pipeline, {}, task.rows, await definitions_of(pipeline, client))
            await studio.check()
            options = CampaignOptions(**task.options_of(CampaignOptions))
            walked = await walk_plainly(studio, plans, campaign=CAMPAIGN, options=options)
            await studio.aclose()
        raise_if_failed(walked, min_success=1)

    return walk_all
