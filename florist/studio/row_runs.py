"""A whole row in the making: its steps side by side, each after those it needs, remembered from try to try."""

import asyncio
from collections.abc import Awaitable, Callable

from florist.errors import FloristError
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.walking import RunStep, WalkResult, walk
from florist.studio.joined import Joined
from florist.studio.steps import (
    STEP_TIMEOUT,
    CampaignRow,
    StepFunctions,
    StepResult,
    StepRun,
    Upstream,
    still_pending,
)

Guard = Callable[[RunStep[StepResult]], RunStep[StepResult]]
"""Wraps the running of steps: where one refusal stops all others."""
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0)
"""Seconds between two walks of a row, each of which has failed for something that passes."""


class RowRun:
    """One row of a campaign, walked in the background while callers join it.

    Attributes:
        walked: how every step ended, the last time that the walk came to its end.
    """

    def __init__(self, plan: Plan, row: CampaignRow, functions: StepFunctions, *, guard: Guard) -> None:
        self.walked: WalkResult[StepResult] | None = None
        self.label = row.key or plan.pipeline
        self._plan = plan
        self._row = row
        self._functions = functions
        self._run_step = guard(self._step)
        self._steps: dict[str, StepRun] = {}
        self._joined = Joined(self.walk, name=f"row {self.label}")

    @property
    def timeout(self) -> float:
        """Seconds within which the row is done or has failed, one step after another."""
        return sum(step.timeout or STEP_TIMEOUT for step in self._plan.steps)

    async def advance(self, window: float) -> WalkResult[StepResult]:
        """Return how every step ended, if all have within the window; else the row goes on in the background.

        Raises:
            RunStillPending: the runs that it names go on; call again.
            NotStartedYet: no run is at FLORA now; call again.
            FloristError: a step failed for something that passes (`is_retryable`); the next call tries it again.
        """
        try:
            return await self._joined.join(window)
        except TimeoutError:
            raise still_pending(self.label, self._steps.values()) from None

    async def walk(self) -> WalkResult[StepResult]:
        """Return how every step ended; see `advance`. Done steps are not done again."""
        self.walked = await walk(self._plan, self._run_step)
        if (error := _passing_error(self.walked)) is not None:
            raise error
        return self.walked

    async def walk_to_its_end(
        self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> WalkResult[StepResult]:
        """Return how every step ended, tried again a few times where that was for something that passes."""
        for pause in PAUSES:
            walked = await walk(self._plan, self._run_step)
            if _passing_error(walked) is None:
                return walked
            await sleep(pause)
        return await walk(self._plan, self._run_step)

    async def _step(self, step: PlannedStep, upstream: Upstream) -> StepResult:
        if step.name not in self._steps:
            label = f"{self._row.label}{step.name}"
            self._steps[step.name] = StepRun(step, upstream, self._functions, label=label)
        return await self._steps[step.name].made()


def _passing_error(walked: WalkResult[StepResult]) -> FloristError | None:
    errors = (error for error in walked.failed.values() if isinstance(error, FloristError))
    return next((error for error in errors if error.is_retryable), None)
