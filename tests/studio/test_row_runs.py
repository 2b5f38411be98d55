"""A row that is walked without Prefect is tried again for what passes, and for nothing else."""

from collections.abc import Mapping

import pytest

from florist.api.models import Technique
from florist.pipelines import PlannedStep, parse_pipeline
from florist.pipelines.planning import Plan
from florist.pipelines.rows import plan_rows
from florist.pipelines.walking import Done, Failed, RunStep
from florist.stores.errors import StoreFullError, StoreUnavailableError
from florist.studio.row_runs import PAUSES, RowRun
from florist.studio.steps import CampaignRow, StepFunctions, StepResult

TEXT = "name: lines\nsteps:\n  head: {technique: headline-writer, inputs: {brief: Spring}}\n"
WRITER = Technique.model_validate(
    {
        "technique_id": "tech_1",
        "name": "Headline Writer",
        "run_cost": 0.01,
        "inputs": [{"id": "brief", "name": "Brief", "type": "text"}],
        "outputs": [{"id": "headline", "name": "Headline", "type": "text"}],
    }
)
MADE = StepResult.model_construct(step="head")


@pytest.fixture
def plan(tmp_path) -> Plan:
    pipeline = parse_pipeline(TEXT, file=tmp_path / "lines.yaml")
    return plan_rows(pipeline, {}, {}, {"headline-writer": WRITER}).rows[""]


class Unused(StepFunctions):
    """The guard of a test makes each step itself."""


async def walked(plan: Plan, *failures: Exception):
    """Walk the row, whose step fails so often first; returns its outcome and the pauses."""
    left, pauses = list(failures), []

    def guard(run_step: RunStep[StepResult]) -> RunStep[StepResult]:
        async def run(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
            if left:
                raise left.pop(0)
            return MADE

        return run

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    run = RowRun(plan, CampaignRow(campaign="spring"), Unused(), guard=guard)
    return (await run.walk_to_its_end(sleep=sleep)).outcomes["head"], pauses


async def test_row_whose_store_was_away_twice_is_made(plan: Plan):
    away = StoreUnavailableError("away")
    assert await walked(plan, away, away) == (Done(MADE), [*PAUSES[:2]])


async def test_row_that_fails_for_something_that_stays_is_not_tried_again(plan: Plan):
    full = StoreFullError("full")
    assert await walked(plan, full) == (Failed(full), [])


async def test_row_whose_store_stays_away_ends(plan: Plan):
    away = StoreUnavailableError("away")
    assert await walked(plan, *[away] * 99) == (Failed(away), [*PAUSES])
