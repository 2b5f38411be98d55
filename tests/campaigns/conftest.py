"""A campaign of three rows with two steps each, whose runs are imagined."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from florist.api.models import Run, Technique
from florist.archive.manifest import Manifest
from florist.campaigns.budget import Standing
from florist.campaigns.endings import CampaignResult
from florist.campaigns.events import Event
from florist.campaigns.options import CampaignOptions
from florist.campaigns.walking import RowToWalk, walk_campaign
from florist.ledger import How
from florist.ledger.permits import Permit
from florist.pipelines import PlannedStep, WalkResult, parse_pipeline, walk
from florist.pipelines.rows import RowPlans, plan_rows
from florist.studio.steps import Allowance, StepResult

TEXT = """
name: headlines
params:
  brief: {type: text}
steps:
  head:
    technique: headline-writer
    inputs: {brief: "${params.brief}"}
  again:
    technique: headline-writer
    inputs: {brief: "${steps.head.output}"}
"""
WRITER = Technique.model_validate(
    {
        "technique_id": "tech_1",
        "name": "Headline Writer",
        "run_cost": 0.01,
        "inputs": [{"id": "brief", "name": "Brief", "type": "text"}],
        "outputs": [{"id": "headline", "name": "Headline", "type": "text"}],
    }
)

RunCell = Callable[[str, str], Awaitable[None] | None]
"""Told of the row and step that is run; may raise, or wait."""


def made(row: str, step: str, how: How = How.NEW) -> StepResult:
    """Return the result of a cell that cost a cent."""
    run_id = f"run_{row}_{step}"
    run = Run.model_validate({"run_id": run_id, "status": "completed", "charged_cost": 0.01})
    run = run.model_copy(update={"charged_usd": Decimal("0.01")})
    output = {
        "index": 0,
        "output_id": "headline",
        "type": "text",
        "key": f"campaigns/spring/{row}/{step}/0.txt",
        "size_bytes": 5,
        "sha256": "0" * 64,
        "media_type": "text/plain",
    }
    manifest = Manifest.model_validate(
        {
            "run_id": run_id,
            "technique_id": "tech_1",
            "technique": "headline-writer",
            "status": "completed",
            "archived_at": "2026-01-01T00:00:00Z",
            "outputs": [output],
        }
    )
    return StepResult(step=step, run=run, manifest=manifest, how=how, reason="because")


@dataclass
class OneBlock:
    rows: tuple[str, ...]
    allowance: Allowance | None


class NoAllowance(Allowance):
    """Lets everything through: the cells of a test hold themselves back."""

    def permit(self, row: str, step: PlannedStep) -> Permit:
        raise NotImplementedError


@dataclass
class Blocks:
    """A budget that hands out these rows, block by block."""

    left: list[tuple[str, ...]]
    settled: list[tuple[str, ...]] = field(default_factory=list)

    async def authorise(self) -> OneBlock | None:
        return OneBlock(self.left.pop(0), NoAllowance()) if self.left else None

    async def settle(self, block: OneBlock) -> None:
        self.settled.append(block.rows)

    async def standing(self) -> Standing | None:
        return None


@dataclass
class Campaign:
    """Walks the rows; `events` is what was told of it."""

    plans: RowPlans
    events: list[Event] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    how: How = How.NEW

    async def walk(
        self,
        run_cell: RunCell = lambda row, step: None,
        *,
        budget: Blocks | None = None,
        broken_rows: tuple[str, ...] = (),
        **options: object,
    ) -> CampaignResult:
        """Walk them; the walk of a broken row breaks once its steps are done."""

        async def walk_row(row: RowToWalk) -> WalkResult[StepResult]:
            async def run_step(step: PlannedStep, upstream: Mapping[str, StepResult]) -> StepResult:
                self.begun.append(f"{row.key}/{step.name}")
                waiting = run_cell(row.key, step.name)
                if waiting is not None:
                    await waiting
                return made(row.key, step.name, self.how)

            walked = await walk(row.plan, row.guard(run_step))
            if row.key in broken_rows:
                raise ConnectionError("the walk broke")
            return walked

        wanted = CampaignOptions.model_validate(options)
        told = [self.events.append]
        return await walk_campaign(
            self.plans, walk_row, campaign="spring", budget=budget, options=wanted, tell=told
        )

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.event == kind]


def planned(rows: int, tmp_path: Path) -> RowPlans:
    """Return the plans of so many rows: a, b, c, …; of none, a pipeline run once."""
    pipeline = parse_pipeline(TEXT, file=tmp_path / "headlines.yaml")
    named = {chr(ord("a") + number): {"brief": f"number {number}"} for number in range(rows)}
    return plan_rows(pipeline, {"brief": "all"}, named, {"headline-writer": WRITER})


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return Campaign(planned(3, tmp_path))


@pytest.fixture
def single(tmp_path: Path) -> Campaign:
    return Campaign(planned(0, tmp_path))
