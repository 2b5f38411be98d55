"""Runs the steps of a plan: independent ones side by side, each after all it needs.

A failed step stops only the steps that need it. What running a step means is handed in, so that a walk
is the same under Prefect and without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from florist.pipelines.planning import Plan, PlannedStep

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """The step ran, and this came of it."""

    result: Result


@dataclass(frozen=True, slots=True)
class Failed:
    """The step raised this."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Skipped:
    """The step was never started. `because` names the failed steps that it needs, directly or not."""

    because: tuple[str, ...]


StepOutcome = Done[Result] | Failed | Skipped


@dataclass(frozen=True, slots=True)
class WalkResult(Generic[Result]):
    """How every step of the plan ended, in the order of the plan."""

    outcomes: Mapping[str, StepOutcome[Result]]

    @property
    def results(self) -> dict[str, Result]:
        """What the done steps returned."""
        return {name: outcome.result for name, outcome in self.outcomes.items() if isinstance(outcome, Done)}

    @property
    def failed(self) -> dict[str, BaseException]:
        """What the failed steps raised."""
        return {name: outcome.error for name, outcome in self.outcomes.items() if isinstance(outcome, Failed)}

    @property
    def skipped(self) -> dict[str, tuple[str, ...]]:
        """The steps that were never started, with the failed steps they need."""
        return {name: outcome.because for name, outcome in self.outcomes.items() if isinstance(outcome, Skipped)}


RunStep = Callable[[PlannedStep, Mapping[str, Result]], Awaitable[Result]]
"""Runs one step; gets what the steps it needs returned, by their names."""


async def walk(plan: Plan, run_step: RunStep[Result]) -> WalkResult[Result]:
    """Run every step at most once, and return how each ended.

    When cancelled, it cancels the running steps, starts no other, and waits until they have ended.
    """
    walked = _Walk(plan.steps, run_step)
    try:
        async with asyncio.TaskGroup() as group:
            for step in plan.steps:
                group.create_task(walked.step(step), name=f"step {step.name}")
    except asyncio.CancelledError:
        walked.log_failures()
        raise
    return WalkResult({step.name: walked.outcomes[step.name] for step in plan.steps})


class _Walk(Generic[Result]):
    def __init__(self, steps: Sequence[PlannedStep], run_step: RunStep[Result]) -> None:
        self.outcomes: dict[str, StepOutcome[Result]] = {}
        self._ended = {step.name: asyncio.Event() for step in steps}
        self._run_step = run_step

    async def step(self, step: PlannedStep) -> None:
        for need in step.needs:
            await self._ended[need].wait()
        because = self._failures_above(step)
        self.outcomes[step.name] = Skipped(because) if because else await self._outcome(step)
        self._ended[step.name].set()

    async def _outcome(self, step: PlannedStep) -> StepOutcome[Result]:
        upstream = {name: done.result for name in step.needs if isinstance(done := self.outcomes[name], Done)}
        try:
            return Done(await self._run_step(step, upstream))
        except asyncio.CancelledError as error:
            # Ours must go on outwards. One that the step raised of itself is a failure like any other:
            # the task group would take it for an orderly end, and the steps that need it would wait for ever.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return Failed(error)
        except Exception as error:  # noqa: BLE001 - kept in the outcome; the steps beside it go on
            return Failed(error)

    def _failures_above(self, step: PlannedStep) -> tuple[str, ...]:
        failures: list[str] = []
        for need in step.needs:
            match self.outcomes[need]:
                case Failed():
                    failures.append(need)
                case Skipped(because):
                    failures += because
        return tuple(dict.fromkeys(failures))

    def log_failures(self) -> None:
        """Tell of the failures that a cancelled walk cannot return."""
        for name, outcome in self.outcomes.items():
            if isinstance(outcome, Failed):
                logger.error("step %s failed before the walk was cancelled", name, exc_info=outcome.error)
