"""One run of one technique, priced and kept.

plan, price ─► step ─► report        the step (start, wait, keep) is one retrying task
"""

from typing import Any

from prefect import flow

from florist.pipelines import one_step_pipeline
from florist.studio.steps import STEP_TIMEOUT, WINDOW
from flows.tasks import (
    ArchiveGiven,
    Seconds,
    WorkspaceGiven,
    chosen_archive,
    chosen_workspace,
    flow_run_name,
    started_too_often,
    tell_in_flight,
    unbudgeted,
    walk_pipeline,
)


@flow(
    name="run-technique",
    flow_run_name=flow_run_name,
    persist_result=False,
    retries=0,
    on_cancellation=[tell_in_flight],
    on_crashed=[tell_in_flight],
)
async def run_technique(
    technique: str,
    inputs: dict[str, str],
    campaign: str = "",
    new_campaign: bool = False,
    workspace: WorkspaceGiven = "",
    archive: ArchiveGiven = "",
    timeout: Seconds = STEP_TIMEOUT,
    window: Seconds = WINDOW,
) -> Any:  # a StepResult, or the state that it is refused in
    """Run a technique once and keep every output.

    Args:
        technique: Its slug or id, such as cctv-cam.
        inputs: A value for each input id, such as {"prompt": "…"}: text, a path on the worker, an https URL.
            Prefect's database keeps what is typed here readable: for a private file give its path, which Florist
            uploads to FLORA as an asset, and never a signed URL.
        campaign: A name for this piece of work. The same name again resumes it; what is paid is not paid twice.
        new_campaign: It is another one than a campaign whose name differs by capital letters alone.
        workspace: The name of the FLORA Workspace block that pays. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
        archive: The name of the S3 Archive or Local Archive block where outputs are kept; with its type before
            it, as in s3-archive/default, where there is one of each. Empty: the block named default, S3 first.
        timeout: Seconds the run may take, FLORA's queue included.
        window: Best left alone: seconds that one attempt watches a run before it is retried.
    """
    refused = await started_too_often() or unbudgeted(
        "It has none to give; make a pipeline of it, then: florist deploy"
    )
    if refused is not None:
        return refused
    results = await walk_pipeline(
        one_step_pipeline(technique, inputs, timeout=timeout),
        {},
        {},
        campaign=campaign,
        is_new_campaign=new_campaign,
        workspace=await chosen_workspace(workspace),
        archive=await chosen_archive(archive),
        window=window,
    )
    return results["run"]
