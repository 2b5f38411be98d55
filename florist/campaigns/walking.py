"""Walks a campaign: all rows side by side, none of which needs another, each to its end or its gaps.

How a row is run is handed in, so that a campaign is the same under Prefect and without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from florist.campaigns.budget.reports import Standing
from florist.campaigns.endings import CampaignResult, Cell, Made, end_line, ending
from florist.campaigns.events import Ended, Event, GapFound, Planned, Tell
from florist.campaigns.gaps import BUDGET, Gap, gap_of_budget, gap_of_error, gap_of_need
from florist.campaigns.guarding import Halt, RowWatch
from florist.campaigns.options import CampaignOptions
from florist.campaigns.progress import Expected, Progress, ticking
from florist.errors import FloristError
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.rows import RowPlans
from florist.pipelines.walking import Done, Failed, Skipped, StepOutcome, WalkResult, walk
from florist.studio.row_runs import Guard
from florist.studio.steps import Allowance, CampaignRow, StepResult, Upstream, make_step
from florist.studio.studio import Studio, StudioSteps

logger = logging.getLogger(__name__)


class RowToWalk(NamedTuple):
    """One row that is to be walked now.

    Attributes:
        guard: every step must be run through it.
        allowance: of the campaign's budget, if it has one.
    """

    key: str
    plan: Plan
    guard: Guard
    allowance: Allowance | None


WalkRow = Callable[[RowToWalk], Awaitable[WalkResult[StepResult]]]


class RowBlock(Protocol):
    """Rows that a budget lets be walked now."""

    rows: tuple[str, ...]
    allowance: Allowance | None


BlockT = TypeVar("BlockT", bound=RowBlock)


class RowBudget(Protocol, Generic[BlockT]):
    """A campaign's budget, as a walk sees it; see `florist.campaigns.budget`."""

    async def authorise(self) -> BlockT | None:
        """Return rows that may be walked now; None if nothing fits."""
        ...

    async def settle(self, block: BlockT) -> None:
        """Give back what they did not cost."""
        ...

    async def standing(self) -> Standing | None:
        """Return where it stands; None without a cap."""
        ...


async def walk_campaign(
    plans: RowPlans,
    walk_row: WalkRow,
    *,
    campaign: str = "",
    budget: RowBudget[BlockT] | None = None,
    options: CampaignOptions | None = None,
    tell: Iterable[Tell] = (),
    expected: Expected = lambda technique: None,
) -> CampaignResult:
    """Return how every cell of every row ended. The same call again pays for nothing that is paid.

    A row's failure, whatever it is, is that row's alone. An empty balance, or a store that is out of reach for
    minutes, stops all that has not begun.

    Args:
        campaign: its name, for those who are told.
        budget: opened for the same plans. Rows that do not fit are gaps; what is begun is finished and kept.
        tell: each is told of every event.
        expected: see `Progress`.
    """
    progress = Progress(plans, expected=expected)
    everyone = (progress.hear, *tell)
    walking = _Walking(plans, walk_row, options or CampaignOptions(), everyone, progress)
    async with ticking(progress, everyone):
        return await walking.walk(campaign, budget)


async def walk_plainly(
    studio: Studio,
    plans: RowPlans,
    *,
    campaign: str,
    budget: RowBudget[BlockT] | None = None,
    options: CampaignOptions | None = None,
    tell: Iterable[Tell] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CampaignResult:
    """Walk a campaign without Prefect: the same steps, ledger and archive, in one event loop."""

    async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
        place = CampaignRow(campaign=campaign, key=row.key)
        functions = StudioSteps(studio, place, allowance=row.allowance, now=now)

        async def run_step(step: PlannedStep, upstream: Upstream) -> StepResult:
            return await make_step(step, upstream, functions)

        return await walk(row.plan, row.guard(run_step))

    return await walk_campaign(
        plans,
        walk_row,
        campaign=campaign,
        budget=budget,
        options=options,
        tell=tell,
        expected=studio.client.watcher.expected_seconds,
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
        self._held_back: dict[str, tuple[Cell, ...]] = {}
        self._watches: dict[str, RowWatch] = {}
        self._cause: BaseException | None = None

    async def walk(self, campaign: str, budget: RowBudget[BlockT] | None) -> CampaignResult:
        plans = self._plans
        standing = None if budget is None else await budget.standing()
        self._tell(
            Planned(
                campaign=campaign,
                pipeline=plans.pipeline,
                rows=len(plans.rows),
                cells=plans.runs,
                price_usd=plans.price_usd,
                budget_usd=None if standing is None else standing.cap_usd,
            )
        )
        if budget is None:
            await self._walk_rows(plans.rows, None)
        else:
            await self._walk_blocks(budget)
        for key in plans.rows:
            if key not in self._ended:
                self._end(key, self._held_back.get(key) or self._never_begun(key))
        rows = {key: self._ended[key] for key in plans.rows}
        result = CampaignResult(plans.pipeline, rows, plans.price_usd, self._cause)
        self._tell(self._progress.numbers())
        self._tell(_ended(result, self._options.min_success))
        return result

    async def _walk_blocks(self, budget: RowBudget[BlockT]) -> None:
        """Walk what the budget lets be walked, until nothing fits any more."""
        while self._halt.error is None and (block := await budget.authorise()) is not None:
            await self._walk_rows(block.rows, block.allowance)
            await budget.settle(block)

    async def _walk_rows(self, keys: Collection[str], allowance: Allowance | None) -> None:
        """Walk these rows side by side, so many at one time."""
        left = iter(keys)

        async def walk_the_next() -> None:
            for key in left:
                await self._row(key, allowance)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._options.max_in_flight, len(keys))):
                group.create_task(walk_the_next(), name="rows")

    async def _row(self, key: str, allowance: Allowance | None) -> None:
        """Walk a row to its end, or until the budget holds back a step of it: then another block may have it."""
        planned = self._plans.rows[key]
        watch = self._watches.pop(key, None) or RowWatch(key, self._halt, self._tell)
        try:
            self._halt.raise_if_halted()
            outcomes = (await self._walk_row(RowToWalk(key, planned, watch.guard, allowance))).outcomes
        except Exception as error:  # whatever it is, it is this row's alone
            if not isinstance(error, FloristError):
                logger.exception("row %s was given up", key)
            outcomes = {step.name: watch.done.get(step.name, Failed(error)) for step in planned.steps}
        cells = tuple(self._cell(key, step.name, outcomes[step.name]) for step in planned.steps)
        if allowance is not None and any(isinstance(cell, Gap) and cell.code == BUDGET for cell in cells):
            self._held_back[key], self._watches[key] = cells, watch
        else:
            self._held_back.pop(key, None)
            self._end(key, cells)

    def _never_begun(self, key: str) -> tuple[Cell, ...]:
        error = self._halt.error
        steps = self._plans.rows[key].steps
        return tuple(
            gap_of_budget(key, step.name) if error is None else gap_of_error(key, step.name, error)
            for step in steps
        )

    def _end(self, key: str, cells: tuple[Cell, ...]) -> None:
        self._ended[key] = cells
        for gap in (cell for cell in cells if isinstance(cell, Gap)):
            self._tell(GapFound(row=key, step=gap.step, reason=gap.reason, message=gap.message, advice=gap.advice))

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
