"""A campaign of headlines at a sandbox, walked under a budget by processes of its own."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flora_sandbox.books import Books
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.campaigns.budget import CampaignBudget
from florist.campaigns.budget.chain import Chain
from florist.campaigns.budget.records import Record
from florist.campaigns.endings import CampaignResult
from florist.campaigns.walking import walk_plainly
from florist.ledger import Ledger, Spender, TechniqueRoute, Timing
from florist.pipelines import definitions_of
from florist.pipelines.loading import parse_pipeline
from florist.pipelines.planning import Plan
from florist.pipelines.rows import RowPlans, plan_rows
from florist.stores.folder import FolderStore
from florist.studio.studio import Studio

HURRY = 50
PIPELINE = """
name: lines
params:
  name: {type: text}
steps:
  words:
    technique: headline-writer
    inputs: {brief: "${params.name}"}
  more:
    technique: headline-writer
    inputs: {brief: "More: ${steps.words.output}"}
"""
PRICE = Decimal("0.01")
"""Of one step of the two that a row has."""


async def hurried(seconds: float) -> None:
    await asyncio.sleep(seconds / HURRY)


@dataclass
class Campaign:
    sandbox: SandboxServer
    store: FolderStore
    rows: int = 4
    name: str = "spring"
    text: str = PIPELINE
    slept: list[float] = field(default_factory=list)
    told_price: Decimal | None = PRICE
    ceiling: Decimal | None = None

    def client(self) -> FloraAPI:
        return FloraAPI(
            api_key=self.sandbox.api_key,
            base_url=self.sandbox.base_url,
            workspace_id=self.sandbox.workspace_id,
            total_timeout=120.0 * HURRY,
            monotonic=lambda: time.monotonic() * HURRY,
            sleep=hurried,
        )

    async def plans(self, studio: Studio) -> RowPlans:
        pipeline = parse_pipeline(self.text, file=Path("lines.yaml"))
        rows = {f"row-{number}": {"name": f"number {number}"} for number in range(self.rows)}
        plans = plan_rows(pipeline, {}, rows, await definitions_of(pipeline, studio.client))
        return plans.model_copy(update={"rows": {key: self._priced(plan) for key, plan in plans.rows.items()}})

    def _priced(self, planned: Plan) -> Plan:
        told = {"price_usd": self.told_price, "ceiling_usd": self.ceiling}
        return planned.model_copy(update={"steps": tuple(step.model_copy(update=told) for step in planned.steps)})

    async def budget(self, studio: Studio, cap_usd: Decimal | None, **options: Any) -> CampaignBudget:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            await hurried(seconds)

        return await CampaignBudget.opened(
            studio.ledger,
            self.name,
            options.pop("plans", None) or await self.plans(studio),
            cap_usd=cap_usd,
            sleep=sleep,
            monotonic=lambda: time.monotonic() * HURRY,
            now=lambda: datetime.fromtimestamp(time.time() * HURRY, UTC),
            **options,
        )

    async def walked(
        self, cap_usd: Decimal | None = None, *, timing: Timing | None = None, **options: Any
    ) -> CampaignResult:
        """How every row ended, walked by a process of its own."""
        async with self.client() as client:
            spender = Spender(self.ledger(), TechniqueRoute(client), timing=timing)
            studio = Studio(client, self.store, spender=spender)
            try:
                budget = await self.budget(studio, cap_usd, **options)
                return await walk_plainly(studio, await self.plans(studio), campaign=self.name, budget=budget)
            finally:
                await studio.aclose()

    def books(self) -> Books:
        return self.sandbox.books()

    async def record(self) -> Record:
        link = await Chain(self.store, self.name).newest()
        assert link is not None
        return link.record

    def ledger(self) -> Ledger:
        return Ledger(self.store)


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the sandbox is set to; tests override it by parametrization."""
    return {}


@pytest.fixture
def sandbox(settings: dict[str, Any], tmp_path: Path) -> Iterator[SandboxServer]:
    with ExitStack() as stack:
        wanted = Settings(**{"duration_scale": 0, **settings})
        yield stack.enter_context(SandboxServer(tmp_path / "flora", wanted))


@pytest.fixture
def campaign(sandbox: SandboxServer, tmp_path: Path) -> Campaign:
    return Campaign(sandbox, FolderStore(tmp_path / "archive"))
