"""Makes one step: start its run, wait for it, keep its outputs.

The three functions are injected, so that a step is the same under Prefect, where they are tasks, and without it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from florist.api.errors import RunFailedError, RunStillPending
from florist.api.models import Run, RunStatus
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.frozen import FrozenModel
from florist.ledger import Entry, How, InputIdentity, RunFacts, Work, next_attempt
from florist.ledger.permits import Permit
from florist.pipelines.planning import PlannedStep
from florist.studio.campaigns import CampaignName
from florist.studio.errors import NotStartedYet
from florist.studio.joined import Joined

WINDOW = 30.0
"""Seconds that one wait watches a run before it says that it is still pending."""

STEP_TIMEOUT = 1800.0
"""Seconds a run may take, FLORA's queue included, where its step does not say."""

UNREACHABLE = "input_unreachable"
"""FLORA's code of a run that failed because an input could not be opened."""


class CampaignRow(FrozenModel):
    """Whom a step is made for: one row of a campaign or, without a campaign, one flow run.

    Attributes:
        key: the row's; empty where the pipeline is run once.
        flow_run_id: Prefect's, also where a campaign is named.
    """

    campaign: CampaignName | None = None
    key: str = ""
    flow_run_id: str | None = None

    @property
    def scope(self) -> str:
        """What binds its runs together."""
        return self.campaign or self.flow_run_id or ""

    @property
    def label(self) -> str:
        """What stands before a step's name where there are rows."""
        return f"{self.key}/" if self.key else ""

    def work(self, step: PlannedStep, inputs: tuple[InputIdentity, ...], *, attempt: int = 0) -> Work:
        """Return a step of this row as the ledger knows it."""
        return Work(
            technique_id=step.technique_id,
            inputs=inputs,
            campaign=self.campaign,
            flow_run_id=None if self.campaign else self.flow_run_id,
            row=self.key,
            step=step.name,
            attempt=attempt,
            route="generation" if step.generation else "technique",
        )


class Allowance(Protocol):
    """What a budget has set aside for the steps of some rows."""

    def permit(self, row: str, step: PlannedStep) -> Permit:
        """Return the budget's leave for a step of the row with this key."""
        ...


class StartedStep(FrozenModel):
    """A step whose run is at FLORA, paid for: started now, found in flight, or finished long ago.

    Attributes:
        entry: what the ledger knows of the run.
        reason: for people: why this run.
    """

    step: PlannedStep
    row: CampaignRow
    run_id: str
    how: How
    reason: str
    entry: Entry

    @property
    def started_at(self) -> datetime:
        """When its request left, by FLORA's clock; when it was recorded, where a person adopted the run."""
        return self.entry.sends[-1].sent_at if self.entry.sends else self.entry.recorded_at

    @property
    def label(self) -> str:
        """What people call the step, its row before it."""
        return f"{self.row.label}{self.step.name}"


class StepResult(FrozenModel):
    """A step that is done: its run, and the manifest of what is kept of it.

    Example: docs/client.md, "Paying once".
    """

    step: str
    run: Run
    manifest: Manifest
    how: How
    reason: str

    @property
    def came(self) -> str:
        """How the run was come by, now and when its work first got it: `reused (adopted by time)`."""
        first = self.manifest.started_by or "new"
        if first == "new":
            return str(self.how)
        return first if first.startswith(self.how) else f"{self.how} ({first})"

    @property
    def outputs(self) -> tuple[ArchivedOutput, ...]:
        """What the run made, in FLORA's order, as it is kept."""
        return self.manifest.outputs


Upstream = Mapping[str, StepResult]
"""The results of the steps that a step needs, by their names."""


class StepFunctions(Protocol):
    """The three things done for every step."""

    async def start(self, step: PlannedStep, upstream: Upstream, attempt: int) -> StartedStep:
        """Have the step's run at FLORA, paid once however often this is called."""
        ...

    async def wait(self, started: StartedStep) -> Run:
        """Return the run once it is completed.

        Raises:
            RunFailedError: it failed.
            RunTimeoutError: it is unfinished at the step's deadline, and goes on.
        """
        ...

    async def keep(self, started: StartedStep, run: Run, upstream: Upstream) -> Manifest:
        """Return the manifest once every output is kept; safe to repeat."""
        ...


class StepRun:
    """One step of one row in the making, which remembers how far it has come.

    `made` may be called again after any error: what is started, waited for or kept already is not asked for again.
    """

    def __init__(
        self, step: PlannedStep, upstream: Upstream, functions: StepFunctions, *, label: str = ""
    ) -> None:
        self.label = label or step.name
        self._step = step
        self._upstream = upstream
        self._functions = functions
        self._attempt = 0
        self._run: Run | None = None
        self._result: StepResult | None = None
        self._joined = Joined(self.made, name=f"step {self.label}")
        self.started: StartedStep | None = None
        """The run at FLORA, once there is one."""

    @property
    def is_waiting(self) -> bool:
        """Whether its run is at FLORA, and how that ended is not known yet."""
        return self.started is not None and self._run is None

    @property
    def timeout(self) -> float:
        """Seconds its run may take, FLORA's queue included."""
        return self._step.timeout or STEP_TIMEOUT

    async def advance(self, window: float) -> StepResult:
        """Return the result if the step is made within the window; else it goes on in the background.

        Raises:
            RunStillPending: its run goes on; call again.
            NotStartedYet: it has no run yet; call again.
        """
        try:
            return await self._joined.join(window)
        except TimeoutError:
            raise still_pending(self.label, [self]) from None

    async def made(self) -> StepResult:
        """Make the step, by a new, paid attempt where its run failed for a passing reason.

        Raises:
            RunFailedError: it failed for good, or once too often.
        """
        while self._result is None:
            started = self.started or await self._functions.start(self._step, self._upstream, self._attempt)
            self.started = started
            try:
                self._run = self._run or await self._functions.wait(started)
            except RunFailedError as error:
                following = following_attempt(self._step, RunFacts.of(error.run), self._attempt)
                if following is None:
                    raise
                self._attempt, self.started = following, None
                continue
            manifest = await self._functions.keep(started, self._run, self._upstream)
            self._result = StepResult(
                step=self._step.name, run=self._run, manifest=manifest, how=started.how, reason=started.reason
            )
        return self._result


def still_pending(label: str, steps: Iterable[StepRun]) -> RunStillPending | NotStartedYet:
    """Return the error that says what a step, or a row of steps, waits for."""
    waiting = [step.started for step in steps if step.is_waiting and step.started is not None]
    if not waiting:
        return NotStartedYet(f"{label}: its run has not begun yet; see the log for what it waits for")
    names = ", ".join(f"{started.label} (run {started.run_id})" for started in waiting)
    run = Run(run_id=waiting[0].run_id, status=RunStatus.PENDING)
    return RunStillPending(f"FLORA is still at work on {names}", run=run)


async def make_step(step: PlannedStep, upstream: Upstream, functions: StepFunctions) -> StepResult:
    """Make one step; see `StepRun.made`."""
    return await StepRun(step, upstream, functions).made()


def following_attempt(step: PlannedStep, ended: RunFacts, attempt: int) -> int | None:
    """Return the attempt that may follow a failed run; None if none may.

    Beside what the ledger allows: where FLORA could not open an output of an earlier step, for which it charges
    nothing, one more attempt feeds it as an asset of FLORA's own.
    """
    if ended.error_code == UNREACHABLE and step.needs and attempt == 0 and not ended.charged_usd:
        return attempt + 1
    return next_attempt(ended, attempt)
