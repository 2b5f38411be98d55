"""Makes one step: start its run, wait for it, keep its outputs.

The three functions are injected, so that a step is the same under Prefect, where they are tasks, and without it.
"""

from collections.abc import Mapping
from typing import Protocol

from florist.api.errors import RunFailedError
from florist.api.models import Run
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.frozen import FrozenModel
from florist.ledger import Entry, How, InputIdentity, RunFacts, Work, next_attempt
from florist.pipelines.planning import PlannedStep
from florist.studio.campaigns import CampaignName

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
        )


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


async def make_step(step: PlannedStep, upstream: Upstream, functions: StepFunctions) -> StepResult:
    """Make one step, by a new, paid attempt where its run failed for a passing reason.

    Raises:
        RunFailedError: it failed for good, or once too often.
    """
    attempt = 0
    while True:
        started = await functions.start(step, upstream, attempt)
        try:
            run = await functions.wait(started)
        except RunFailedError as error:
            following = _following(step, RunFacts.of(error.run), attempt)
            if following is None:
                raise
            attempt = following
        else:
            manifest = await functions.keep(started, run, upstream)
            return StepResult(step=step.name, run=run, manifest=manifest, how=started.how, reason=started.reason)


def _following(step: PlannedStep, ended: RunFacts, attempt: int) -> int | None:
    """Return the attempt that may follow a failed run; None if none may.

    Beside what the ledger allows: where FLORA could not open an output of an earlier step, for which it charges
    nothing, one more attempt feeds it as an asset of FLORA's own.
    """
    if ended.error_code == UNREACHABLE and step.needs and attempt == 0 and not ended.charged_usd:
        return attempt + 1
    return next_attempt(ended, attempt)
