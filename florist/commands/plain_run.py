"""Runs what a person asked for at once and in this process, without Prefect."""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

from florist.campaigns.endings import CampaignResult, raise_if_failed
from florist.campaigns.log_lines import Log
from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.planning import Planned, Wanted
from florist.campaigns.running import Stage, charges_told, run_campaign
from florist.client.client import FloraClient
from florist.commands.offers import parsed_params
from florist.commands.run_endings import RunRequest
from florist.commands.terminal import remark
from florist.gallery.keeping import SheetKeeper
from florist.pipelines import load_pipeline
from florist.settings import FloraSettings
from florist.stores.locations import store_at
from florist.stores.store import Store
from florist.studio.row_locations import absolute_location, rows_of, shown_location
from florist.studio.studio import Studio

T = TypeVar("T")

logger = logging.getLogger("florist.run")


def run_plainly(request: RunRequest, planned: Planned) -> CampaignResult:
    """Run it to its end, or until Ctrl-C or SIGTERM: what has left by then is recorded.

    Raises:
        StepsFailedError, CampaignFailedError: too little came of it.
        SystemExit: SIGTERM came.
    """
    with _logged_to_the_terminal():
        return run_until_stopped(_run(request, planned))


async def _run(request: RunRequest, planned: Planned) -> CampaignResult:
    settings = FloraSettings()
    rows_then = planned.plan.materials.rows
    async with (
        rows_of(request.rows, sha256=rows_then.sha256 if rows_then else "") as rows,
        FloraClient() as client,
        Studio(
            client,
            store_at(request.archive),
            callback_url=settings.callback_url,
            project_id=settings.project_id,
        ) as studio,
    ):
        pipeline = load_pipeline(request.pipeline)
        options = CampaignOptions.of(pipeline.campaign, request.options)
        location = shown_location(absolute_location(request.rows))
        params = parsed_params(request.param)
        result = await run_campaign(
            studio,
            Wanted(pipeline, params, rows, location, request.campaign),
            _PlainStage(logger),
            options=options,
            is_new_campaign=request.is_new_campaign,
            only_plan=request.only_plan,
        )
    raise_if_failed(result, min_success=options.min_success)
    return result


class _PlainStage(Stage):
    """A run in this process; its contact sheet is written at its end."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._sheet = SheetKeeper()

    async def show_plan(self, plan: CampaignPlan, notes: Sequence[str]) -> None:
        """Take from the plan which cells there are to be."""
        self._sheet.planned(plan)

    async def report(self, store: Store, scope: str, result: CampaignResult) -> None:
        """Tell what was spent, and write the contact sheet."""
        charges = await charges_told(store, scope, self.log)
        await self._sheet.ended(store, result, self.log, charges=charges)


def run_until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Return what it comes to, as `asyncio.run` does. SIGTERM cancels it and waits, as Ctrl-C does.

    Raises:
        SystemExit: SIGTERM came; the exit code is the one that a shell tells of it.
    """

    async def until_stopped() -> T:
        task = asyncio.current_task()
        with suppress(NotImplementedError):  # Windows has no such signal
            # The first alone: what has to be carried through must not be cut short by a second.
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGTERM, lambda: task is None or task.cancelling() or task.cancel()
            )
        return await work

    try:
        return asyncio.run(until_stopped())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


@contextmanager
def _logged_to_the_terminal() -> Iterator[None]:
    """Print what is logged, beside the answer: warnings of every library, and the lines of the run."""
    handler, level = _Remarks(), logger.level
    logging.root.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logging.root.removeHandler(handler)


class _Remarks(logging.Handler):
    """Prints records as lines with the time, above a live view if there is one; tracebacks are for nobody here."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name == logger.name:
            remark(f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S} {record.getMessage()}")
