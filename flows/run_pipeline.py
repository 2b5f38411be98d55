"""A YAML pipeline, priced, run and kept.

load ─► plan, price ─► step ─┬─► step ─┬─► report        each step (start, wait, keep) is one retrying task;
                             └─► step ─┘                 of many rows, each row is
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from pydantic import Field, WithJsonSchema

from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.planning import Wanted
from florist.pipelines import load_pipeline
from florist.pipelines.campaign_defaults import CampaignDefaults, OnRefusal
from florist.studio.row_locations import absolute_location, rows_of, shown_location
from florist.studio.steps import WINDOW
from flows.tasks import (
    ArchiveGiven,
    Seconds,
    WorkspaceGiven,
    chosen_archive,
    chosen_workspace,
    ended,
    flow_run_name,
    run_as_flow,
    started_too_often,
    tell_in_flight,
    unbudgeted,
)

RowsGiven = Annotated[str | dict[str, dict[str, str]], WithJsonSchema({"type": "string"})]
"""A row file's location, which is all that Prefect's form offers; programs may give the rows themselves."""


@flow(
    name="run-pipeline",
    flow_run_name=flow_run_name,
    persist_result=False,
    retries=0,
    on_cancellation=[tell_in_flight],
    on_crashed=[tell_in_flight],
)
async def run_pipeline(
    pipeline: str,
    params: dict[str, str] = {},  # noqa: B006 - only read; Prefect's form shows None as a tab of its own
    rows: RowsGiven = "",
    campaign: str = "",
    new_campaign: bool = False,
    workspace: WorkspaceGiven = "",
    archive: ArchiveGiven = "",
    window: Seconds = WINDOW,
    max_in_flight: Annotated[int, Field(ge=1)] | None = None,
    min_success: Annotated[float, Field(ge=0, le=1)] | None = None,
    on_refusal: OnRefusal | None = None,
    budget_usd: Annotated[float, Field(ge=0)] | None = None,
    rows_sha256: str = "",
    only_plan: int | None = None,
) -> Any:  # what a flow returns as a state, Prefect unwraps for its caller: a CampaignResult
    """Run a pipeline and keep every output. Ends as Completed, CompletedWithGaps, AwaitingReview or Failed.

    Args:
        pipeline: The YAML file of steps, such as pipelines/product-launch.yaml.
        params: Values for the pipeline's params, such as {"tone": "luxury"}; files are paths on the worker.
            Prefect's database keeps what is typed here readable: for a private file give its path, which Florist
            uploads to FLORA as an asset, and never a signed URL.
        rows: For many runs at once, a spreadsheet with a row for each (CSV, .xlsx, JSON lines, YAML): a path on
            the worker, https://… or s3://… From Python also the rows themselves: {"sku-1": {"tone": "luxury"}, …}.
        campaign: A name for this piece of work. The same name again resumes it; what is paid is not paid twice.
        new_campaign: It is another one than a campaign whose name differs by capital letters alone.
        workspace: The name of the FLORA Workspace block that pays. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
        archive: The name of the S3 Archive or Local Archive block where outputs are kept; with its type before
            it, as in s3-archive/default, where there is one of each. Empty: the block named default, S3 first.
        window: Best left alone: seconds that one attempt watches a run before it is retried.
        max_in_flight: Rows walked at one time. None of this and of the next three is what the pipeline says under
            `campaign`; where it says nothing, 500.
        min_success: The share of rows that must be complete, from 0 to 1. With fewer the flow run has failed, and
            so it has without a single one. Where nothing says otherwise, 0.
        on_refusal: What FLORA refuses for good leaves a gap (skip), or nothing further is begun (fail). Where
            nothing says otherwise, skip.
        budget_usd: What the campaign may cost, all that it has cost before included; the rest is not started.
            A flow run without a campaign has a budget of its own. None: the cap that stands, if any, else the
            pipeline's.
        rows_sha256: Best left empty: the digest that the row file must have, so that what runs is what was priced.
        only_plan: Best left alone: the number of a plan of the campaign that names cells, as `florist rerun` makes
            them; those alone are made.
    """
    if (given_up := await started_too_often()) is not None:
        return given_up
    loaded = load_pipeline(Path(pipeline))
    if budget_usd is None or not campaign:
        refused = unbudgeted("Give it a campaign and a budget_usd, or deploy the pipeline: florist deploy")
        if refused is not None:
            return refused
    asked = CampaignDefaults(
        min_success=min_success,
        on_refusal=on_refusal,
        max_in_flight=max_in_flight,
        budget_usd=None if budget_usd is None else Decimal(str(budget_usd)),
    )
    options = CampaignOptions.of(loaded.campaign, asked)
    async with rows_of(rows, sha256=rows_sha256) as own:
        location = shown_location(absolute_location(rows)) if isinstance(rows, str) else ""
        result = await run_as_flow(
            Wanted(loaded, params, own, location, campaign),
            is_new_campaign=new_campaign,
            workspace=await chosen_workspace(workspace),
            archive=await chosen_archive(archive),
            window=window,
            options=options,
            only_plan=only_plan,
        )
    return ended(result, min_success=options.min_success)
