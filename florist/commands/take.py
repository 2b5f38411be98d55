"""`florist take`: another take of a cell, as a new variation, at a price that is shown first."""

import asyncio
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from florist.campaigns.plan.summary import summary
from florist.campaigns.taking import order_takes
from florist.commands.again import Param, campaign_again
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson, Budget
from florist.commands.offers import confirm, offer_takes, parsed_params
from florist.commands.run_endings import RunRequest
from florist.commands.starting import GivenRunFlow, run_and_tell
from florist.commands.terminal import remark
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.pipelines.models import MAX_VARIATIONS
from florist.stores.locations import store_at


def take(
    campaign: str,
    row: str,
    cell: str,
    /,
    *,
    run_flow: GivenRunFlow,
    more: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=MAX_VARIATIONS))] = 1,
    param: Param = (),
    pipeline: Path | None = None,
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    budget: Budget = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    ask: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Make more of one cell, as further variations, at a price that is shown first; those that there are stay.

    Exits like florist run.

    Args:
        campaign: its name. Pipeline and rows are those of its last plan.
        row: the row's key; of a pipeline that is run once, an empty text.
        cell: its name within the row, such as still or still@v2.
        more: how many.
        param: a text in place of the pipeline's own, as input=text, by the id of the step's input: prompt=…
        pipeline: where the pipeline's file is now, if it was moved.
        rows: where the file of rows is now, if it was moved.
        budget: USD that the campaign may cost, all that it has cost before included.
        dry_run: show the price, and stop.
        ask: also before spending a sandbox's money.
        yes: spend without asking.
        as_json: print what happens as lines of JSON.
    """
    again = campaign_again(campaign, archive, pipeline=pipeline, rows=rows)
    takes = offer_takes(
        again.wanted, again.rows, archive, row, cell, more=more, inputs=parsed_params(param), cap_usd=budget
    )
    for line in summary(takes.plan):
        remark(line)
    if dry_run:
        return 0
    confirm(takes.plan, yes=yes, ask=ask)
    number = asyncio.run(order_takes(store_at(archive), takes, by=getpass.getuser(), at=datetime.now(UTC)))
    options = CampaignDefaults(min_success=0, budget_usd=budget)
    name = takes.plan.campaign
    request = RunRequest(again.pipeline, again.param, again.rows, archive, name, False, options, number)
    return run_and_tell(request, takes.planned, run_flow, as_json=as_json)
