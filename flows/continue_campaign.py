"""A campaign that waits for picks, gone on with: what takes a picked output is made, and nothing else of it.

what was it run with? ─► plan, price ─► is it agreed to? ─► step ─┬─► step ─┬─► report        as in run_pipeline.py
                                                                  └─► step ─┘
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.states import Failed
from pydantic import Field

from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.again import found_again
from florist.campaigns.plan.errors import PriceNotAgreedError
from florist.campaigns.plan.planning import Wanted
from florist.pipelines import load_pipeline
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.studio.row_locations import absolute_location, rows_of, shown_location
from florist.studio.steps import WINDOW
from flows.tasks import (
    ASK_BEFORE_USD,
    ArchiveGiven,
    WorkspaceGiven,
    chosen_archive,
    chosen_workspace,
    ended,
    flow_run_name,
    is_unattended,
    run_as_flow,
    started_too_often,
    tell_in_flight,
    this_flow_run,
    unbudgeted,
)


@flow(
    name="continue-campaign",
    flow_run_name=flow_run_name,
    persist_result=False,
    retries=0,
    on_cancellation=[tell_in_flight],
    on_crashed=[tell_in_flight],
)
async def continue_campaign(
    campaign: Annotated[str, Field(min_length=1)],
    budget_usd: Annotated[float, Field(ge=0)] | None = None,
    ask_before_usd: Annotated[float, Field(ge=0)] = float(ASK_BEFORE_USD),
    pipeline: str = "",
    rows: str = "",
    workspace: WorkspaceGiven = "",
    archive: ArchiveGiven = "",
) -> Any:  # as in run_pipeline: a CampaignResult
    """Go on with what people have picked. Ends as Completed, CompletedWithGaps, AwaitingReview or Failed.

    Args:
        campaign: Its name. Pipeline, rows and params are those of its last run. One that was given a signed URL is
            gone on with by florist continue, where it is given again: Prefect would keep it readable.
        budget_usd: What the campaign may cost, all that it has cost before included; the rest is not started.
            None: the cap that stands, if any, else the pipeline's.
        ask_before_usd: What would cost more than this now ends at once as NeedsConfirmation, before anything is
            paid, and says its price: raise this to the price and run it again to agree. What runs by itself is not
            asked; its budget holds.
        pipeline: Where its file is now, if it was moved. Empty: where it was.
        rows: Where the file of rows is now, if it was moved. Empty: where it was.
        workspace: The name of the FLORA Workspace block that pays. Empty: FLORA_API_KEY of the worker's
            environment, else the block named default.
        archive: The name of the S3 Archive or Local Archive block where outputs are kept; with its type before
            it, as in s3-archive/default, where there is one of each. Empty: the block named default, S3 first.
    """
    if (given_up := await started_too_often()) is not None:
        return given_up
    if budget_usd is None and (refused := unbudgeted("Give it a budget_usd.")) is not None:
        return refused
    kept_in = await chosen_archive(archive)
    again = await found_again(
        kept_in.get_store(), campaign, params={}, pipeline=Path(pipeline) if pipeline else None, rows=rows
    )
    loaded = load_pipeline(again.pipeline)
    asked = CampaignDefaults(budget_usd=None if budget_usd is None else Decimal(str(budget_usd)))
    options = CampaignOptions.of(loaded.campaign, asked)
    try:
        async with rows_of(again.rows) as own:
            location = shown_location(absolute_location(again.rows))
            result = await run_as_flow(
                Wanted(loaded, again.params, own, location, again.campaign),
                workspace=await chosen_workspace(workspace),
                archive=kept_in,
                window=WINDOW,
                options=options,
                agreed_usd=None if is_unattended(this_flow_run()) else Decimal(str(ask_before_usd)),
            )
    except PriceNotAgreedError as error:
        return Failed(name="NeedsConfirmation", message=str(error))
    return ended(result, min_success=options.min_success)
