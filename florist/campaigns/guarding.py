"""Guards the steps of a campaign's rows: what they come to is seen, and all that has not begun can be stopped."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from florist.campaigns.events import Done as DoneEvent
from florist.campaigns.events import Started
from florist.campaigns.gaps import gap_code, is_refusal
from florist.errors import FloristError
from florist.pipelines.campaign_defaults import OnRefusal
from florist.pipelines.errors import HaltedError
from florist.pipelines.planning import PlannedStep
from florist.pipelines.walking import Done, RunStep
from florist.studio.steps import StepResult, Upstream


class Halt:
    """Remembers what stops all that has not begun: what every other step would meet with, too, or a refusal."""

    def __init__(self, on_refusal: OnRefusal) -> None:
        self._on_refusal = on_refusal
        self._reason: FloristError | None = None

    def note(self, error: Exception) -> None:
        """Halt if this error is a reason to."""
        if not isinstance(error, FloristError) or self._reason is not None:
            return
        if error.stops_all or (self._on_refusal == "fail" and is_refusal(error)):
            self._reason = error

    @property
    def error(self) -> HaltedError | None:
        """What ends whatever has not begun, its code that of the reason; None while nothing is halted."""
        if self._reason is None:
            return None
        message = f"not started, since another step was stopped by this: {self._reason}"
        return HaltedError(message, code=gap_code(self._reason))

    def raise_if_halted(self) -> None:
        """Do nothing while nothing is halted.

        Raises:
            HaltedError: see `error`.
        """
        if (error := self.error) is not None:
            raise error


Admit = Callable[[str, PlannedStep, Upstream], Awaitable[None]]
"""Returns once a step of a row may be sent; raises if it may not. Asked before anything is done for it."""


async def admit_all(_row: str, _step: PlannedStep, _upstream: Upstream) -> None:
    """Let every step be sent."""


class RowWatch:
    """What is seen of one row's steps while they are run, however often a row's walk begins anew.

    Attributes:
        done: the steps that are made so far.
    """

    def __init__(
        self, row: str, halt: Halt, tell: Callable[[Started | DoneEvent], None], admit: Admit = admit_all
    ) -> None:
        self.done: dict[str, Done[StepResult]] = {}
        self._row = row
        self._halt = halt
        self._tell = tell
        self._admit = admit
        self._started: set[str] = set()

    def guard(self, run_step: RunStep[StepResult]) -> RunStep[StepResult]:
        """Return the same, save that it is told of, and not begun once all is halted."""

        async def run(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
            if step.name in self.done:
                return self.done[step.name].result
            self._halt.raise_if_halted()
            await self._admit(self._row, step, upstream)
            if step.name not in self._started:
                self._started.add(step.name)
                self._tell(Started(row=self._row, step=step.name, technique=step.technique))
            try:
                result = await run_step(step, upstream)
            except Exception as error:
                self._halt.note(error)
                raise
            self.done[step.name] = Done(result)
            self._tell(_done(self._row, step, result))
            return result

        return run


def _done(row: str, step: PlannedStep, result: StepResult) -> DoneEvent:
    return DoneEvent(
        row=row,
        step=step.name,
        technique=step.technique,
        how=result.how,
        run_id=result.run.run_id,
        charged_usd=result.run.charged_usd or Decimal(0),
        reason=result.reason,
        outputs=tuple(output.key for output in result.outputs),
    )
