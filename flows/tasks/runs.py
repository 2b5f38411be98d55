"""Polling as a retrying task: one task run for each step of a pipeline, or for each of many rows.

An attempt watches its step, or all steps of its row, for a window. If a run is unfinished then, it raises
`RunStillPending` and is retried until the deadline. Starting is safe to repeat: the ledger says whether a run is
paid for. What an attempt has come to is remembered, and goes on, from one to the next; nothing is cached, since
only the ledger survives a crash.
"""

import asyncio
import math
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, TypeVar, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Cancelled, Completed
from prefect.utilities.annotations import quote
from pydantic import Field

from florist.errors import FloristError
from florist.pipelines.errors import StepsFailedError
from florist.pipelines.models import LONGEST_TIMEOUT
from florist.pipelines.planning import PlannedStep
from florist.pipelines.rows import raise_for_failures
from florist.pipelines.walking import WalkResult
from florist.studio.row_runs import RowRun
from florist.studio.steps import StepFunctions, StepResult, StepRun
from flows.tasks.progress import ROW_TASK
from flows.tasks.words import TASK_STOPPED, row_words, step_words

ValueT = TypeVar("ValueT")

Seconds = Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT)]
"""A window or a timeout as a parameter of a flow: one that cannot work is refused before anything is paid for."""

RETRY_DELAY = 0.1
"""Seconds between two windows: above zero, or Prefect shows no state between them."""
SPARE_RETRIES = 5
"""Beyond what the deadline needs: for a store or a connection that fails for a moment."""
QUEUE_ALLOWANCE = 900.0
"""Seconds allowed for what comes before a run begins: clearing up an earlier request, waiting for a place."""


async def is_worth_a_retry(task: Task[Any, Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether an attempt ended in something that passes: still pending, or a store or line that was down."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, FloristError) and error.is_retryable


@task(
    name="step",
    task_run_name="{run.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
)
async def make_step(
    run: StepRun, window: float
) -> Any:  # what a task returns as a state, Prefect unwraps for its caller
    """Have a step made: started or found, watched for one window, kept."""
    try:
        result = await run.advance(window)
    except asyncio.CancelledError:
        return Cancelled(message=TASK_STOPPED)
    return Completed(name=str(result.how).capitalize(), message=step_words(result), data=result)


@task(
    name=ROW_TASK,
    task_run_name="{run.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
)
async def make_row(run: RowRun, window: float) -> Any:
    """Have a row made: each of its steps, as far as those it needs are done."""
    try:
        walked = await run.advance(window)
    except asyncio.CancelledError:
        return Cancelled(message=TASK_STOPPED)
    raise_for_failures({"": walked})
    return Completed(message=row_words(walked))


class StepTasks:
    """The steps of one pipeline as task runs, drawn in Prefect's run graph as the pipeline is."""

    def __init__(self, functions: StepFunctions, *, window: float) -> None:
        self._functions = functions
        self._window = window
        self._states: dict[str, State[Any]] = {}

    async def make(self, step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
        """Make a step as a task run; those it needs make the edges."""
        run = StepRun(step, upstream, self._functions)
        retrying = make_step.with_options(retries=retries_until(run.timeout, self._window))
        above = [self._states[name].model_copy(update={"data": True}) for name in upstream]
        made: Awaitable[State[Any]] = cast(Any, retrying(_unread(run), self._window, wait_for=above))
        self._states[step.name] = await made
        if self._states[step.name].is_cancelled():
            raise asyncio.CancelledError
        result: StepResult = await self._states[step.name].aresult()
        return result


async def row_task(run: RowRun, *, window: float) -> WalkResult[StepResult]:
    """Make a row as a task run, and return how each of its steps ended.

    Raises:
        FloristError: its walk never came to an end: nothing of it is known beyond what the ledger holds.
    """
    retrying = make_row.with_options(retries=retries_until(run.timeout, window))
    made: Awaitable[State[Any]] = cast(Any, retrying(_unread(run), window, return_state=True))
    state = await made
    if state.is_cancelled():
        raise asyncio.CancelledError
    if run.walked is None:
        await state.aresult()
        raise StepsFailedError([], [])
    return run.walked


def retries_until(timeout: float, window: float) -> int:
    """Return how many retries of one window each reach to the deadline for certain."""
    return math.ceil((timeout + QUEUE_ALLOWANCE) / window) + SPARE_RETRIES


def _unread(value: ValueT) -> ValueT:
    """Hand a value to a task without Prefect looking for the edges of its run graph in it.

    Prefect follows results of tasks and whatever they hold, and would draw edges between steps that have nothing
    to do with each other.
    """
    return cast(ValueT, quote(value))
