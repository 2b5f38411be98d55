"""A campaign with a gate on a sandbox: four headlines a row, of which people pick one or two; a film of each."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.campaigns.endings import CampaignResult, Ending, ending
from florist.campaigns.options import CampaignOptions
from florist.campaigns.picks import CampaignPicks, Pick, PickRefusedError, add_pick, read_picks
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.planning import Wanted, planned_campaign
from florist.campaigns.running import Stage, run_campaign
from florist.pipelines import parse_pipeline
from florist.stores.folder import FolderStore
from florist.stores.store import StoredObject
from florist.studio.studio import Studio
from tests.studio.conftest import connected

PIPELINE = """
name: funnel
params: {brief: {default: Spring}}
steps:
  head: {technique: headline-writer, variations: 4, gate: {pick: 1..2}, inputs: {brief: "${params.brief}"}}
  film: {technique: headline-writer, inputs: {brief: "A film of ${steps.head.output}"}}
"""
CENT = Decimal("0.01")
NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)

Meanwhile = Callable[[], Awaitable[None]]


class WatchedStore(FolderStore):
    """A folder where something happens right before, or after, a record of picks is created.

    Attributes:
        before, after: run once, at the next record that is created under `picks/`.
        dies_at: the number of writes after which each further one fails, as when power is cut; None: never.
    """

    before: Meanwhile | None = None
    after: Meanwhile | None = None
    dies_at: int | None = None
    writes = 0

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        self._count()
        if key.startswith("picks/") and self.before:
            meanwhile, self.before = self.before, None
            await meanwhile()
        created = await super().create(key, data, media_type=media_type)
        if key.startswith("picks/") and self.after:
            meanwhile, self.after = self.after, None
            await meanwhile()
        return created

    async def write(self, key: str, chunks: AsyncIterator[bytes], **options: Any) -> StoredObject:
        self._count()
        return await super().write(key, chunks, **options)

    def _count(self) -> None:
        self.writes += 1
        if self.dies_at is not None and self.writes > self.dies_at:
            raise PowerCut


class PowerCut(BaseException):
    """Nothing of ours catches this."""


@dataclass
class Funnel:
    """People at a campaign: one runs it, others pick."""

    sandbox: SandboxServer
    store: WatchedStore
    campaign: str
    rows: tuple[str, ...] = ("a", "b")
    text: str = PIPELINE
    briefs: dict[str, str] = field(default_factory=dict)
    refused: list[PickRefusedError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._charged_before = self._booked

    @property
    def wanted(self) -> Wanted:
        pipeline = parse_pipeline(self.text, file=Path("funnel.yaml"))
        rows = {row: {"brief": self.briefs.get(row, f"Spring {row}")} for row in self.rows}
        return Wanted(pipeline, {}, rows, campaign=self.campaign)

    async def plan(self) -> CampaignPlan:
        async with connected(self.sandbox) as client:
            return (await planned_campaign(client, self.store, self.wanted)).plan

    async def run(
        self,
        *,
        meanwhile: Meanwhile | None = None,
        only_plan: int | None = None,
        budget_usd: Decimal | None = None,
    ) -> CampaignResult:
        """Run it to its end; something may happen between its plan and its first request."""
        async with connected(self.sandbox) as client, Studio(client, self.store) as studio:
            options = CampaignOptions(budget_usd=budget_usd)
            return await run_campaign(
                studio, self.wanted, Interrupted(meanwhile), options=options, only_plan=only_plan
            )

    async def pick(self, row: str, cell: str, verdict: str = "picked", *, by: str = "ann", **more: object) -> Pick:
        pick = Pick.model_validate({"row": row, "cell": cell, "verdict": verdict, **more})
        return await add_pick(self.store, self.campaign, pick, by=by, at=NOW)

    async def picks(self) -> CampaignPicks:
        return await read_picks(self.store, self.campaign)

    @property
    def charged(self) -> int:
        """Runs that were charged, by the sandbox's books: each costs a cent."""
        return self._booked - self._charged_before

    @property
    def _booked(self) -> int:
        return int(self.sandbox.books().total.charged_usd / CENT)


class Interrupted(Stage):
    def __init__(self, meanwhile: Meanwhile | None) -> None:
        super().__init__(logging.getLogger("tests"))
        self._meanwhile = meanwhile

    async def show_plan(self, plan: CampaignPlan, notes: Sequence[str]) -> None:
        if self._meanwhile:
            await self._meanwhile()


def made(result: CampaignResult, step: str = "film") -> list[str]:
    """The cells of a step that are made, by their labels."""
    return [label for label, cell in result.made.items() if cell.step.startswith(step)]


def end_of(result: CampaignResult) -> Ending:
    return ending(result, min_success=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("flora"), Settings(duration_scale=0)) as opened:
        yield opened


@pytest.fixture
def funnel(server: SandboxServer, tmp_path: Path) -> Funnel:
    # The sandbox remembers idempotency keys, of which a campaign's name is a part.
    return Funnel(server, WatchedStore(tmp_path / "archive"), tmp_path.name)
