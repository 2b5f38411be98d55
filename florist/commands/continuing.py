"""`florist continue`: goes on with what people have picked, at a price that is shown first."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from florist.campaigns.plan.decisions import Decision
from florist.commands.again import Param, campaign_again
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson, Budget
from florist.commands.offers import confirm, offer, print_offer
from florist.commands.plan import print_plan
from florist.commands.run_endings import RunRequest, remark_how_to_pick
from florist.commands.run_options import AtLeastOne
from florist.commands.starting import GivenRunFlow, run_and_tell
from florist.pipelines.campaign_defaults import CampaignDefaults, OnRefusal

_NOTHING_TO_DO = (Decision.REUSE, Decision.AWAITS, Decision.BLOCKED)


def continue_campaign(
    campaign: str,
    /,
    *,
    run_flow: GivenRunFlow,
    param: Param = (),
    pipeline: Path | None = None,
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    max_in_flight: AtLeastOne = None,
    min_success: Annotated[float | None, Parameter(validator=validators.Number(gte=0, lte=1))] = None,
    on_refusal: OnRefusal | None = None,
    budget: Budget = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    ask: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Go on with a campaign that waits for picks: what takes a picked output is made, at a price shown first.

    The same as running it again, of which pipeline, rows and params need not be named. Exits like florist run.

    Args:
        campaign: its name. Pipeline, rows and params are those of its last plan.
        param: a param as name=value, instead of the last one; a signed URL always has to be given again.
        pipeline: where the pipeline's file is now, if it was moved.
        rows: where the file of rows is now, if it was moved.
        max_in_flight: rows walked at one time.
        min_success: the share of rows, from 0 to 1, that must be without gaps; with fewer, or none, it has failed.
        on_refusal: what FLORA refuses for good leaves a gap (skip), or nothing further is begun (fail).
        budget: USD that the campaign may cost, all that it has cost before included; the rest is not started.
        dry_run: show the plan and the price, and stop.
        ask: also before spending a sandbox's money.
        yes: spend without asking.
        as_json: print what happens as lines of JSON.
    """
    again = campaign_again(campaign, archive, param=param, pipeline=pipeline, rows=rows)
    if dry_run:
        print_plan(offer(again.wanted, again.rows, archive, is_run=False, cap_usd=budget), as_json=as_json)
        return 0
    planned = offer(again.wanted, again.rows, archive, is_run=True, cap_usd=budget)
    print_offer(planned)
    planned.refuse_unusable()
    name = again.wanted.campaign
    if all(cell.decision in _NOTHING_TO_DO for cell in planned.plan.cells):
        remark_how_to_pick(name, archive, planned.plan.totals.rows_awaiting)
        return 0
    confirm(planned.plan, yes=yes, ask=ask)
    options = CampaignDefaults(
        min_success=min_success, on_refusal=on_refusal, max_in_flight=max_in_flight, budget_usd=budget
    )
    request = RunRequest(again.pipeline, again.param, again.rows, archive, name, False, options)
    return run_and_tell(request, planned, run_flow, as_json=as_json)
