"""How a flow run ends: its state, and when it is cancelled or crashes, which paid runs go on without it."""

from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging.loggers import flow_run_logger
from prefect.states import Completed

from blocks import Archive
from florist.campaigns.endings import CampaignResult, end_line, ending, raise_if_failed
from florist.studio.campaigns import campaign_name
from flows.tasks.stops import STOPPED, stop_words
from flows.tasks.studios import chosen_archive


def ended(result: CampaignResult, *, min_success: float) -> State[CampaignResult]:
    """Return the state that a flow run ends in, of the type COMPLETED: it is named like the campaign's ending.

    Raises:
        StepsFailedError, CampaignFailedError: it ends in Failed; raised, so that Prefect may retry it.
    """
    raise_if_failed(result, min_success=min_success)
    return Completed(name=ending(result, min_success=min_success), message=end_line(result), data=result)


async def tell_in_flight(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Log what is in flight. FLORA has no cancel: such runs end, are charged, and are collected when resumed."""
    parameters = flow.validate_parameters(flow_run.parameters)
    archive = await chosen_archive(parameters.get("archive") or "")
    await log_in_flight(flow, flow_run, state, archive, campaign_name(parameters.get("campaign") or ""))


async def log_in_flight(
    flow: Flow[..., Any], flow_run: FlowRun, state: State[Any], archive: Archive, campaign: str
) -> None:
    """Log what is in flight of a campaign, or of a flow run without one; see `tell_in_flight`."""
    began = STOPPED if state.is_cancelling() else state.name or "crashed"
    words = await stop_words(archive.get_store(), campaign or str(flow_run.id), began=began)
    flow_run_logger(flow_run, flow).warning("%s", words)
