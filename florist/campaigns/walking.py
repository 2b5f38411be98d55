"""Walks a campaign: all rows side by side, none of which needs another, each to its end or its gaps.

How a row is run is handed in, so that a campaign is the same under Prefect and without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from florist.campaigns.endings import CampaignResult, Cell, Made, end_line, ending
from florist.campaigns.events import Done as DoneEvent
from florist.campaigns.events import Ended, Event, GapFound, Planned, Started, Tell
from florist.campaigns.gaps import Gap, gap_code, gap_of_error, gap_of_need, is_refusal
from florist.campaigns.progress import Expected, Progress, ticking
from florist.errors import FloristError
from florist.frozen import FrozenModel
from florist.pipelines.errors import HaltedError
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.rows import MAX_IN_FLIGHT, RowPlans
from florist.pipelines.walking import Done, Failed, RunStep, Skipped, StepOutcome, WalkResult, walk
from florist.studio.row_runs import Guard
from florist.studio.steps import CampaignRow, StepResult, Upstream, make_step
from florist.studio.studio import Studio, StudioSteps

logger = logging.getLogger(__name__)

WalkRow = Callable[[str, Plan, Guard], Awaitable[WalkResult[StepResult]]]
"""Walks the row with this key; every step must be run through the guard."""

OnRefusal = Literal["skip", "fail"]


class CampaignOptions(FrozenModel):
    """How a campaign is walked, and when that is a success.

    Attributes:
        min_success: the share of rows that must be complete; without a single one a run has failed in any case.
        on_refusal: `skip` leaves a gap where FLORA refuses something for good; `fail` begins nothing further after
            the first. What is in flight is waited for and kept either way.
        max_in_flight: rows that are walked at one time.
    """

    min_success: float = Field(default=0.0, ge=0, le=1)
    on_refusal: OnRefusal = "skip"
    max_in_flight: int = Field(default=MAX_IN_FLIGHT, ge=1)


async def walk_campaign(
    plans: RowPlans,
    walk_row: WalkRow,
    *,
    campaign: str = "",
    options: CampaignOptions | None = None,
    tell: Iterable[Tell] = (),
    expected: Expected = lambda technique: None,
) -> CampaignResult:
    """Return how every cell of every row ended. The same call again pays for nothing that is paid.

    A row's failure, whatever it is, is that row's alone. An empty balance, or a store that is out of reach for
    minutes, stops all that has not begun.

    Args:
        campaign: its name, for those who are told.
        tell: each is told of every event.
        expected: see `Progress`.
    """
    progress = Progress(plans, expected=expected)
    everyone = (progress.hear, *tell)
    walking = _Walking(plans, walk_row, options or CampaignOptions(), everyone, progress)
    async with ticking(progress, everyone):
        return await walking.walk(campaign)


async def walk_plainly(
    studio: Studio,
    plans: RowPlans,
    *,
    campaign: str,
    options: CampaignOptions | None = None,
    tell: Iterable[Tell] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CampaignResult:
    """Walk a campaign without Prefect: the same steps, ledger and archive, in one event loop."""

    async def walk_row(key: str, planned: Plan, guard: Guard) -> WalkResult[StepResult]:
        functions = StudioSteps(studio, CampaignRow(campaign=campaign, key=key), now=now)

        async def run_step(step: PlannedStep, upstream: Upstream) -> StepResult:
            return await make_step(step, upstream, functions)

        return await walk(planned, guard(run_step))

    expected = studio.client.watcher.expected_seconds
    return await walk_campaign(plans, walk_row, campaign=campaign, options=options, tell=tell, expected=expected)


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

    def raise_if_halted(self) -> None:
        """Do nothing while nothing is halted.

        Raises:
            HaltedError: its code is that of the reason.
        """
        if self._reason is not None:
            raise HaltedError(
                f"not started, since another step was stopped by this: {self._reason}", code=gap_code(self._reason)
            )


class _Walking:
    """One walk over a campaign. Keeps of a row that has ended what reports need, and nothing else."""

    def __init__(
        self,
        plans: RowPlans,
        walk_row: WalkRow,
        options: CampaignOptions,
        tell: tuple[Tell, ...],
        progress: Progress,
    ) -> None:
        self._plans = plans
        self._walk_row = walk_row
        self._options = options
        self._listeners = tell
        self._progress = progress
        self._halt = Halt(options.on_refusal)
        self._ended: dict[str, tuple[Cell, ...]] = {}
        self._cause: BaseException | None = None

    async def walk(self, campaign: str) -> CampaignResult:
        plans = self._plans
        self._tell(
            Planned(
                campaign=campaign,
                pipeline=plans.pipeline,
                rows=len(plans.rows),
                cells=plans.runs,
                price_usd=plans.price_usd,
            )
        )
        await self._walk_rows(plans.rows)
        rows = {key: self._ended[key] for key in plans.rows}
        result = CampaignResult(plans.pipeline, rows, plans.price_usd, self._cause)
        self._tell(self._progress.numbers())
        self._tell(_ended(result, self._options.min_success))
        return result

    async def _walk_rows(self, keys: Collection[str]) -> None:
        """Walk these rows side by side, so many at one time."""
        left = iter(keys)

        async def walk_the_next() -> None:
            for key in left:
                self._ended[key] = await self._row(key)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._options.max_in_flight, len(keys))):
                group.create_task(walk_the_next(), name="rows")

    async def _row(self, key: str) -> tuple[Cell, ...]:
        planned = self._plans.rows[key]
        watch = _RowWatch(key, self._halt, self._tell)
        try:
            self._halt.raise_if_halted()
            outcomes = (await self._walk_row(key, planned, watch.guard)).outcomes
        except Exception as error:  # whatever it is, it is this row's alone
            if not isinstance(error, FloristError):
                logger.exception("row %s was given up", key)
            outcomes = {step.name: watch.done.get(step.name, Failed(error)) for step in planned.steps}
        cells = tuple(self._cell(key, step.name, outcomes[step.name]) for step in planned.steps)
        for gap in (cell for cell in cells if isinstance(cell, Gap)):
            self._tell(GapFound(row=key, step=gap.step, reason=gap.reason, message=gap.message, advice=gap.advice))
        return cells

    def _cell(self, row: str, step: str, outcome: StepOutcome[StepResult]) -> Cell:
        match outcome:
            case Done(result):
                return Made.of(row, result)
            case Skipped(because):
                return gap_of_need(row, step, because)
            case Failed(error):
                self._cause = self._cause or error
                return gap_of_error(row, step, error)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


class _RowWatch:
    """What is seen of one row's steps while they are run, however often a row's walk begins anew.

    Attributes:
        done: the steps that are made so far.
    """

    def __init__(self, row: str, halt: Halt, tell: Callable[[Started | DoneEvent], None]) -> None:
        self.done: dict[str, Done[StepResult]] = {}
        self._row = row
        self._halt = halt
        self._tell = tell
        self._started: set[str] = set()

    def guard(self, run_step: RunStep[StepResult]) -> RunStep[StepResult]:
        """Return the same, save that it is told of, and not begun once all is halted."""

        async def run(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
            if step.name in self.done:
                return self.done[step.name].result
            self._halt.raise_if_halted()
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


def _ended(result: CampaignResult, min_success: float) -> Ended:
    return Ended(
        state=ending(result, min_success=min_success),
        message=end_line(result),
        rows=len(result.rows),
        rows_complete=result.rows_complete,
        gaps=len(result.gaps),
        charged_usd=result.charged_usd,
        new_usd=result.new_usd,
        price_usd=result.planned_usd,
    )
