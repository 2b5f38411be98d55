"""Walks a campaign: all rows side by side, none of which needs another, each to its end or its gaps.

How a row is run is handed in, so that a campaign is the same under Prefect and without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Generic, NamedTuple, Protocol, TypeVar

from florist.campaigns.budget.reports import Standing
from florist.campaigns.endings import CampaignResult, Cell, Made, end_line, ending
from florist.campaigns.events import Ended, Event, GapFound, Planned, Tell
from florist.campaigns.gaps import BUDGET, Gap, gap_of_budget, gap_of_error, gap_of_need
from florist.campaigns.guarding import Admit, Halt, RowWatch, admit_all
from florist.campaigns.options import CampaignOptions
from florist.campaigns.picks.errors import PickAwaitedError
from florist.campaigns.progress import Expected, Progress, ticking
from florist.errors import FloristError
from florist.pipelines.planning import Plan
from florist.pipelines.rows import RowPlans
from florist.pipelines.walking import Done, Failed, Skipped, StepOutcome, WalkResult
from florist.studio.row_runs import Guard, RowRun
from florist.studio.steps import Allowance, CampaignRow, StepResult
from florist.studio.studio import Studio, StudioSteps
from florist.studio.waits import Say

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
    admit: Admit = admit_all,
) -> CampaignResult:
    """Return how every cell of every row ended. The same call again pays for nothing that is paid.

    A row's failure, whatever it is, is that row's alone. An empty balance, or a store that is out of reach for
    minutes, stops all that has not begun.

    Args:
        campaign: its name, for those who are told.
        budget: opened for the same plans. Rows that do not fit are gaps; what is begun is finished and kept.
        tell: each is told of every event.
        expected: see `Progress`.
        admit: asked before anything is done for a step; see `picks.sending`.
    """
    progress = Progress(plans, expected=expected)
    everyone = (progress.hear, *tell)
    walking = _Walking(plans, walk_row, options or CampaignOptions(), everyone, progress, admit)
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
    return await walk_campaign(
        plans,
        plain_walker(studio, campaign, now=now),
        campaign=campaign,
        budget=budget,
        options=options,
        tell=tell,
        expected=studio.client.watcher.expected_seconds,
    )


def plain_walker(
    studio: Studio,
    campaign: str,
    *,
    say: Say = logger.info,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WalkRow:
    """Return how a row is walked without Prefect. What fails for something that passes is tried again.

    Args:
        say: told what a step waits for before it starts.
    """

    async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
        place = CampaignRow(campaign=campaign, key=row.key)
        functions = StudioSteps(studio, place, allowance=row.allowance, say=say, now=now)
        return await RowRun(row.plan, place, functions, guard=row.guard).walk_to_its_end()

    return walk_row


class _Walking:
    """One walk over a campaign. Keeps of a row that has ended what reports need, and nothing else."""

    def __init__(
        self,
        plans: RowPlans,
        walk_row: WalkRow,
        options: CampaignOptions,
        tell: tuple[Tell, ...],
        progress: Progress,
        admit: Admit,
    ) -> None:
        self._plans = plans
        self._walk_row = walk_row
        self._options = options
        self._listeners = tell
        self._progress = progress
        self._admit = admit
        self._awaiting: dict[str, str] = {}
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
        result = CampaignResult(
            plans.pipeline, rows, _price_usd(plans, rows), self._cause, awaiting=self._awaiting
        )
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
        watch = self._watches.pop(key, None) or RowWatch(key, self._halt, self._tell, self._admit)
        try:
            self._halt.raise_if_halted()
            outcomes = (await self._walk_row(RowToWalk(key, planned, watch.guard, allowance))).outcomes
        except Exception as error:  # whatever it is, it is this row's alone
            if not isinstance(error, FloristError):
                logger.exception("row %s was given up", key)
            outcomes = {step.name: watch.done.get(step.name, Failed(error)) for step in planned.steps}
        waiting = _waiting(outcomes)
        cells = tuple(
            self._cell(key, step.name, outcomes[step.name]) for step in planned.steps if step.name not in waiting
        )
        if (gate := _awaited_gate(planned, cells, waiting)) is not None:
            self._awaiting[key] = gate
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


def _waiting(outcomes: Mapping[str, StepOutcome[StepResult]]) -> set[str]:
    """Return the steps that were not sent because their picks stand no more, and those that need them."""
    waiting = {
        name
        for name, outcome in outcomes.items()
        if isinstance(outcome, Failed) and isinstance(outcome.error, PickAwaitedError)
    }
    needing = {
        name
        for name, outcome in outcomes.items()
        if isinstance(outcome, Skipped) and waiting.intersection(outcome.because)
    }
    return waiting | needing


def _awaited_gate(planned: Plan, cells: Iterable[Cell], waiting: Collection[str]) -> str | None:
    """Return the step of which the row waits for a pick, there being something to pick; None if it does not."""
    made = {cell.step for cell in cells if isinstance(cell, Made)}
    gate = planned.open_gate
    if gate is not None and made.intersection(gate.cells):
        return gate.step
    reached = [each.step for each in planned.gates if made.intersection(each.cells)]
    return reached[-1] if waiting and reached else None


def _price_usd(plans: RowPlans, rows: Mapping[str, tuple[Cell, ...]]) -> Decimal:
    """Return what all cells come to: those that are made as charged, at whatever price; the gaps at today's."""
    total = Decimal(0)
    for key, cells in rows.items():
        prices = {step.name: step.price_usd or Decimal(0) for step in plans.rows[key].steps}
        for cell in cells:
            total += cell.charged_usd if isinstance(cell, Made) else prices[cell.step]
    return total


def _ended(result: CampaignResult, min_success: float) -> Ended:
    return Ended(
        state=ending(result, min_success=min_success),
        message=end_line(result),
        rows=len(result.rows),
        rows_complete=result.rows_complete,
        rows_awaiting=len(result.awaiting),
        gaps=len(result.gaps),
        charged_usd=result.charged_usd,
        new_usd=result.new_usd,
        price_usd=result.planned_usd,
    )
