"""Start a run, wait for it, keep its outputs: the three tasks that every flow is made of.

Starting spends and is never retried: the ledger clears up what a crash leaves. Waiting is a retrying task: an
attempt watches the run for a window, raises `RunStillPending`, and is retried until the step's deadline. None of
them is cached: whether something is paid for is the ledger's to say, and only there does it survive a crash.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote
from prefect.utilities.engine import get_state_for_result
from pydantic import Field

from blocks import Archive, FloraWorkspace
from florist.api.models import Run
from florist.archive.manifest import Manifest
from florist.errors import FloristError
from florist.pipelines import PlannedStep
from florist.pipelines.models import LONGEST_TIMEOUT
from florist.studio.steps import CampaignRow, StartedStep, StepFunctions, StepResult
from florist.studio.studio import STEP_TIMEOUT, WINDOW
from flows.tasks.studios import shared_studio

ValueT = TypeVar("ValueT")

Seconds = Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT)]
"""A window or a timeout as a parameter of a flow: one that cannot work is refused before anything is paid for."""

RETRY_DELAY = 1.0
"""Seconds between two windows: above zero, or Prefect shows no state between them."""
SPARE_RETRIES = 5
"""Beyond what the deadline needs: for a store or a connection that fails for a moment."""


async def is_worth_a_retry(task: Task[Any, Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether an attempt ended in something that passes: still pending, or a store or line that was down."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, FloristError) and error.is_retryable


@task(
    name="start-run",
    task_run_name="start {row.label}{step.name}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def start_run(
    step: PlannedStep,
    upstream: Mapping[str, StepResult],
    row: CampaignRow,
    workspace: FloraWorkspace,
    archive: Archive,
    attempt: int = 0,
) -> StartedStep:
    """Have the run of a step at FLORA, paid for once; see `Studio.start`."""
    async with shared_studio(workspace, archive) as studio:
        started = await studio.start(step, upstream, row, attempt)
    get_run_logger().info("%s: %s", started.label, started.reason)
    return started


@task(
    name="await-run",
    task_run_name="await {started.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
)
async def await_run(
    started: StartedStep,
    deadline_at: datetime,
    workspace: FloraWorkspace,
    archive: Archive,
    window: float = WINDOW,
) -> Run:
    """Watch a run for one window; see `Studio.wait`. Its retries make the windows follow one another."""
    async with shared_studio(workspace, archive) as studio:
        return await studio.wait(started, deadline_at=deadline_at, window=window)


@task(
    name="archive-run",
    task_run_name="archive {started.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=is_worth_a_retry,
)
async def archive_run(
    started: StartedStep,
    run: Run,
    upstream: Mapping[str, StepResult],
    workspace: FloraWorkspace,
    archive: Archive,
) -> Manifest:
    """Keep every output of a run; see `Studio.keep`."""
    async with shared_studio(workspace, archive) as studio:
        manifest = await studio.keep(started, run, upstream)
    for output in manifest.outputs:
        get_run_logger().info("%s: kept %s, %d bytes", started.label, output.key, output.size_bytes)
    return manifest


class TaskSteps(StepFunctions):
    """The three functions of a step as task runs, for one flow run.

    Args:
        window: seconds of one attempt of `await_run`.
        retry_delay: seconds between two attempts.
    """

    def __init__(
        self,
        workspace: FloraWorkspace,
        archive: Archive,
        row: CampaignRow,
        *,
        window: float = WINDOW,
        retry_delay: float = RETRY_DELAY,
    ) -> None:
        self._workspace = workspace
        self._archive = archive
        self._row = row
        self._window = window
        self._retry_delay = retry_delay

    async def start(self, step: PlannedStep, upstream: Mapping[str, StepResult], attempt: int) -> StartedStep:
        """Start; the upstream results make the edges of Prefect's run graph."""
        return await start_run(
            step,
            _unread(upstream),
            _unread(self._row),
            self._workspace,
            self._archive,
            attempt,
            wait_for=_edges_from(result.manifest for result in upstream.values()),
        )

    async def wait(self, started: StartedStep) -> Run:
        """Wait until the step's deadline, which counts from now."""
        timeout = started.step.timeout or STEP_TIMEOUT
        waiting = await_run.with_options(
            retries=retries_until(timeout, self._window), retry_delay_seconds=self._retry_delay
        )
        deadline_at = datetime.now(UTC) + timedelta(seconds=timeout)
        return await waiting(
            _unread(started),
            deadline_at,
            self._workspace,
            self._archive,
            self._window,
            wait_for=_edges_from([started]),
        )

    async def keep(self, started: StartedStep, run: Run, upstream: Mapping[str, StepResult]) -> Manifest:
        """Keep every output."""
        return await archive_run(
            _unread(started),
            _unread(run),
            _unread(upstream),
            self._workspace,
            self._archive,
            wait_for=_edges_from([run]),
        )


def retries_until(timeout: float, window: float) -> int:
    """Return how many retries of one window each reach to the deadline for certain."""
    return math.ceil(timeout / window) + SPARE_RETRIES


def _unread(value: ValueT) -> ValueT:
    """Hand a value to a task without Prefect looking for the edges of its run graph in it.

    Prefect follows results of tasks and whatever they hold: all steps of a row share it, so it would draw edges
    between steps that have nothing to do with each other.
    """
    return cast(ValueT, quote(value))


def _edges_from(results: Iterable[object]) -> list[State[bool]]:
    """Return what makes Prefect draw an edge from each task that returned one of these, and no other edge."""
    known = (get_state_for_result(result) for result in results)
    return [state.model_copy(update={"data": True}) for state, _ in filter(None, known)]
