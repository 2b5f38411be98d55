"""Walks the rows of a campaign without Prefect: the same steps, ledger and archive, in one event loop."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.rows import MAX_IN_FLIGHT, Halt, RowPlans, walk_rows
from florist.pipelines.walking import WalkResult, walk
from florist.studio.steps import CampaignRow, StepResult, make_step
from florist.studio.studio import Studio, StudioSteps


async def walk_plainly(
    studio: Studio,
    plans: RowPlans,
    *,
    campaign: str,
    max_in_flight: int = MAX_IN_FLIGHT,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, WalkResult[StepResult]]:
    """Return how every step of every row ended. The same call again pays for nothing that is paid.

    Args:
        max_in_flight: rows that are walked at one time.
    """
    halt = Halt[StepResult]()

    async def walk_row(key: str, planned: Plan) -> WalkResult[StepResult]:
        functions = StudioSteps(studio, CampaignRow(campaign=campaign, key=key), now=now)

        async def run_step(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
            return await make_step(step, upstream, functions)

        return await walk(planned, halt.guarded(run_step))

    return await walk_rows(plans, walk_row, max_in_flight=max_in_flight)
