"""A YAML pipeline, priced, run and kept.

load ─► plan, price ─► step ─┬─► step ─┬─► report        each step (start, wait, keep) is one retrying task;
                             └─► step ─┘                 of many rows, each row is
"""

from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from blocks import FloraWorkspace, LocalArchive, S3Archive
from florist.pipelines import load_pipeline
from florist.pipelines.rows import MAX_IN_FLIGHT
from florist.studio.steps import WINDOW, StepResult
from flows.tasks import Seconds, chosen_archive, chosen_workspace, flow_run_name, tell_in_flight, walk_pipeline


@flow(
    name="run-pipeline",
    flow_run_name=flow_run_name,
    persist_result=False,
    on_cancellation=[tell_in_flight],
    on_crashed=[tell_in_flight],
)
async def run_pipeline(
    pipeline: str,
    params: dict[str, str] = {},  # noqa: B006 - only read; Prefect's form shows None as a tab of its own
    rows: dict[str, dict[str, str]] = {},  # noqa: B006
    campaign: str = "",
    new_campaign: bool = False,
    workspace: FloraWorkspace | None = None,
    archive: S3Archive | LocalArchive | None = None,
    window: Seconds = WINDOW,
    max_in_flight: Annotated[int, Field(ge=1)] = MAX_IN_FLIGHT,
    only_plan: int | None = None,
) -> dict[str, StepResult]:
    """Run a pipeline and keep every output.

    Args:
        pipeline: The YAML file of steps, such as pipelines/product-launch.yaml.
        params: Values for the pipeline's params, such as {"tone": "luxury"}; files are paths on the worker.
            Prefect's database keeps what is typed here readable: for a private file give its path, which Florist
            uploads to FLORA as an asset, and never a signed URL.
        rows: For many runs at once, each with params of its own: {"sku-1": {"packshot": "a.png"}, "sku-2": …}; the
            same goes for them.
        campaign: A name for this piece of work. The same name again resumes it; what is paid is not paid twice.
        new_campaign: It is another one than a campaign whose name differs by capital letters alone.
        workspace: Who pays. None takes FLORA_API_KEY from the worker's environment, else the block named default.
        archive: Where outputs are kept. None takes the block named default, S3 before a local folder.
        window: Best left alone: seconds that one attempt watches a run before it is retried.
        max_in_flight: Rows walked at one time.
        only_plan: Best left alone: the number of a plan of the campaign that names cells, as `florist rerun` makes
            them; those alone are made.
    """
    loaded = load_pipeline(Path(pipeline))
    return await walk_pipeline(
        loaded,
        params,
        rows,
        campaign=campaign,
        is_new_campaign=new_campaign,
        workspace=await chosen_workspace(workspace),
        archive=await chosen_archive(archive),
        window=window,
        max_in_flight=max_in_flight,
        only_plan=only_plan,
    )
