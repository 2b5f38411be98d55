"""Walks the rows of a campaign without Prefect: the same steps, ledger and archive, in one event loop."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from florist.ledger.errors import BudgetRefusedError
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.rows import MAX_IN_FLIGHT, Halt, RowPlans, walk_rows
from florist.pipelines.walking import WalkResult, walk
from florist.studio.steps import Allowance, CampaignRow, StepResult, make_step
from florist.studio.studio import Studio, StudioSteps


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


async def walk_plainly(
    studio: Studio,
    plans: RowPlans,
    *,
    campaign: str,
    budget: RowBudget[BlockT] | None = None,
    max_in_flight: int = MAX_IN_FLIGHT,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, WalkResult[StepResult]]:
    """Return how every step of every row ended. The same call again pays for nothing that is paid.

    Args:
        budget: opened for the same plans; rows that it does not cover end with `BudgetRefusedError`.
        max_in_flight: rows that are walked at one time.
    """
    halt = Halt[StepResult]()

    async def walk_some(rows: RowPlans, allowance: Allowance | None) -> dict[str, WalkResult[StepResult]]:
        async def walk_row(key: str, planned: Plan) -> WalkResult[StepResult]:
            functions = StudioSteps(studio, CampaignRow(campaign=campaign, key=key), allowance=allowance, now=now)

            async def run_step(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
                return await make_step(step, upstream, functions)

            return await walk(planned, halt.guarded(run_step))

        return await walk_rows(rows, walk_row, max_in_flight=max_in_flight)

    if budget is None:
        return await walk_some(plans, None)
    walked: dict[str, WalkResult[StepResult]] = {}
    while halt.reason is None and (block := await budget.authorise()) is not None:
        walked |= await walk_some(_only(plans, block.rows), block.allowance)
        await budget.settle(block)
    for key, planned in plans.rows.items():
        if key not in walked:
            walked[key] = await walk(planned, halt.guarded(_not_started))
    return {key: walked[key] for key in plans.rows}


async def _not_started(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
    raise BudgetRefusedError(f"{step.name} was not started: budget", key="")


def _only(plans: RowPlans, keys: Iterable[str]) -> RowPlans:
    return plans.model_copy(update={"rows": {key: plans.rows[key] for key in keys}})
