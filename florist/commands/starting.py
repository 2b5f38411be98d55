"""Starts what a person asked for: as a flow where there is a Prefect server, plainly elsewhere."""

from collections.abc import Callable
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from florist.campaigns.endings import CampaignResult, end_line
from florist.campaigns.errors import CampaignFailedError
from florist.campaigns.plan.planning import Planned
from florist.commands.campaign_view import campaign_view
from florist.commands.checkout import is_checkout
from florist.commands.plain_run import run_plainly
from florist.commands.prefect_settings import named_server
from florist.commands.run_endings import (
    EXIT_WITH_GAPS,
    RunRequest,
    print_made,
    remark_gaps,
    remark_how_to_go_on,
    remark_how_to_pick,
)
from florist.commands.terminal import remark

RunFlow = Callable[[RunRequest, Planned, Console | None], CampaignResult]
"""Runs it as a flow on Prefect's server; gets the console that lines must be printed through, if any."""

GivenRunFlow = Annotated[RunFlow, Parameter(parse=False)]
"""What `florist.cli` hands to a command, since commands know nothing of flows."""


def run_and_tell(request: RunRequest, planned: Planned, run_flow: RunFlow, *, as_json: bool) -> int:
    """Run it, and tell what has come of it and how to go on; returns the exit code."""
    has_flows = named_server() is not None and is_checkout()
    if not has_flows:
        remark(without_prefect())
    try:
        with campaign_view(as_json=as_json) as console:
            result = run_flow(request, planned, console) if has_flows else run_plainly(request, planned)
    except BaseException as error:
        if isinstance(error, CampaignFailedError):
            remark_gaps(error.gaps)
        remark_how_to_go_on(request)
        raise
    if not as_json:
        print_made(result, request.archive)
    remark_gaps(result.gaps)
    if result.gaps:
        remark_how_to_go_on(request, result)
    if result.awaiting:
        remark_how_to_pick(request.campaign, request.archive, len(result.awaiting))
    remark(end_line(result))
    return EXIT_WITH_GAPS if result.gaps else 0


def without_prefect() -> str:
    """Return the line that says that Prefect is not used, and how to have it."""
    if is_checkout():
        how = "run `prefect server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
    else:
        how = "set PREFECT_API_URL in a checkout of Florist, which has the flows"
    return f"Without Prefect. To see it as a flow run in its UI, {how}."
