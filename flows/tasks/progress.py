"""What people see of a campaign in Prefect while its flow runs: a progress artifact, and no line for every row."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from httpx import HTTPError
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.exceptions import PrefectException

from florist.campaigns.events import Event, Progressed, Tell
from florist.campaigns.progress import progress_line
from florist.pipelines.rows import RowPlans
from flows.tasks.words import artifact_key

ARTIFACT_EVERY = 5.0
"""Seconds. Each time costs Prefect's server a request."""
ROW_TASK = "row"
"""The name of the task of a row."""

_SAID_OF_ROWS = ("Task run failed with", "Finished in state", "Crash detected!")
_STOPPED = "Finished in state Cancelled"

logger = logging.getLogger(__name__)


@asynccontextmanager
async def progress_artifact(plans: RowPlans, name: str) -> AsyncIterator[Tell]:
    """Keep a progress artifact of many rows up to date while the block lasts; yields what takes the events.

    Failing to is no reason to stop: it is what people see, not what is paid.
    """
    newest: list[Progressed] = []

    def hear(event: Event) -> None:
        if isinstance(event, Progressed):
            newest[:] = [event]

    if "" in plans.rows:
        yield hear
        return
    try:
        artifact = await acreate_progress_artifact(0.0, key=artifact_key("progress", name), description="begins")
    except (HTTPError, PrefectException) as error:
        logger.debug("there is no progress artifact: %s", type(error).__name__)
        yield hear
        return

    async def update() -> None:
        if not newest:
            return
        (numbers,) = newest
        newest.clear()
        percent = 100.0 * (numbers.done + numbers.gaps) / max(numbers.cells, 1)
        try:
            await aupdate_progress_artifact(artifact, percent, description=progress_line(numbers))
        except (HTTPError, PrefectException) as error:
            logger.debug("the progress artifact was not updated: %s", type(error).__name__)

    async def keep_up() -> None:
        while True:
            await asyncio.sleep(ARTIFACT_EVERY)
            await update()

    keeping = asyncio.create_task(keep_up(), name="progress artifact")
    try:
        yield hear
        await update()
    finally:
        keeping.cancel()


@contextmanager
def quiet_rows(flow_run_id: str) -> Iterator[None]:
    """Leave out of the log what Prefect says of each row's task run: the campaign's own lines say it shorter.

    And of each that was stopped, be it a row's or a step's: the flow run says it of all.

    The states of the task runs say it all the same.
    """

    def is_said(record: logging.LogRecord) -> bool:
        if getattr(record, "flow_run_id", "") != flow_run_id:
            return True
        is_row = getattr(record, "task_name", "") == ROW_TASK
        return not record.msg.startswith(_SAID_OF_ROWS if is_row else _STOPPED)

    prefects = logging.getLogger("prefect.task_runs")
    prefects.addFilter(is_said)
    try:
        yield
    finally:
        prefects.removeFilter(is_said)
